//! What is told of names, and of segments without a manifest.

use super::*;

#[test]
fn without_a_manifest_every_segment_is_checked() {
    let (fs, _) = written();
    let segments = segments(&fs);
    fs.flip(&segments[0], 6000, 2).unwrap();
    fs.flip(&old().join("MANIFEST"), 40, 0).unwrap();
    let told = damage(&fs, &old());
    let files: Vec<_> = told.iter().map(|f| PathBuf::from(&f.file)).collect();
    assert_eq!(files, [old().join("MANIFEST"), segments[0].clone()], "{told:?}");
}

#[test]
fn what_is_no_file_is_told() {
    let (fs, model) = written();
    for name in ["notes", "lost+found", "00999999.seg"] {
        fs.create_dir_all(&old().join(name)).unwrap();
    }
    let told = findings(&fs, &old());
    let mut names: Vec<_> = told.iter().map(|f| f.file.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["/old/00999999.seg", "/old/notes"], "{told:?}");
    assert_eq!(damage(&fs, &old()), []);
    assert_eq!(repaired(&fs).1, model);
}

#[test]
fn a_segment_that_is_no_file_is_damage_and_named() {
    let (fs, _) = written();
    let segment = segments(&fs)[0].clone();
    fs.remove(&segment).unwrap();
    fs.create_dir_all(&segment).unwrap();
    let told = damage(&fs, &old());
    assert_eq!((told.len(), &told[0].file), (1, &segment.display().to_string()), "{told:?}");
    let (salvage, _) = repaired(&fs);
    assert_eq!((salvage.lost_files, salvage.lost_versions), (1, KEYS.into()), "{salvage:?}");
}
