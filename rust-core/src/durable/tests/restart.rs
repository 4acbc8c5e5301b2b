//! Closing, opening again, and what keeps two from the same directory.

use super::*;
use crate::Error;

fn key(i: u32) -> Vec<u8> {
    format!("key-{:08}", i.wrapping_mul(2_654_435_761)).into_bytes()
}

fn value(i: u32) -> Vec<u8> {
    format!("value-{i}-").repeat(5).into_bytes()
}

fn fill(storage: &Storage, range: std::ops::Range<u32>) {
    for i in range {
        storage.put(&key(i), &value(i), 0).unwrap();
    }
}

fn check(storage: &Storage, range: std::ops::Range<u32>) {
    for i in range {
        assert_eq!(storage.get_vec(&key(i)).unwrap(), Some(value(i)), "key {i}");
    }
}

#[test]
fn everything_is_there_again() {
    let sim = Sim::new();
    let mut last = 0;
    for round in 0..4 {
        let storage = open(&sim, small());
        assert_eq!(storage.stats().last_sequence, last);
        check(&storage, 0..round * 1000);
        fill(&storage, round * 1000..round * 1000 + 1000);
        storage.delete(&key(round * 1000)).unwrap();
        storage.put(&key(round * 1000), &value(round * 1000), 0).unwrap();
        assert_eq!(contents(&storage).len(), round as usize * 1000 + 1000);
        last = storage.stats().last_sequence;
    }
    assert_eq!(last, 4 * 1002);
}

#[test]
fn a_killed_process_loses_nothing_that_was_buffered() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    fill(&storage, 0..3000);
    let killed = sim.after_kill();
    let again = open(&killed, small());
    check(&again, 0..3000);
    assert_eq!(again.stats().torn_bytes, 0);
}

#[test]
fn a_clean_close_keeps_what_was_not_logged() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    storage.put_with(b"unlogged", b"1", 0, Durability::Memory).unwrap();
    storage.put_with(b"logged", b"2", 0, Durability::Sync).unwrap();
    drop(storage);
    let storage = open(&sim, small());
    assert_eq!(storage.get_vec(b"unlogged").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(storage.get_vec(b"logged").unwrap().as_deref(), Some(&b"2"[..]));
}

#[test]
fn sync_outlives_the_power() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    storage.put_with(b"synced", b"1", 0, Durability::Sync).unwrap();
    let lost = open(&sim.after_crash(1, crate::fs::sim::Mode::DropUnsynced), small());
    assert_eq!(lost.get_vec(b"synced").unwrap().as_deref(), Some(&b"1"[..]));
}

/// What was buffered is on disk; what is not in the log is left alone, and so costs nothing.
#[test]
fn a_sync_of_the_log_flushes_nothing() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    storage.put_with(b"buffered", b"1", 0, Durability::Buffered).unwrap();
    storage.put_with(b"unlogged", b"2", 0, Durability::Memory).unwrap();
    assert!(storage.sync_log().unwrap() >= 1);
    assert_eq!(storage.stats().flushes, 0);
    let lost = open(&sim.after_crash(1, crate::fs::sim::Mode::DropUnsynced), small());
    assert_eq!(lost.get_vec(b"buffered").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(lost.get_vec(b"unlogged").unwrap(), None);
}

#[test]
fn one_at_a_time() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    assert!(matches!(try_open(&sim, small()), Err(Error::Locked(_))));
    drop(storage);
    open(&sim, small());
}

#[test]
fn a_snapshot_outlives_flushes_and_evictions() {
    let sim = Sim::new();
    let options = Options { memory_limit: 256 << 10, ..small() };
    let storage = open(&sim, options);
    fill(&storage, 0..500);
    let snapshot = storage.snapshot().unwrap();
    for round in 0..4 {
        for i in 0..3000 {
            storage.put(&key(i), format!("other {round} {i}").as_bytes(), 0).unwrap();
        }
        storage.delete(&key(round)).unwrap();
        storage.compact().unwrap();
    }
    for i in 0..500 {
        let found = snapshot.get(&key(i), |v| v.bytes.to_vec()).unwrap();
        assert_eq!(found, Some(value(i)), "key {i}");
    }
    let mut count = 0;
    let each = |entry: crate::ScanEntry<'_>| {
        assert!(entry.value.starts_with(b"value-"));
        count += 1;
        ControlFlow::Continue(())
    };
    snapshot.scan(&Range::default(), each).unwrap();
    assert_eq!(count, 500);
}

#[test]
fn a_checkpoint_is_a_database() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    fill(&storage, 0..2000);
    storage.checkpoint(Path::new("/copy")).unwrap();
    fill(&storage, 2000..3000);
    let fs: Arc<dyn FileSystem> = Arc::new(sim.clone());
    let copy = Storage::open_on(fs, Path::new("/copy"), small()).unwrap();
    check(&copy, 0..2000);
    assert_eq!(contents(&copy).len(), 2000);
    copy.put(b"only here", b"1", 0).unwrap();
    assert_eq!(storage.get_vec(b"only here").unwrap(), None);
    check(&storage, 0..3000);
}

/// The bytes of all files.
pub(super) fn used(sim: &Sim) -> u64 {
    let names = sim.list(dir()).unwrap();
    names.iter().map(|name| sim.file_len(&dir().join(name)).unwrap()).sum()
}

/// Each opening begins a log file. They do not add up, whether the database is
/// closed or killed, or written to or not.
#[test]
fn openings_leave_no_log_files_behind() {
    for (closes, writes) in [(true, false), (true, true), (false, false), (false, true)] {
        let mut sim = Sim::new();
        let options = Options::default();
        let (mut files, mut bytes) = (0, 0);
        for round in 0..30 {
            let storage = open(&sim, options);
            if writes {
                storage.put(&key(round), b"1", 0).unwrap();
            }
            let start = std::time::Instant::now();
            while storage.core().durable.as_ref().unwrap().wal.files() > 10 {
                assert!(start.elapsed().as_secs() < 10, "{:?}", storage.stats());
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            if !closes {
                sim = sim.after_kill();
            }
            drop(storage);
            files = files.max(sim.list(dir()).unwrap().len());
            bytes = bytes.max(used(&sim));
        }
        assert!(files < 25, "closes {closes}, writes {writes}: {files} files");
        assert!(bytes < 32 << 20, "closes {closes}, writes {writes}: {bytes} bytes");
        if writes {
            assert_eq!(contents(&open(&sim, options)).len(), 30);
        }
    }
}

/// On a full disk a database can be opened and read, and deletions make room.
#[test]
fn opens_on_a_full_disk() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    for i in 0..50 {
        storage.put(&key(i), &[7; 4000], 0).unwrap();
    }
    drop(storage);
    // Room for the least that there is to a log, and some deletions in a segment.
    sim.set_space(Some(used(&sim) + (80 << 10)));
    let storage = open(&sim, small());
    assert_eq!(contents(&storage).len(), 50);
    for i in 0..50 {
        storage.delete(&key(i)).unwrap();
    }
    storage.flush().unwrap();
    drop(storage);
    assert_eq!(contents(&open(&sim, small())).len(), 0);
}

/// What is deleted leaves neither segments nor spare log files behind.
#[test]
fn compaction_gives_the_logs_space_back() {
    let sim = Sim::new();
    let storage = open(&sim, Options { memory_limit: 4 << 20, ..Options::default() });
    for i in 0..4000 {
        storage.put(&key(i), &[7; 2000], 0).unwrap();
    }
    for i in 0..4000 {
        storage.delete(&key(i)).unwrap();
    }
    storage.compact().unwrap();
    let stats = storage.stats();
    assert_eq!(stats.segment_bytes, 0);
    // The file that is written to, and one that is ready.
    assert!(stats.disk_bytes <= 4 << 20, "{} bytes", stats.disk_bytes);
}

/// A flush that a caller has begun goes on while another one closes. Whoever
/// opens the directory then must not find it at work.
#[test]
fn a_close_waits_for_a_flush_that_runs() {
    let sim = Sim::new();
    let storage = open(&sim, Options { write_buffer: 1 << 30, ..small() });
    for i in 0..50_000 {
        storage.put_with(&key(i), &value(i), 0, Durability::Memory).unwrap();
    }
    let core = Arc::clone(storage.core());
    let flush = std::thread::spawn(move || core.flush());
    std::thread::sleep(std::time::Duration::from_millis(5));
    storage.close().unwrap();
    let names = sim.list(dir()).unwrap();
    // It succeeded, or came too late and was refused.
    let flushed = flush.join().unwrap();
    assert!(matches!(flushed, Ok(()) | Err(crate::Error::Closed)), "{flushed:?}");
    assert_eq!(sim.list(dir()).unwrap(), names, "the flush went on after the close");
    let again = open(&sim, small());
    check(&again, 0..50_000);
}

/// Once a database is closed its directory may be another's, even one that was made anew
/// and has files of the same names.
#[test]
fn what_is_let_go_of_after_a_close_removes_no_file() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    fill(&storage, 0..1000);
    storage.compact().unwrap();
    let held = storage.core().durable.as_ref().unwrap().segments.current();
    fill(&storage, 0..1000);
    storage.compact().unwrap();
    storage.close().unwrap();
    let left = sim.list(dir()).unwrap();
    drop(storage);
    drop(held);
    assert_eq!(sim.list(dir()).unwrap(), left);
    drop(open(&sim, small()));
    assert!(sim.list(dir()).unwrap().len() < left.len(), "the held segment was never there");
}

/// What a snapshot has held is let go after it, also of entries that were
/// waiting for a flush meanwhile.
#[test]
fn superseded_versions_leave_memory() {
    let sim = Sim::new();
    let storage = open(&sim, Options::default());
    let large = vec![7u8; 1 << 20];
    let mut snapshots = Vec::new();
    for _ in 0..10 {
        storage.put_with(b"k", &large, 0, Durability::Buffered).unwrap();
        snapshots.push(storage.snapshot().unwrap());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    drop(snapshots);
    storage.flush().unwrap();
    let start = std::time::Instant::now();
    while storage.stats().memory_bytes > 2 << 20 {
        assert!(start.elapsed().as_secs() < 20, "{:?}", storage.stats());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn memory_stays_within_its_budget() {
    let sim = Sim::new();
    let options = Options { memory_limit: 1 << 20, ..small() };
    let storage = open(&sim, options);
    let mut most = 0;
    let t0 = std::time::Instant::now();
    for i in 0..60_000 {
        storage.put(&key(i), &value(i), 0).unwrap();
        if i % 1000 == 0 {
            most = most.max(storage.stats().memory_bytes);
            let st = storage.stats();
            let d = storage.core().durable.as_ref().unwrap();
            println!(
                "{:?} {i}: mem {} settled {} flushed {} evicted {} complete {} dirty {} stalled {}",
                t0.elapsed(),
                st.memory_bytes,
                d.settled(),
                d.segments.flushed(),
                st.evicted,
                d.is_complete(),
                st.dirty_bytes,
                st.stalled_nanos
            );
        }
    }
    assert!(most < 3 << 19, "{most} bytes at the most");
    storage.flush().unwrap();
    let start = std::time::Instant::now();
    while storage.stats().memory_bytes > 1 << 20 {
        assert!(start.elapsed().as_secs() < 10, "{:?}", storage.stats());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(storage.stats().evicted > 30_000);
    check(&storage, 0..60_000);
    assert_eq!(contents(&storage).len(), 60_000);
}
