//! Sources that yield no version: no segment is made of them.

use super::*;

/// Repairs a directory of which nothing can be read.
fn nothing_found(fs: &Sim) -> Salvage {
    let (salvage, found) = repaired(fs);
    assert_eq!((found.len(), salvage.entries), (0, 0), "{salvage:?}");
    salvage
}

#[test]
fn a_directory_that_was_never_written_to() {
    let fs = Sim::new();
    drop(open(&fs, &old()));
    assert_eq!(findings(&fs, &old()), []);
    assert!(!nothing_found(&fs).has_losses());
}

#[test]
fn a_checkpoint() {
    let fs = Sim::new();
    let storage = open(&fs, Path::new("/source"));
    storage.put(&key(1), b"one", 0).unwrap();
    storage.checkpoint(&old()).unwrap();
    drop(storage);
    assert_eq!(findings(&fs, &old()), []);
    let (salvage, found) = repaired(&fs);
    assert_eq!(found, BTreeMap::from([(key(1), b"one".to_vec())]));
    assert!(!salvage.has_losses(), "{salvage:?}");
}

#[test]
fn no_log() {
    let (fs, _) = written();
    let names = fs.list(&old()).unwrap();
    for name in names.iter().filter(|name| name.ends_with(".log")) {
        fs.remove(&old().join(name)).unwrap();
    }
    let (_, found) = repaired(&fs);
    assert!(found.len() > KEYS as usize / 2, "{} found", found.len());
}

#[test]
fn a_segment_that_was_cut_to_its_header() {
    let (fs, _) = written();
    let cut = segments(&fs)[0].clone();
    let bytes = fs.read(&cut).unwrap();
    fs.put(&cut, &bytes[..32]).unwrap();
    let (salvage, found) = repaired(&fs);
    assert!(!found.is_empty());
    assert_eq!(salvage.lost_versions, u64::from(KEYS), "{salvage:?}");
    assert_eq!(salvage.lost_bytes, bytes.len() as u64 - 32, "{salvage:?}");
    assert!(salvage.lost_parts == 1 && salvage.lost_files == 0, "{salvage:?}");
}

#[test]
fn a_log_whose_one_record_is_damaged() {
    let fs = Sim::new();
    let storage = open(&fs, &old());
    storage.put(&key(1), b"one", 0).unwrap();
    drop(storage);
    let names = fs.list(&old()).unwrap();
    let log = names.iter().find(|name| name.ends_with(".log")).unwrap();
    fs.flip(&old().join(log), 64 + 30, 1).unwrap();
    let salvage = nothing_found(&fs);
    assert_eq!((salvage.lost_parts, salvage.lost_versions), (1, 1), "{salvage:?}");
}
