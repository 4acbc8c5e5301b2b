//! Checking and repairing directories that were damaged in one place.

mod crafted;
mod empty;
mod log;
mod losses;
mod names;

use super::{Salvage, repair};
use crate::check::{Finding, Severity, check};
use crate::fs::FileSystem;
use crate::fs::sim::Sim;
use crate::segment_store::segment_name;
use crate::storage::{Options, Storage};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const KEYS: u32 = 3000;

fn old() -> PathBuf {
    PathBuf::from("/old")
}

fn new() -> PathBuf {
    PathBuf::from("/new")
}

fn key(i: u32) -> Vec<u8> {
    format!("key/{i:05}").into_bytes()
}

fn open(fs: &Sim, dir: &Path) -> Storage {
    let options = Options { log_file_len: 1 << 20, ..Options::default() };
    Storage::open_on(Arc::new(fs.clone()), dir, options).unwrap()
}

/// A directory with segments and with a log behind them, and what it holds.
fn written() -> (Sim, BTreeMap<Vec<u8>, Vec<u8>>) {
    let fs = Sim::new();
    let storage = open(&fs, &old());
    let mut model = BTreeMap::new();
    let put = |i: u32, value: Vec<u8>, model: &mut BTreeMap<_, _>| {
        storage.put(&key(i), &value, 0).unwrap();
        model.insert(key(i), value);
    };
    for i in 0..KEYS {
        put(i, vec![i as u8; 50], &mut model);
    }
    storage.flush().unwrap();
    for i in (0..KEYS).step_by(7) {
        storage.delete(&key(i)).unwrap();
        model.remove(&key(i));
    }
    storage.flush().unwrap();
    for i in (0..KEYS).step_by(5) {
        put(i, vec![1; 20], &mut model);
    }
    drop(storage);
    (fs, model)
}

fn findings(fs: &Sim, dir: &Path) -> Vec<Finding> {
    let fs: Arc<dyn FileSystem> = Arc::new(fs.clone());
    let mut all = Vec::new();
    check(&fs, dir, &mut |finding| all.push(finding)).unwrap();
    all
}

fn damage(fs: &Sim, dir: &Path) -> Vec<Finding> {
    let mut all = findings(fs, dir);
    all.retain(|f| f.severity == Severity::Damage);
    all
}

/// Every file of the directory.
fn bytes(fs: &Sim, dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = fs.list(dir).unwrap();
    names.into_iter().map(|n| (n.clone(), fs.read(&dir.join(n)).unwrap())).collect()
}

/// The segments that the manifest names, if it is there and sound; a compaction
/// may have left others.
fn segments(fs: &Sim) -> Vec<PathBuf> {
    let mut names = fs.list(&old()).unwrap();
    names.retain(|n| n.ends_with(".seg"));
    if let Ok(Some(manifest)) = crate::manifest::load(fs, &old()) {
        let named: Vec<_> = manifest.segments().map(|(_, s)| segment_name(s.id)).collect();
        names.retain(|n| named.contains(n));
    }
    names.sort();
    names.into_iter().map(|n| old().join(n)).collect()
}

/// Repairs, and returns what the new directory holds.
fn repaired(fs: &Sim) -> (Salvage, BTreeMap<Vec<u8>, Vec<u8>>) {
    let before = bytes(fs, &old());
    let shared: Arc<dyn FileSystem> = Arc::new(fs.clone());
    let salvage = repair(&shared, &old(), &new()).unwrap();
    assert_eq!(bytes(fs, &old()), before, "the old directory was changed");
    assert_eq!(damage(fs, &new()), []);
    let storage = open(fs, &new());
    let found = (0..KEYS).filter_map(|i| Some((key(i), storage.get_vec(&key(i)).unwrap()?)));
    let found = found.collect();
    // It takes writes.
    storage.put(b"more", b"1", 0).unwrap();
    (salvage, found)
}

#[test]
fn a_sound_directory_is_found_sound_and_repaired_whole() {
    let (fs, model) = written();
    assert_eq!(findings(&fs, &old()), []);
    let (salvage, found) = repaired(&fs);
    assert_eq!(found, model);
    assert!(!salvage.has_losses() && salvage.notes.is_empty(), "{salvage:?}");
    assert_eq!(salvage.entries, model.len() as u64);
}

#[test]
fn a_damaged_block_costs_its_own_keys() {
    let (fs, model) = written();
    let damaged = segments(&fs)[0].clone();
    fs.flip(&damaged, 6000, 2).unwrap();
    let told = damage(&fs, &old());
    assert!(!told.is_empty());
    assert!(told.iter().all(|f| f.file == damaged.display().to_string()), "{told:?}");
    assert!(told.iter().any(|f| f.offset > 0 && f.offset <= 6000), "{told:?}");
    let (salvage, found) = repaired(&fs);
    assert_eq!((salvage.lost_parts, salvage.lost_files), (1, 0), "{salvage:?}");
    let lost = model.iter().filter(|(k, v)| found.get(*k) != Some(v)).count() as u64;
    assert!(lost > 0 && lost < 400, "{lost} lost");
    assert!(salvage.lost_versions >= lost && salvage.lost_versions < 400, "{salvage:?}");
}

#[test]
fn a_lost_manifest_costs_nothing_else() {
    let (fs, model) = written();
    fs.flip(&old().join("MANIFEST"), 40, 0).unwrap();
    assert_eq!(damage(&fs, &old()).len(), 1, "{:?}", damage(&fs, &old()));
    assert_eq!(repaired(&fs).1, model);

    let (fs, model) = written();
    fs.remove(&old().join("MANIFEST")).unwrap();
    assert!(damage(&fs, &old()).iter().any(|f| f.what.contains("missing manifest")));
    let (salvage, found) = repaired(&fs);
    assert_eq!(found, model);
    assert_eq!((salvage.lost_files, salvage.notes.len()), (1, 1), "{salvage:?}");
}

#[test]
fn a_missing_segment_is_named() {
    let (fs, _) = written();
    let missing = segments(&fs)[0].clone();
    fs.remove(&missing).unwrap();
    let told = damage(&fs, &old());
    assert_eq!((told.len(), &told[0].file), (1, &missing.display().to_string()));
    let (salvage, found) = repaired(&fs);
    assert_eq!(salvage.lost_files, 1, "{salvage:?}");
    assert!(!found.is_empty(), "the log's entries are lost");
}

#[test]
fn leftovers_are_told_from_damage() {
    let (fs, _) = written();
    fs.put(&old().join("00999999.seg"), b"half a segment").unwrap();
    fs.put(&old().join("MANIFEST.new"), b"half").unwrap();
    fs.put(&old().join("notes.txt"), b"?").unwrap();
    assert_eq!(damage(&fs, &old()), []);
    assert_eq!(findings(&fs, &old()).len(), 3);
}

#[test]
fn a_directory_in_use_is_not_written_to() {
    let (fs, _) = written();
    let shared: Arc<dyn FileSystem> = Arc::new(fs.clone());
    assert!(repair(&shared, &old(), &old()).is_err());
}
