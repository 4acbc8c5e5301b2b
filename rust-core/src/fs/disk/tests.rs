use super::*;
use crate::fs::Access;
use crate::fs::scratch::Scratch;

#[test]
fn a_file_is_written_and_read() {
    let dir = Scratch::new();
    let path = dir.join("file");
    let mut file = Disk.create(&path).unwrap();
    file.write(b"one, ").unwrap();
    file.write(b"two").unwrap();
    file.sync().unwrap();
    Disk.sync_dir(dir.path()).unwrap();
    assert_eq!(Disk.read(&path).unwrap(), b"one, two");
    let map = Disk.map(&path).unwrap();
    map.advise(Access::Random);
    Disk.remove(&path).unwrap();
    assert_eq!(&map[..], b"one, two", "a mapped file can be unlinked");
    assert!(!Disk.exists(&path).unwrap());
}

#[test]
fn an_empty_file_can_be_mapped() {
    let dir = Scratch::new();
    drop(Disk.create(&dir.join("file")).unwrap());
    assert!(Disk.map(&dir.join("file")).unwrap().is_empty());
    assert!(
        Disk.open_log(&dir.join("file"), 0, Blocks::Written, &mut |_| true).unwrap().is_empty()
    );
}

#[test]
fn errors_name_operation_and_path() {
    let dir = Scratch::new();
    drop(Disk.create(&dir.join("file")).unwrap());
    let Err(again) = Disk.create(&dir.join("file")) else { panic!("made twice") };
    let Error::Io { operation, path, kind, .. } = again else { panic!("{again}") };
    assert_eq!((operation, kind), ("create", io::ErrorKind::AlreadyExists));
    assert_eq!(path, dir.join("file").display().to_string());
    let missing = Disk.read(&dir.join("none")).unwrap_err();
    assert!(matches!(missing, Error::Io { kind: io::ErrorKind::NotFound, .. }));
}

#[test]
fn a_log_file_keeps_what_it_holds() {
    let dir = Scratch::new();
    let path = dir.join("log");
    let log = Disk.open_log(&path, 100_000, Blocks::Written, &mut |_| true).unwrap();
    assert_eq!(log.len(), 100_000);
    // SAFETY: within the file, and nobody else writes.
    unsafe { log.write_at(99_997, b"end") }.unwrap();
    log.sync(0).unwrap();
    drop(log);
    let log = Disk.open_log(&path, 200_000, Blocks::Written, &mut |_| true).unwrap();
    assert_eq!((log.len(), Disk.file_len(&path).unwrap()), (200_000, 200_000));
    let bytes = Disk.read(&path).unwrap();
    assert_eq!(&bytes[99_997..100_000], b"end");
    assert!(bytes[..99_997].iter().chain(&bytes[100_000..]).all(|&byte| byte == 0));
    assert_eq!(
        Disk.open_log(&path, 10, Blocks::Written, &mut |_| true).unwrap().len(),
        200_000,
        "it is never cut"
    );
}

#[test]
fn a_log_file_is_made_in_longer_pieces_once_it_is_wanted_soon() {
    const LONG: u64 = SOON_PIECE / LOG_PIECE;
    let dir = Scratch::new();
    let mut there = Vec::new();
    let mut between = |len| {
        there.push(len / LOG_PIECE);
        (2 * LOG_PIECE..3 * LOG_PIECE + SOON_PIECE).contains(&len)
    };
    let len = SOON_PIECE + 5 * LOG_PIECE - 1;
    let log = Disk.open_log(&dir.join("log"), len, Blocks::Written, &mut between).unwrap();
    assert_eq!(log.len(), len);
    assert_eq!(there, [1, 2, LONG + 2], "what is left is shorter than a long piece");
    assert!(Disk.read(&dir.join("log")).unwrap().iter().all(|&byte| byte == 0));
}

/// A file whose blocks are set aside is there at once, takes its room, and holds zeros.
#[test]
#[cfg(target_os = "linux")]
fn blocks_are_set_aside() {
    use std::os::unix::fs::MetadataExt;
    let dir = Scratch::new();
    let path = dir.join("log");
    let mut between = |len| panic!("it is not made in pieces: {len}");
    Disk.open_log(&path, 100_000, Blocks::Reserved, &mut between).unwrap();
    let log = Disk.open_log(&path, 8 << 20, Blocks::Reserved, &mut between).unwrap();
    assert_eq!(log.len(), 8 << 20);
    assert!(fs::metadata(&path).unwrap().blocks() * 512 >= 8 << 20);
    for (at, record) in [(100, &[1; 10][..]), (4096, &[2; LONG_RECORD])] {
        // SAFETY: within the file, and nobody else writes.
        unsafe { log.write_at(at, record) }.unwrap();
    }
    log.sync(4096).unwrap();
    let bytes = Disk.read(&path).unwrap();
    assert_eq!(
        (&bytes[100..110], &bytes[4096..4096 + LONG_RECORD]),
        (&[1; 10][..], &[2; LONG_RECORD][..])
    );
    assert_eq!(bytes.iter().filter(|&&byte| byte != 0).count(), 10 + LONG_RECORD);
}

/// What is let go of the map before a sync is still there, and can be written to.
#[test]
fn what_a_sync_lets_go_stays() {
    let dir = Scratch::new();
    let path = dir.join("log");
    let log = Disk.open_log(&path, 1 << 20, Blocks::Written, &mut |_| true).unwrap();
    let record = |i: u64| [(i % 251) as u8 + 1; 1000];
    for round in 0..2 {
        for i in 0..700 {
            // SAFETY: within the file, and nobody else writes.
            unsafe { log.write_at(i * 1000, &record(i + round)) }.unwrap();
            if i % 100 == 0 {
                log.sync((i + 1) * 1000).unwrap();
            }
        }
        log.sync(700_000).unwrap();
        let bytes = Disk.read(&path).unwrap();
        for (i, found) in bytes[..700_000].chunks(1000).enumerate() {
            assert_eq!(found, record(i as u64 + round));
        }
    }
}

/// What is full of a map is no memory of the process's any more, also without a sync, and
/// stays in the file.
#[test]
#[cfg(target_os = "linux")]
fn what_is_full_is_let_go() {
    let dir = Scratch::new();
    let path = dir.join("log");
    let log = Disk.open_log(&path, 8 * WINDOW, Blocks::Written, &mut |_| true).unwrap();
    let record = [7; 1000];
    for i in 0..8 * WINDOW / 1000 {
        // SAFETY: within the file, and nobody else writes.
        unsafe { log.write_at(i * 1000, &record) }.unwrap();
    }
    let resident = resident_bytes_of(&path);
    assert!(resident <= 2 * WINDOW, "{resident} bytes of the log count as the process's");
    let bytes = Disk.read(&path).unwrap();
    assert!(bytes[..8 * WINDOW as usize / 1000 * 1000].iter().all(|&byte| byte == 7));
}

/// How much of a file's map is resident.
#[cfg(target_os = "linux")]
fn resident_bytes_of(path: &Path) -> u64 {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let (_, of_path) = maps.split_once(path.to_str().unwrap()).expect("it is mapped");
    let rss = of_path.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap();
    rss.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

/// Long and short records go different ways into the same pages.
#[test]
fn long_records_lie_between_short_ones() {
    let dir = Scratch::new();
    let path = dir.join("log");
    let log = Disk.open_log(&path, 1 << 20, Blocks::Written, &mut |_| true).unwrap();
    let mut expected = Vec::new();
    for (i, len) in
        [10, LONG_RECORD, LONG_RECORD - 1, 7, 3 * LONG_RECORD, 1].into_iter().enumerate()
    {
        let record = vec![i as u8 + 1; len];
        // SAFETY: within the file, and nobody else writes.
        unsafe { log.write_at(expected.len() as u64, &record) }.unwrap();
        expected.extend_from_slice(&record);
        if i == 2 {
            log.sync(expected.len() as u64).unwrap();
        }
    }
    log.sync(expected.len() as u64).unwrap();
    assert_eq!(Disk.read(&path).unwrap()[..expected.len()], expected);
}

#[test]
fn two_locks_of_one_process_conflict() {
    let dir = Scratch::new();
    let lock = Disk.lock(&dir.join("LOCK")).unwrap();
    assert!(matches!(Disk.lock(&dir.join("LOCK")), Err(Error::Locked(_))));
    drop(lock);
    Disk.lock(&dir.join("LOCK")).unwrap();
}

#[test]
fn directories_are_made_with_their_parents() {
    let dir = Scratch::new();
    let deep = dir.join("a/b/c");
    Disk.create_dir_all(&deep).unwrap();
    Disk.create_dir_all(&deep).unwrap();
    drop(Disk.create(&deep.join("one")).unwrap());
    Disk.link(&deep.join("one"), &deep.join("two")).unwrap();
    Disk.rename(&deep.join("one"), &deep.join("three")).unwrap();
    let mut names = Disk.list(&deep).unwrap();
    names.sort();
    assert_eq!(names, ["three", "two"]);
    assert_eq!(Disk.list(&dir.join("a")).unwrap(), [""; 0], "a directory is not a file");
}

#[test]
fn what_is_no_file_is_named_apart() {
    let dir = Scratch::new();
    drop(Disk.create(&dir.join("file")).unwrap());
    fs::create_dir(dir.join("folder")).unwrap();
    std::os::unix::fs::symlink(dir.join("file"), dir.join("link")).unwrap();
    std::os::unix::fs::symlink(dir.join("none"), dir.join("nowhere")).unwrap();
    let mut others = Disk.list_others(dir.path()).unwrap();
    others.sort();
    assert_eq!(others, ["folder", "nowhere"]);
    let Err(error) = Disk.map(&dir.join("folder")) else { panic!("mapped a directory") };
    let error = error.to_string();
    assert!(error.contains("folder") && error.contains("not a file"), "{error}");
}
