//! A disk that is full or fails.

use super::world::{World, check_no_leftovers, dir};
use crate::compaction::Progress;
use crate::error::Error;
use crate::fs::sim::{Fault, Op, Times};
use std::io::ErrorKind;

fn flushed_five_times() -> World {
    let mut world = World::new();
    for round in 0..5u8 {
        fill(&mut world, round);
        world.flush().unwrap();
    }
    world
}

fn fill(world: &mut World, round: u8) {
    for k in 0..60 {
        world.history.write(format!("key/{k:03}").as_bytes(), Some((vec![round; 100], 0)));
    }
}

/// Flushes and compacts with a fault each time one later, until it does not
/// happen any more.
fn try_each(op: Op, error: ErrorKind, short: bool) {
    for nth in 1.. {
        let mut world = flushed_five_times();
        let fault = Fault { op, nth, error, times: Times::Once, short };
        world.fs.fail(fault);
        fill(&mut world, 99);
        let mut failed = 0;
        let before = world.store.flushed();
        let mut count = |result: Result<(), Error>| match result {
            Ok(()) => {}
            Err(Error::Io { .. }) => failed += 1,
            Err(other) => panic!("{op:?} {nth}: {other}"),
        };
        count(world.flush());
        count(world.round().map(drop));
        world.check();
        if failed == 0 {
            assert!(nth > 1, "no {op:?} at all");
            return;
        }
        world.fs.heal();
        assert!(world.store.flushed() >= before);
        world.now_ms += 60_000;
        world.flush().unwrap();
        world.settle();
        world.check();
        world.reopen();
        check_no_leftovers(&world.fs, &dir(), &world.store.current());
    }
}

#[test]
fn a_full_disk_changes_nothing() {
    try_each(Op::Write, ErrorKind::StorageFull, false);
    try_each(Op::Write, ErrorKind::StorageFull, true);
    try_each(Op::Create, ErrorKind::StorageFull, false);
}

#[test]
fn failed_syncs_change_nothing_or_end_all_changes() {
    try_each(Op::Sync, ErrorKind::Other, false);
    try_each(Op::SyncDir, ErrorKind::Other, false);
    try_each(Op::Rename, ErrorKind::Other, false);
}

#[test]
fn a_segment_that_cannot_be_mapped_is_not_installed() {
    try_each(Op::Map, ErrorKind::Other, false);
}

#[test]
fn compaction_waits_after_a_failure() {
    let world = flushed_five_times();
    world.fs.fail(Fault::always(Op::Write, ErrorKind::StorageFull));
    assert!(matches!(world.round(), Err(Error::Io { kind: ErrorKind::StorageFull, .. })));
    assert_eq!(world.round(), Ok(Progress::Idle), "tried again at once");
    world.check();
    check_no_leftovers(&world.fs, &dir(), &world.store.current());
}

/// What is dead elsewhere goes, though a damaged segment is dead as well.
#[test]
fn a_damaged_segment_does_not_hold_up_the_others() {
    let mut world = World::new();
    for i in 0..800 {
        let (key, expires_at) = (format!("key/{i:03}"), if i % 2 == 0 { 5_000 } else { 0 });
        world.history.write(key.as_bytes(), Some((vec![1; 100], expires_at)));
        if i % 20 == 19 {
            world.flush().unwrap();
        }
    }
    world.settle();
    let bytes = |world: &World| world.store.disk_bytes();
    let before = bytes(&world);
    let damaged = std::sync::Arc::clone(world.store.current().segments().next().unwrap().1);
    world.fs.flip(damaged.path(), 200, 3).unwrap();
    world.reopen();
    world.now_ms = 10_000;
    for _ in 0..100 {
        let _ = world.round();
    }
    assert!(bytes(&world) < before * 7 / 10, "{before} bytes, then {}", bytes(&world));
}

#[test]
fn a_damaged_segment_is_told_and_left_alone() {
    let mut world = flushed_five_times();
    let damaged = std::sync::Arc::clone(&world.store.current().level(0)[2]);
    let path = damaged.path().to_path_buf();
    // Within the first block.
    world.fs.flip(&path, 200, 3).unwrap();
    world.reopen();
    let told = (0..10).find_map(|_| world.round().err());
    match told {
        Some(Error::Corrupt { file, .. }) => assert_eq!(file, path.display().to_string()),
        other => panic!("{other:?}"),
    }
    // Older segments may be merged; this one is not read again for a while.
    for _ in 0..10 {
        assert!(world.round().is_ok());
    }
    assert!(world.store.current().level(0).iter().any(|s| s.path() == path));
}
