//! Failing operations under the whole storage.
//!
//! A script of writes runs while one kind of operation fails. What was
//! acknowledged must be read right then, or not at all; and be there after the
//! disk is healed and the storage opened again.

use super::restart::used;
use super::*;
use crate::fs::sim::{Fault, Op, Times};
use crate::{Compression, Error};
use std::io::ErrorKind;

/// What a key may hold: the last acknowledged value, or that of a later write
/// which failed and may have been made all the same.
type Allowed = BTreeMap<Vec<u8>, Vec<Option<Vec<u8>>>>;

const OPS: [Op; 13] = [
    Op::Create,
    Op::Open,
    Op::Write,
    Op::Extend,
    Op::WriteAt,
    Op::Sync,
    Op::SyncDir,
    Op::Rename,
    Op::Remove,
    Op::Link,
    Op::Read,
    Op::Map,
    Op::List,
];

/// Fails unless the error tells what failed.
fn check_error(error: &Error, fault: Fault) {
    let clear = matches!(error, Error::Io { .. } | Error::WritesFailed(_) | Error::Corrupt { .. });
    assert!(clear, "{fault:?}: {error:?}");
}

/// Writes, flushes and compacts under a fault, and looks at what is there.
fn run(fault: Fault) {
    let sim = Sim::new();
    let storage = open(&sim, small());
    let mut allowed = Allowed::new();
    let mut log_failed = false;
    for i in 0..240u32 {
        if i == 40 {
            sim.fail(fault);
        }
        let key = format!("key-{:02}", i * 7 % 50).into_bytes();
        let value = (i % 9 != 8).then(|| format!("{i}.").repeat(60).into_bytes());
        let durability = if i % 3 == 0 { Durability::Sync } else { Durability::Buffered };
        let done = match &value {
            Some(value) => storage.put_with(&key, value, 0, durability),
            None => storage.delete_with(&key, durability),
        };
        let values = allowed.entry(key).or_insert_with(|| vec![None]);
        match done {
            Ok(_) => {
                assert!(!log_failed, "{fault:?}: acknowledged after the log failed");
                *values = vec![value];
            }
            Err(error) => {
                check_error(&error, fault);
                log_failed |= matches!(error, Error::WritesFailed(_));
                values.push(value);
            }
        }
        let upkeep = match i % 60 {
            30 => storage.flush(),
            59 => storage.compact(),
            _ => Ok(()),
        };
        upkeep.unwrap_or_else(|error| check_error(&error, fault));
    }
    for (key, values) in &allowed {
        match storage.get_vec(key) {
            Ok(found) => assert!(values.contains(&found), "{fault:?}: a wrong value, live"),
            Err(error) => check_error(&error, fault),
        }
    }
    drop(storage);
    sim.heal();
    let again = try_open(&sim, small()).unwrap_or_else(|e| panic!("{fault:?}: {e}"));
    for (key, values) in &allowed {
        let found = again.get_vec(key).unwrap();
        assert!(values.contains(&found), "{fault:?}: a wrong value after the opening");
    }
}

fn run_all(nths: &[u64]) {
    for op in OPS {
        for &nth in nths {
            for error in [ErrorKind::Other, ErrorKind::StorageFull] {
                for (times, short) in
                    [(Times::Once, false), (Times::Always, false), (Times::Once, true)]
                {
                    run(Fault { op, nth, error, times, short });
                }
            }
        }
    }
}

#[test]
fn some_operations_fail() {
    run_all(&[1, 3]);
}

/// `cargo test --release -- --ignored many_operations_fail`.
#[test]
#[ignore = "takes minutes"]
fn many_operations_fail() {
    run_all(&(1..60).collect::<Vec<_>>());
}

/// A full disk refuses writes, and takes them again once there is room.
#[test]
fn room_on_a_full_disk_is_used_at_once() {
    let sim = Sim::new();
    // The log is full long before the write buffer: else, on a slow machine, writers would
    // be held back first, until a flush comes that succeeds.
    let storage = open(&sim, Options { write_buffer: 1 << 20, ..small() });
    storage.put_with(b"before", b"1", 0, Durability::Sync).unwrap();
    sim.set_space(Some(0));
    let big = vec![7; 8 << 10];
    let refused = (0..200u32).find_map(|i| storage.put(&i.to_be_bytes(), &big, 0).err());
    let Some(Error::Io { kind, .. }) = refused else { panic!("not refused: {refused:?}") };
    assert_eq!(kind, ErrorKind::StorageFull);
    assert_eq!(storage.get_vec(b"before").unwrap(), Some(b"1".to_vec()));
    sim.set_space(None);
    storage.put_with(b"after", b"2", 0, Durability::Sync).unwrap();
    drop(storage);
    let again = open(&sim, small());
    assert_eq!(again.get_vec(b"before").unwrap(), Some(b"1".to_vec()));
    assert_eq!(again.get_vec(b"after").unwrap(), Some(b"2".to_vec()));
}

/// The files that the log keeps to use them again give way to a flush.
#[test]
fn a_flush_gets_the_room_that_the_log_keeps() {
    let sim = Sim::new();
    let storage =
        open(&sim, Options { write_buffer: 4 << 20, compression: Compression::None, ..small() });
    let write = |keys: std::ops::Range<u32>| {
        for i in keys {
            storage.put(&i.to_be_bytes(), &[7; 4000], 0).unwrap();
        }
    };
    write(0..80);
    storage.flush().unwrap();
    sim.set_space(Some(used(&sim) + (16 << 10)));
    write(80..110);
    let is_flushed = || match storage.flush() {
        Ok(()) => true,
        Err(Error::Io { kind: ErrorKind::StorageFull, .. }) => false,
        Err(error) => panic!("{error}"),
    };
    assert!(!is_flushed(), "there was room enough");
    assert!(is_flushed(), "what was kept is not used");
    assert_eq!(contents(&storage).len(), 110);
}

#[test]
fn nothing_is_acknowledged_after_a_sync_failed() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    storage.put_with(b"before", b"1", 0, Durability::Sync).unwrap();
    sim.fail(Fault::next(Op::Sync, ErrorKind::Other));
    storage.put_with(b"failed", b"1", 0, Durability::Sync).unwrap_err();
    for level in [Durability::Sync, Durability::Buffered, Durability::Memory] {
        let refused = storage.put_with(b"after", b"1", 0, level);
        assert!(matches!(refused, Err(Error::WritesFailed(_))), "{level:?}: {refused:?}");
    }
    assert_eq!(storage.get_vec(b"before").unwrap(), Some(b"1".to_vec()));
}

/// Whoever comes upon the failure is told what those after it are told.
#[test]
fn the_sync_that_fails_says_that_no_more_writes_are_accepted() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    sim.fail(Fault::next(Op::Sync, ErrorKind::StorageFull));
    let failed = storage.put_with(b"k", b"1", 0, Durability::Sync);
    assert!(matches!(failed, Err(Error::WritesFailed(_))), "{failed:?}");
}

/// A close on a full disk cannot save what is in memory alone, and says so. The
/// directory is unlocked all the same.
#[test]
fn a_close_tells_what_it_cannot_save() {
    for level in [Durability::Memory, Durability::Sync] {
        let sim = Sim::new();
        let storage = open(&sim, small());
        storage.put_with(b"k", b"1", 0, level).unwrap();
        sim.set_space(Some(0));
        let closed = storage.close();
        let full = matches!(closed, Err(Error::Io { kind: ErrorKind::StorageFull, .. }));
        assert_eq!(full, level == Durability::Memory, "{level:?}: {closed:?}");
        assert_eq!(closed.is_err(), full, "{level:?}: {closed:?}");
        storage.close().unwrap();
        sim.set_space(None);
        open(&sim, small()).close().unwrap();
    }
}

#[test]
fn a_close_whose_sync_fails_tells_it() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    storage.put_with(b"k", b"1", 0, Durability::Buffered).unwrap();
    sim.fail(Fault::always(Op::Sync, ErrorKind::Other));
    let closed = storage.close();
    assert!(matches!(closed, Err(Error::Io { operation: "sync", .. })), "{closed:?}");
}

/// A failure of the log was told to everybody: a close tells it again only to whom
/// it may have cost something that was acknowledged.
#[test]
fn a_close_after_the_log_failed_tells_of_acknowledged_writes_alone() {
    for (level, lost) in
        [(Durability::Sync, false), (Durability::Buffered, true), (Durability::Memory, true)]
    {
        let sim = Sim::new();
        let storage = open(&sim, small());
        sim.fail(Fault::next(Op::Sync, ErrorKind::Other));
        // No sync of the background may come in between.
        let first = storage.put_with(b"first", b"1", 0, level);
        assert_eq!(first.is_ok(), lost, "{level:?}: {first:?}");
        storage.put_with(b"second", b"1", 0, Durability::Sync).unwrap_err();
        let closed = storage.close();
        assert_eq!(closed.is_err(), lost, "{level:?}: {closed:?}");
        assert!(!lost || matches!(closed, Err(Error::WritesFailed(_))), "{level:?}: {closed:?}");
    }
}

/// Whether a manifest was replaced is unknown. Nothing hangs on it.
#[test]
fn a_rename_that_may_have_happened_is_made_sure_of() {
    for op in [Op::Rename, Op::SyncDir] {
        for nth in 1..4 {
            let sim = Sim::new();
            let storage = open(&sim, small());
            storage.put(b"a", b"1", 0).unwrap();
            sim.fail(Fault { nth, ..Fault::next(op, ErrorKind::Other) });
            let first = storage.flush();
            sim.heal();
            storage.put(b"b", b"2", 0).unwrap();
            storage.flush().unwrap_or_else(|e| panic!("{op:?} {nth}: {e}, after {first:?}"));
            let again = open(&sim.after_kill(), small());
            assert_eq!(contents(&again).len(), 2, "{op:?} {nth}");
        }
    }
}

/// While no flush succeeds, memory fills up, and then writes are refused with the
/// reason. They are taken again once there is a way.
#[test]
fn memory_stays_bounded_while_flushes_fail() {
    let sim = Sim::new();
    let storage = open(&sim, Options { memory_limit: 1 << 20, ..small() });
    sim.fail(Fault::always(Op::Rename, ErrorKind::Other));
    let value = [3; 8000];
    let refused = (0..4_000u32).find_map(|i| storage.put(&i.to_be_bytes(), &value, 0).err());
    assert!(matches!(refused, Some(Error::Io { operation: "rename", .. })), "{refused:?}");
    let memory = storage.stats().memory_bytes;
    assert!(memory < 2 << 20, "{memory} bytes");
    sim.heal();
    let start = std::time::Instant::now();
    while let Err(error) = storage.put(b"after", b"1", 0) {
        assert!(start.elapsed().as_secs() < 20, "{error}");
    }
}

/// A write that is only in memory overwrites a synced one in the midst of a
/// flush. It is lost with the process, but the synced one is not.
#[test]
fn an_overwrite_during_a_flush_does_not_take_the_synced_value_along() {
    let sim = Sim::new();
    let storage = Arc::new(open(&sim, small()));
    for key in [b"a", b"b"] {
        storage.put_with(key, b"synced", 0, Durability::Sync).unwrap();
    }
    let writer = Arc::downgrade(&storage);
    // Without a record, so it is no I/O point itself.
    sim.observe(move |_, _| {
        if let Some(storage) = writer.upgrade() {
            storage.put_with(b"b", b"in memory", 0, Durability::Memory).unwrap();
        }
    });
    storage.flush().unwrap();
    sim.stop_observing();
    let again = open(&sim.after_kill(), small());
    assert_eq!(again.get_vec(b"a").unwrap(), Some(b"synced".to_vec()));
    assert!(again.get_vec(b"b").unwrap().is_some(), "the synced value is gone");
}
