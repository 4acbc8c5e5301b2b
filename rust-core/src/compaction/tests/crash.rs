//! Losing power at every I/O point.

use super::world::{History, World, check_no_leftovers, check_reads, dir, open};
use crate::compaction::Progress;
use crate::fs::sim::{Mode, Sim};
use parking_lot::Mutex;
use std::sync::Arc;

/// What must be found: the history, of which at least what was acknowledged.
#[derive(Default)]
struct Promise {
    history: History,
    acknowledged: u64,
    now_ms: u64,
}

fn check_after(fs: &Sim, promise: &Promise, what: &str) {
    let store = open(fs).unwrap_or_else(|e| panic!("{what}: {e}"));
    let flushed = store.flushed();
    assert!(flushed >= promise.acknowledged, "{what}: {flushed} < {}", promise.acknowledged);
    check_reads(&store.current(), &promise.history, flushed, promise.now_ms);
    check_no_leftovers(fs, &dir(), &store.current());
}

/// Flushes and compacts for a while, with overwrites, deletions and expiry.
fn run(world: &mut World, promise: &Mutex<Promise>) {
    for round in 0..7u32 {
        for i in 0..40 {
            let k = (i * 37 + round * 11) % 97;
            let key = format!("key/{k:03}");
            match i % 7 {
                0 => world.history.write(key.as_bytes(), None),
                1 => world.history.write(key.as_bytes(), Some((vec![1; 30], 1_500))),
                _ => world.history.write(key.as_bytes(), Some((vec![i as u8; 60], 0))),
            }
        }
        if round == 4 {
            world.history.delete_range(b"key/020", b"key/060");
        }
        world.now_ms += 150;
        {
            let mut promise = promise.lock();
            promise.history = world.history.clone();
            promise.now_ms = world.now_ms;
        }
        world.flush().unwrap();
        promise.lock().acknowledged = world.store.flushed();
        for _ in 0..3 {
            if world.round().unwrap() == Progress::Idle {
                break;
            }
        }
    }
}

#[test]
fn power_loss_leaves_the_old_or_the_new_state() {
    let mut world = World::new();
    let promise = Arc::new(Mutex::new(Promise::default()));
    let checks = Arc::new(Mutex::new(0));
    let (seen, counted) = (Arc::clone(&promise), Arc::clone(&checks));
    world.fs.observe(move |fs, point| {
        let promise = seen.lock();
        for mode in [Mode::DropUnsynced, Mode::KeepUnsynced, Mode::Random, Mode::Random] {
            let seed = point * 7 + u64::from(mode == Mode::Random) * *counted.lock();
            let found = fs.after_crash(seed, mode);
            check_after(&found, &promise, &format!("point {point}, {mode:?}, seed {seed}"));
            *counted.lock() += 1;
        }
        let killed = fs.after_kill();
        check_after(&killed, &promise, &format!("killed at point {point}"));
        // That has opened it, and removed what it took for not needed.
        for seed in 0..4 {
            let found = killed.after_crash(seed, Mode::Random);
            check_after(&found, &promise, &format!("killed at point {point}, then seed {seed}"));
        }
    });
    run(&mut world, &promise);
    world.fs.stop_observing();
    world.check();
    let stats = world.compactor.stats();
    assert!(stats.merges >= 2 && stats.moves + stats.drops >= 1, "too little happened: {stats:?}");
    assert!(*checks.lock() > 300, "{} checks", *checks.lock());
}

/// Opening a directory may be cut off as well.
#[test]
fn power_loss_while_opening() {
    let mut world = World::new();
    let promise = Mutex::new(Promise::default());
    run(&mut world, &promise);
    let (id, _, writer) = world.store.new_segment(0).unwrap();
    drop((id, writer));
    let left = world.fs.after_kill();
    let promise = Arc::new(promise);
    let seen = Arc::clone(&promise);
    left.observe(move |fs, point| {
        let found = fs.after_crash(point, Mode::Random);
        check_after(&found, &seen.lock(), &format!("opening, point {point}"));
    });
    // The observer takes the lock too.
    let store = open(&left).unwrap();
    left.stop_observing();
    drop(store);
    check_after(&left, &promise.lock(), "opened");
}
