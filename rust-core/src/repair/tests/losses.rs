//! What is lost is counted, by what the manifest knows.

use super::*;

#[test]
fn of_a_missing_segment_all() {
    let (fs, _) = written();
    let file = segments(&fs)[0].clone();
    let len = fs.file_len(&file).unwrap();
    fs.remove(&file).unwrap();
    let (salvage, _) = repaired(&fs);
    assert_eq!(salvage.lost_versions, u64::from(KEYS), "{salvage:?}");
    assert_eq!((salvage.lost_bytes, salvage.lost_files), (len, 1), "{salvage:?}");
    assert!(salvage.has_losses());
}

#[test]
fn of_a_segment_that_was_cut_the_end() {
    let (fs, _) = written();
    let file = segments(&fs)[0].clone();
    let bytes = fs.read(&file).unwrap();
    let mut last = u64::MAX;
    for len in (0..bytes.len()).step_by(bytes.len() / 7) {
        let fs = fs.after_kill();
        fs.put(&file, &bytes[..len]).unwrap();
        let (salvage, _) = repaired(&fs);
        assert!(salvage.has_losses() && salvage.lost_versions <= last, "{salvage:?}");
        assert!(salvage.lost_bytes >= (bytes.len() - len) as u64, "{salvage:?}");
        last = salvage.lost_versions;
    }
    assert!(last < u64::from(KEYS) / 3, "{last}");
}

/// Without the manifest the segment itself says how much it had.
#[test]
fn without_the_manifest_too() {
    let (fs, _) = written();
    fs.remove(&old().join("MANIFEST")).unwrap();
    fs.flip(&segments(&fs)[0], 6000, 2).unwrap();
    let (salvage, _) = repaired(&fs);
    assert!(salvage.lost_versions > 0 && salvage.lost_versions < 400, "{salvage:?}");
    assert!(salvage.notes.iter().any(|note| note.contains("1 damaged part, ")), "{salvage:?}");
}
