//! Damage of the log costs what is damaged.

use super::*;
use crate::WriteBatch;

fn logs(fs: &Sim) -> Vec<PathBuf> {
    let mut names = fs.list(&old()).unwrap();
    names.retain(|name| name.ends_with(".log"));
    names.sort();
    names.into_iter().map(|name| old().join(name)).collect()
}

/// The newest log file that was begun: behind it there may be one that is ready.
fn newest(fs: &Sim) -> PathBuf {
    let is_begun = |path: &PathBuf| {
        let base = u64::from_str_radix(path.file_stem().unwrap().to_str().unwrap(), 16).unwrap();
        let bytes = fs.read(path).unwrap();
        bytes.starts_with(b"MANTISWL") && bytes[16..24] == base.to_le_bytes()
    };
    logs(fs).into_iter().rfind(is_begun).unwrap()
}

/// A directory that has all in several log files.
fn logged() -> (Sim, BTreeMap<Vec<u8>, Vec<u8>>) {
    let fs = Sim::new();
    let options = Options { log_file_len: 64 << 10, ..Options::default() };
    let storage = Storage::open_on(Arc::new(fs.clone()), &old(), options).unwrap();
    let mut model = BTreeMap::new();
    for i in 0..KEYS {
        storage.put(&key(i), &[i as u8; 50], 0).unwrap();
        model.insert(key(i), vec![i as u8; 50]);
    }
    drop(storage);
    assert!(logs(&fs).len() > 3);
    (fs, model)
}

/// How many keys are missing, or are not what they were.
fn missing(model: &BTreeMap<Vec<u8>, Vec<u8>>, found: &BTreeMap<Vec<u8>, Vec<u8>>) -> usize {
    model.iter().filter(|(k, v)| found.get(*k) != Some(v)).count()
}

#[test]
fn a_damaged_record_costs_itself() {
    for (offset, versions) in [(64 + 40, 1), (64 + 8, 0), (20_000, 0)] {
        let (fs, model) = written();
        let log = newest(&fs);
        fs.flip(&log, offset, 1).unwrap();
        assert_eq!(damage(&fs, &old()).len(), 1);
        let (salvage, found) = repaired(&fs);
        assert_eq!(missing(&model, &found), 1, "{offset}: {salvage:?}");
        assert_eq!((salvage.lost_parts, salvage.lost_files), (1, 0), "{offset}: {salvage:?}");
        assert!(salvage.lost_versions >= versions && salvage.lost_versions <= 1, "{salvage:?}");
        assert!(salvage.lost_bytes >= 28 && salvage.lost_bytes < 200, "{salvage:?}");
    }
}

#[test]
fn a_batch_is_lost_whole() {
    let fs = Sim::new();
    let storage = open(&fs, &old());
    let mut batch = WriteBatch::new();
    (0..3).for_each(|i| batch.put(&key(i), b"batch", 0).unwrap());
    storage.write(batch.packed()).unwrap();
    storage.put(&key(3), b"behind", 0).unwrap();
    drop(storage);
    // In the last one's value.
    fs.flip(&logs(&fs)[0], 64 + 28 + batch.packed().len() as u64 - 2, 0).unwrap();
    let (salvage, found) = repaired(&fs);
    assert_eq!(found, BTreeMap::from([(key(3), b"behind".to_vec())]));
    assert_eq!((salvage.lost_versions, salvage.lost_parts), (3, 1), "{salvage:?}");
}

#[test]
fn a_damaged_file_header_costs_no_record() {
    let (fs, model) = logged();
    for log in &logs(&fs)[..2] {
        fs.flip(log, 20, 3).unwrap();
    }
    let (salvage, found) = repaired(&fs);
    assert_eq!(found, model);
    assert!(!salvage.has_losses(), "{salvage:?}");
}

#[test]
fn a_missing_file_costs_its_records() {
    for (missing_file, is_first) in [(0, true), (1, false)] {
        let (fs, model) = logged();
        let file = logs(&fs)[missing_file].clone();
        let len = fs.file_len(&file).unwrap();
        fs.remove(&file).unwrap();
        let (salvage, found) = repaired(&fs);
        let lost = missing(&model, &found) as u64;
        assert!(lost > 100 && lost * 90 < len, "{lost} lost of {len} bytes");
        assert_eq!(salvage.lost_files, 1, "{salvage:?}");
        assert_eq!(salvage.lost_bytes == 0, is_first, "{salvage:?}");
        assert!(salvage.lost_bytes <= len && salvage.notes.len() == 1, "{salvage:?}");
    }
}

#[test]
fn a_file_that_was_cut_costs_its_end() {
    let (fs, model) = logged();
    let file = logs(&fs)[1].clone();
    let bytes = fs.read(&file).unwrap();
    fs.put(&file, &bytes[..30_001]).unwrap();
    let (salvage, found) = repaired(&fs);
    let lost = missing(&model, &found) as u64;
    assert!(lost > 100 && lost < 500, "{lost} lost");
    let cut = bytes.len() as u64 - 30_001;
    assert!(salvage.lost_bytes > cut - 200 && salvage.lost_bytes < cut + 200, "{salvage:?}");
}

/// What is in segments already is not lost with the log.
#[test]
fn damage_before_what_is_flushed_is_none() {
    let fs = Sim::new();
    let storage = open(&fs, &old());
    storage.put(&key(1), b"one", 0).unwrap();
    drop(storage);
    let log = logs(&fs)[0].clone();
    let bytes = fs.read(&log).unwrap();
    let storage = open(&fs, &old());
    storage.flush().unwrap();
    storage.put(&key(2), b"two", 0).unwrap();
    storage.put(&key(3), b"three", 0).unwrap();
    drop(storage);
    // The log file comes back, as a removal that was lost with the power.
    fs.put(&log, &bytes).unwrap();
    fs.flip(&log, 64 + 40, 1).unwrap();
    fs.flip(&newest(&fs), 64 + 40, 1).unwrap();
    let (salvage, found) = repaired(&fs);
    assert_eq!(found.keys().collect::<Vec<_>>(), [&key(1), &key(3)], "{salvage:?}");
    assert_eq!((salvage.lost_parts, salvage.lost_versions), (1, 1), "{salvage:?}");
}

#[test]
fn newest_files_that_are_missing_are_noticed() {
    let (fs, _) = written();
    // As if it had been released.
    fs.put(&newest(&fs).with_extension("spare"), &[0; 64]).unwrap();
    for log in logs(&fs) {
        fs.remove(&log).unwrap();
    }
    let told = damage(&fs, &old());
    assert!(told.len() == 1 && told[0].what.contains("newest log files are missing"), "{told:?}");
    let (salvage, _) = repaired(&fs);
    assert_eq!(salvage.lost_files, 1, "{salvage:?}");
}

/// What a deletion of a range in the log deletes does not come back.
#[test]
fn deleted_ranges_stay_deleted() {
    let (fs, mut model) = written();
    let storage = open(&fs, &old());
    let mut batch = WriteBatch::new();
    batch.delete_range(&key(100), Some(&key(200))).unwrap();
    storage.write(batch.packed()).unwrap();
    storage.put(&key(150), b"again", 0).unwrap();
    drop(storage);
    model.retain(|k, _| *k < key(100) || *k >= key(200));
    model.insert(key(150), b"again".to_vec());
    let (salvage, found) = repaired(&fs);
    assert!(found == model, "{} keys, not {}", found.len(), model.len());
    assert!(!salvage.has_losses(), "{salvage:?}");
}
