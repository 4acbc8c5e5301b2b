//! The levels of durability among each other.

use super::*;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

#[test]
fn a_synced_deletion_does_not_rely_on_one_in_memory() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    storage.put_with(b"k", b"v", 0, Durability::Sync).unwrap();
    storage.delete_with(b"k", Durability::Memory).unwrap();
    storage.delete_with(b"k", Durability::Sync).unwrap();
    let again = open(&sim.after_kill(), small());
    assert_eq!(again.get_vec(b"k").unwrap(), None);
}

/// What was not logged is being flushed; a sync has to wait for that.
#[test]
fn sync_waits_for_a_flush_that_runs() {
    const N: u32 = 50_000;
    let sim = Sim::new();
    let storage = open(&sim, Options { write_buffer: 1 << 30, ..small() });
    for i in 0..N {
        storage.put_with(&i.to_be_bytes(), &[7; 100], 0, Durability::Memory).unwrap();
    }
    crate::sync::scope(|scope| {
        scope.spawn(|_| storage.flush().unwrap());
        std::thread::sleep(Duration::from_millis(5));
        storage.sync().unwrap();
        let after = open(&sim.after_kill(), small());
        let found = (0..N).filter(|i| after.get_vec(&i.to_be_bytes()).unwrap().is_some());
        assert_eq!(found.count(), N as usize, "acknowledged by a sync, lost by a kill");
    });
}

/// Writes that are not logged come in between the steps of a flush.
#[test]
fn sync_leaves_no_unlogged_write_out() {
    const ROUNDS: u64 = 2_000;
    let sim = Sim::new();
    let storage = open(&sim, small());
    let (begun, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let wait_for = |turn: &AtomicU64, round| {
        while turn.load(SeqCst) < round {
            std::thread::yield_now();
        }
    };
    crate::sync::scope(|scope| {
        scope.spawn(|_| {
            for round in 1..=ROUNDS {
                wait_for(&begun, round);
                storage.flush().unwrap();
                done.store(round, SeqCst);
            }
        });
        for round in 1..=ROUNDS {
            storage.put_with(b"before", b"v", 0, Durability::Memory).unwrap();
            begun.store(round, SeqCst);
            for _ in 0..(round * 7919) % 1500 {
                std::hint::spin_loop();
            }
            storage.put_with(b"k", b"v", 0, Durability::Memory).unwrap();
            wait_for(&done, round);
            storage.sync().unwrap();
            let flushed = storage.stats().flushed_bytes;
            storage.flush().unwrap();
            assert_eq!(storage.stats().flushed_bytes, flushed, "round {round}: left out");
        }
    });
}
