//! What compaction makes of the levels.

use super::world::{World, check_no_leftovers, dir};
use crate::compaction::Progress;
use crate::manifest::LEVELS;

fn fill(world: &mut World, keys: impl Iterator<Item = u32>, len: usize, expires_at: u64) {
    for k in keys {
        let value = vec![k as u8; len];
        world.history.write(format!("key/{k:06}").as_bytes(), Some((value, expires_at)));
    }
    world.flush().unwrap();
}

fn bytes(world: &World) -> u64 {
    world.store.current().stats().iter().map(|level| level.bytes).sum()
}

/// Some permutation of the numbers below `n`, a power of two.
fn shuffled(round: u32, n: u32) -> impl Iterator<Item = u32> {
    (0..n).map(move |i| i.wrapping_mul(0x9E35).wrapping_add(round * 77) % n)
}

#[test]
fn levels_keep_to_their_sizes() {
    let mut world = World::new();
    for round in 0..40 {
        fill(&mut world, shuffled(round, 4096).take(64), 100, 0);
        while world.round().unwrap() != Progress::Idle {}
    }
    world.check();
    let stats = world.store.current().stats();
    assert!(stats[0].segments < 3, "{stats:?}");
    assert!(stats[LEVELS - 2].bytes > 0, "one level only: {stats:?}");
    assert!(stats[LEVELS - 1].bytes > 2 * stats[LEVELS - 2].bytes, "{stats:?}");
    assert_eq!(world.compactor.pressure(), 0.0);
}

#[test]
fn keys_in_order_are_moved_not_merged() {
    let mut world = World::new();
    for round in 0..40 {
        fill(&mut world, round * 50..round * 50 + 50, 60, 0);
        world.settle();
    }
    world.check();
    assert_eq!(world.compactor.stats().merges, 0, "{:?}", world.compactor.stats());
}

#[test]
fn overwrites_leave_no_waste() {
    let mut world = World::new();
    for _ in 0..30 {
        fill(&mut world, 0..200, 100, 0);
        world.settle();
    }
    assert!(bytes(&world) < 4 * 200 * 150, "{} bytes", bytes(&world));
    // Trees go once no guard of their time is left, those of other tests included.
    for _ in 0..2000 {
        if world.store.disk_bytes() == bytes(&world) {
            break;
        }
        world.store.reap();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(world.store.disk_bytes(), bytes(&world));
    check_no_leftovers(&world.fs, &dir(), &world.store.current());
}

#[test]
fn deleted_data_gives_its_space_back() {
    let mut world = World::new();
    fill(&mut world, 0..2000, 50, 0);
    world.settle();
    assert!(bytes(&world) > 100_000);
    for k in 0..2000 {
        world.history.write(format!("key/{k:06}").as_bytes(), None);
    }
    world.flush().unwrap();
    world.settle();
    assert_eq!(bytes(&world), 0, "{:?}", world.store.current().stats());
    assert!(world.store.current().is_empty());
}

/// A segment that holds nothing but a range tombstone may be moved to a level
/// above the data that it deletes, and is then not to be dropped as deleted by
/// itself.
#[test]
fn a_moved_range_tombstone_goes_on_deleting() {
    let mut world = World::new();
    fill(&mut world, 0..2000, 50, 0);
    world.settle();
    for from in (0..2000).step_by(100) {
        let (start, end) = (format!("key/{from:06}"), format!("key/{:06}", from + 10));
        world.history.delete_range(start.as_bytes(), end.as_bytes());
        world.flush().unwrap();
        world.settle();
        world.check();
    }
}

#[test]
fn a_deleted_range_is_dropped_unread() {
    let mut world = World::new();
    for from in [0, 500, 1000, 1500] {
        fill(&mut world, from..from + 500, 50, 0);
    }
    world.settle();
    world.snapshot();
    world.history.delete_range(b"key/", b"key0");
    world.flush().unwrap();
    world.settle();
    world.check();
    assert!(bytes(&world) > 100_000, "the snapshot needs it");
    world.snapshots.clear();
    let read = world.compactor.stats().read;
    world.settle();
    world.check();
    assert!(world.store.current().is_empty(), "{:?}", world.store.current().stats());
    assert!(world.compactor.stats().drops > 10);
    assert!(world.compactor.stats().read < read + 10_000, "read what it could drop");
}

#[test]
fn expired_data_gives_its_space_back() {
    let mut world = World::new();
    fill(&mut world, 0..1000, 50, 5_000);
    fill(&mut world, 1000..2000, 50, 0);
    // Mixed with what stays.
    fill(&mut world, (2000..3000).filter(|k| k % 2 == 0), 50, 6_000);
    fill(&mut world, (2000..3000).filter(|k| k % 2 == 1), 50, 0);
    world.settle();
    let before = bytes(&world);
    world.now_ms = 10_000;
    world.settle();
    world.check();
    let after = bytes(&world);
    assert!(after < before * 6 / 10, "{before} bytes, then {after}");
}

/// What counts is bytes, not versions.
#[test]
fn a_few_large_values_give_their_space_back() {
    let mut world = World::new();
    fill(&mut world, 0..100, 20, 0);
    fill(&mut world, 100..120, 20_000, 5_000);
    world.settle();
    assert!(bytes(&world) > 400_000);
    world.now_ms = 10_000;
    world.settle();
    assert!(bytes(&world) < 10_000, "{} bytes of expired values", bytes(&world));
    fill(&mut world, 200..210, 100_000, 0);
    world.settle();
    for k in 200..210 {
        world.history.write(format!("key/{k:06}").as_bytes(), None);
    }
    fill(&mut world, 300..315, 20, 0);
    world.settle();
    assert!(bytes(&world) < 20_000, "{} bytes of deleted values", bytes(&world));
    world.check();
}

/// Expired, superseded and deleted versions count together.
#[test]
fn all_kinds_of_dead_data_count_together() {
    let mut world = World::new();
    fill(&mut world, 0..300, 100, 0);
    fill(&mut world, (0..300).filter(|k| k % 7 == 1), 100, 5_000);
    world.snapshot();
    fill(&mut world, (0..300).filter(|k| k % 7 == 2), 100, 0);
    world.settle();
    let before = bytes(&world);
    world.snapshots.clear();
    world.now_ms = 10_000;
    world.settle();
    world.check();
    assert!(bytes(&world) < before * 8 / 10, "{before} bytes, then {}", bytes(&world));
}

#[test]
fn versions_of_a_closed_snapshot_give_their_space_back() {
    let mut world = World::new();
    fill(&mut world, 0..500, 100, 0);
    world.snapshot();
    fill(&mut world, 0..500, 100, 0);
    fill(&mut world, 0..500, 100, 0);
    fill(&mut world, 0..500, 100, 0);
    world.settle();
    world.check();
    let held = bytes(&world);
    world.snapshots.clear();
    world.settle();
    world.check();
    assert!(bytes(&world) < held * 6 / 10, "{held} bytes, then {}", bytes(&world));
}

#[test]
fn pressure_grows_with_level_0() {
    let mut world = World::new();
    let mut pressures = Vec::new();
    for round in 0..14 {
        fill(&mut world, shuffled(round, 256).take(64), 50, 0);
        pressures.push(world.compactor.pressure());
    }
    assert_eq!(pressures[5], 0.0, "{pressures:?}");
    assert!(pressures.is_sorted() && pressures[8] > 0.0, "{pressures:?}");
    assert!(pressures[8] < 1.0 && pressures[11] >= 1.0, "{pressures:?}");
}

#[test]
fn a_reader_keeps_its_segments() {
    let mut world = World::new();
    fill(&mut world, 0..500, 100, 0);
    let tree = world.store.current();
    let history = world.history.clone();
    for _ in 0..5 {
        fill(&mut world, 0..500, 100, 0);
    }
    world.settle();
    super::world::check_reads(&tree, &history, history.last, world.now_ms);
    drop(tree);
    // The last tree may still be behind the epoch.
    for _ in 0..1000 {
        world.store.reap();
    }
    check_no_leftovers(&world.fs, &dir(), &world.store.current());
}

#[test]
fn a_closed_compactor_does_nothing() {
    let mut world = World::new();
    for _ in 0..5 {
        fill(&mut world, 0..100, 100, 0);
    }
    world.compactor.close();
    assert_eq!(world.round(), Ok(Progress::Interrupted));
    world.check();
}

#[test]
fn a_checkpoint_stands_alone() {
    use crate::fs::FileSystem;
    let mut world = World::new();
    fill(&mut world, 0..500, 100, 0);
    fill(&mut world, 200..300, 10, 0);
    let target = std::path::PathBuf::from("/backup/today");
    let history = world.history.clone();
    assert_eq!(world.store.checkpoint(&target), Ok(history.last));
    fill(&mut world, 0..500, 50, 0);
    world.settle();
    let names = world.fs.list(&target).unwrap();
    assert!(names.contains(&"MANIFEST".to_string()), "{names:?}");
    let fs = std::sync::Arc::new(world.fs.after_crash(1, crate::fs::sim::Mode::DropUnsynced));
    let store = crate::segment_store::SegmentStore::open(fs, &target, Default::default()).unwrap();
    super::world::check_reads(&store.current(), &history, history.last, world.now_ms);
    assert!(world.store.checkpoint(&target).is_err(), "a database was overwritten");
}
