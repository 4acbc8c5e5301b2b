use super::*;

const DIR: &str = "/data";

fn disk() -> Sim {
    let sim = Sim::new();
    sim.create_dir_all(Path::new(DIR)).unwrap();
    sim
}

fn path(name: &str) -> PathBuf {
    Path::new(DIR).join(name)
}

fn write(sim: &Sim, name: &str, bytes: &[u8]) -> Box<dyn NewFile> {
    let mut file = sim.create(&path(name)).unwrap();
    file.write(bytes).unwrap();
    file
}

fn kind(error: Error) -> ErrorKind {
    let Error::Io { kind, .. } = error else { panic!("{error}") };
    kind
}

#[test]
fn only_what_is_synced_survives_the_loss_of_power() {
    let sim = disk();
    let mut file = write(&sim, "file", b"synced");
    file.sync().unwrap();
    let lost = sim.after_crash(1, Mode::DropUnsynced);
    assert!(!lost.exists(&path("file")).unwrap(), "its name was not synced");
    sim.sync_dir(Path::new(DIR)).unwrap();
    file.write(b", not synced").unwrap();
    let read = |sim: Sim| sim.read(&path("file")).unwrap();
    assert_eq!(read(sim.after_crash(1, Mode::DropUnsynced)), b"synced");
    assert_eq!(read(sim.after_crash(1, Mode::KeepUnsynced)), b"synced, not synced");
    assert_eq!(read(sim.after_kill()), b"synced, not synced");
    let killed = sim.after_kill().after_crash(1, Mode::DropUnsynced);
    assert_eq!(read(killed), b"synced", "a kill syncs nothing");
}

#[test]
fn sectors_are_kept_one_by_one() {
    let sim = disk();
    let mut file = write(&sim, "file", &[1; 4096]);
    sim.sync_dir(Path::new(DIR)).unwrap();
    file.write(&[2; 4096]).unwrap();
    let (mut kept, mut lost, mut torn) = (0, 0, 0);
    for seed in 0..100 {
        let found = sim.after_crash(seed, Mode::Random).read(&path("file")).unwrap();
        for sector in found.chunks(512) {
            match sector.iter().filter(|&&byte| byte != 0).count() {
                512 => kept += 1,
                0 => lost += 1,
                _ => torn += 1,
            }
        }
        assert_eq!(found, sim.after_crash(seed, Mode::Random).read(&path("file")).unwrap());
    }
    assert!(kept > 300 && lost > 300 && torn > 50, "{kept} {lost} {torn}");
}

#[test]
fn names_are_lost_and_renames_are_atomic() {
    let sim = disk();
    write(&sim, "old", b"old").sync().unwrap();
    sim.sync_dir(Path::new(DIR)).unwrap();
    write(&sim, "new", b"new").sync().unwrap();
    sim.rename(&path("new"), &path("old")).unwrap();
    let (mut old, mut new) = (0, 0);
    for seed in 0..100 {
        let found = sim.after_crash(seed, Mode::Random).read(&path("old")).unwrap();
        match &found[..] {
            b"old" => old += 1,
            b"new" => new += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(old > 10 && new > 10, "{old} {new}");
    sim.sync_dir(Path::new(DIR)).unwrap();
    let found = sim.after_crash(7, Mode::DropUnsynced);
    assert_eq!(found.list(Path::new(DIR)).unwrap(), ["old"]);
    assert_eq!(found.read(&path("old")).unwrap(), b"new");
}

#[test]
fn links_are_one_file() {
    let sim = disk();
    let mut file = write(&sim, "one", b"1");
    sim.link(&path("one"), &path("two")).unwrap();
    file.write(b"2").unwrap();
    sim.remove(&path("one")).unwrap();
    let found = sim.after_crash(1, Mode::KeepUnsynced);
    assert_eq!(found.list(Path::new(DIR)).unwrap(), ["two"]);
    assert_eq!(found.read(&path("two")).unwrap(), b"12");
}

#[test]
fn a_failed_sync_loses_what_it_should_have_kept() {
    let sim = disk();
    let log = sim.open_log(&path("log"), 1 << 16, Blocks::Written, &mut |_| true).unwrap();
    sim.sync_dir(Path::new(DIR)).unwrap();
    // SAFETY: within the file, and nobody else writes.
    unsafe { log.write_at(0, &[1; 1 << 16]) }.unwrap();
    sim.fail(Fault::next(Op::Sync, ErrorKind::Other));
    assert_eq!(kind(log.sync(0).unwrap_err()), ErrorKind::Other);
    assert_eq!(log.sync(0), Ok(()), "the next sync does not know");
    let found = sim.after_crash(1, Mode::KeepUnsynced).read(&path("log")).unwrap();
    let kept = found.iter().filter(|&&byte| byte == 1).count();
    assert!((1 << 13..(1 << 16) - (1 << 13)).contains(&kept), "{kept}");
}

#[test]
fn everything_fails_after_the_crash() {
    let sim = disk();
    let mut file = write(&sim, "file", b"1");
    sim.crash_after(sim.points() + 1);
    file.sync().unwrap();
    assert_eq!(kind(file.write(b"2").unwrap_err()), ErrorKind::Other);
    assert!(sim.read(&path("file")).is_err());
    assert!(sim.create(&path("other")).is_err());
    assert_eq!(sim.after_kill().read(&path("file")).unwrap(), b"1");
}

#[test]
fn writes_can_be_short_and_the_disk_full() {
    let sim = disk();
    let mut file = write(&sim, "file", b"");
    sim.fail(Fault { short: true, ..Fault::next(Op::Write, ErrorKind::Other) });
    assert_eq!(kind(file.write(b"1234").unwrap_err()), ErrorKind::Other);
    assert_eq!(sim.read(&path("file")).unwrap(), b"12");
    sim.set_space(Some(100));
    let Err(full) = sim.open_log(&path("log"), 200, Blocks::Written, &mut |_| true) else {
        panic!("there is no space")
    };
    assert_eq!(kind(full), ErrorKind::StorageFull);
    assert_eq!(sim.file_len(&path("log")).unwrap(), 0);
    sim.set_space(None);
    assert_eq!(sim.open_log(&path("log"), 200, Blocks::Written, &mut |_| true).unwrap().len(), 200);
}

#[test]
fn each_point_can_be_looked_at() {
    let sim = disk();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    sim.observe(move |sim, _| {
        let found = sim.after_crash(1, Mode::KeepUnsynced);
        sink.lock().push(found.read(&path("file")).map_or(0, |bytes| bytes.len()));
    });
    write(&sim, "file", b"12").write(b"3").unwrap();
    sim.stop_observing();
    sim.remove(&path("file")).unwrap();
    assert_eq!(*seen.lock(), [0, 0, 2]);
}

#[test]
fn a_lock_is_taken_once() {
    let sim = disk();
    let lock = sim.lock(&path("LOCK")).unwrap();
    assert!(matches!(sim.lock(&path("LOCK")), Err(Error::Locked(_))));
    sim.after_kill().lock(&path("LOCK")).unwrap();
    drop(lock);
    sim.lock(&path("LOCK")).unwrap();
}
