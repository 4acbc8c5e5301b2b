//! Loss of power at every I/O point of a run.
//!
//! One thread writes a script; flushes and compactions run beside it. Before
//! each I/O point the disk is copied as a loss of power would leave it, and a
//! storage is opened on the copy. What it holds must be what the first k writes
//! of the script leave, for a k that is no smaller than the number of writes
//! acknowledged as synced by then.

use super::*;
use crate::fs::sim::Mode;
use crate::{Modification, WriteBatch};
use parking_lot::Mutex;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

/// One write of the script.
type Write = Vec<Change>;

enum Change {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    DeleteRange(Vec<u8>, Vec<u8>),
}

impl Change {
    fn apply(&self, map: &mut Map) {
        match self {
            Self::Put(key, value) => drop(map.insert(key.clone(), value.clone())),
            Self::Delete(key) => drop(map.remove(key)),
            Self::DeleteRange(start, end) => map.retain(|key, _| key < start || key >= end),
        }
    }
}

/// What the script has done, and what was found at the I/O points.
struct Run {
    script: Vec<Write>,
    /// The sequence number of each write's last operation.
    sequences: Vec<u64>,
    /// How many writes of the script were acknowledged as synced.
    acknowledged: AtomicUsize,
    checked: AtomicU64,
    failures: Mutex<Vec<String>>,
}

fn script(rng: &mut TestRng, len: usize) -> Vec<Write> {
    let key = |rng: &mut TestRng| format!("key-{:03}", below(rng, 400)).into_bytes();
    let mut counted = 0;
    (0..len)
        .map(|i| {
            if below(rng, 10) == 0 {
                counted += 1;
                return vec![Change::Put(COUNTER.to_vec(), format!("{counted}").into_bytes())];
            }
            let count = if below(rng, 4) == 0 { 1 + below(rng, 20) } else { 1 };
            (0..count)
                .map(|j| {
                    let value = format!("{i}.{j}.").repeat(1 + below(rng, 30)).into_bytes();
                    match below(rng, 60) {
                        0 => {
                            let start = key(rng);
                            let end = [&start[..6], b"99"].concat();
                            Change::DeleteRange(start, end)
                        }
                        1..12 => Change::Delete(key(rng)),
                        _ => Change::Put(key(rng), value),
                    }
                })
                .collect()
        })
        .collect()
}

/// A number below `n`.
fn below(rng: &mut TestRng, n: u32) -> usize {
    (rng.next_u32() % n) as usize
}

impl Run {
    fn new(script: Vec<Write>) -> Self {
        let mut last = 0;
        let sequences = script
            .iter()
            .map(|write| {
                last += write.len() as u64;
                last
            })
            .collect();
        Self {
            script,
            sequences,
            acknowledged: AtomicUsize::new(0),
            checked: AtomicU64::new(0),
            failures: Mutex::default(),
        }
    }

    /// What the first writes leave.
    fn state_after(&self, writes: usize) -> Map {
        let mut map = Map::new();
        self.script[..writes].iter().flatten().for_each(|change| change.apply(&mut map));
        map
    }

    fn check(&self, sim: &Sim, point: u64, mode: Mode) {
        let acknowledged = self.acknowledged.load(SeqCst);
        let after = sim.after_crash(point, mode);
        self.checked.fetch_add(1, SeqCst);
        if let Err(what) = self.judge(&after, acknowledged) {
            self.failures.lock().push(format!("point {point}, {mode:?}: {what}"));
        }
    }

    /// The process is killed, and the power goes right after the next one has
    /// opened the directory.
    fn check_second(&self, sim: &Sim, point: u64) {
        let acknowledged = self.acknowledged.load(SeqCst);
        let killed = sim.after_kill();
        let judged = try_open(&killed, small())
            .map_err(|e| format!("does not open: {e}"))
            .map(|_storage| killed.after_crash(point, Mode::Random))
            .and_then(|after| self.judge(&after, acknowledged));
        self.checked.fetch_add(1, SeqCst);
        if let Err(what) = judged {
            self.failures.lock().push(format!("killed at point {point}, then power: {what}"));
        }
    }

    fn judge(&self, disk: &Sim, acknowledged: usize) -> Result<(), String> {
        let storage = try_open(disk, small()).map_err(|e| format!("does not open: {e}"))?;
        let last = storage.stats().last_sequence;
        let found = contents(&storage);
        let writes = match last {
            0 => 0,
            last => {
                1 + self
                    .sequences
                    .binary_search(&last)
                    .map_err(|_| format!("a batch is torn: the last sequence is {last}"))?
            }
        };
        if writes < acknowledged {
            return Err(format!("{acknowledged} writes were acknowledged, {writes} are there"));
        }
        if found != self.state_after(writes) {
            return Err(format!("another content than after {writes} writes"));
        }
        // It can be written to, and keeps that.
        storage.put_with(b"afterwards", b"1", 0, Durability::Sync).map_err(|e| e.to_string())?;
        drop(storage);
        let again = try_open(disk, small()).map_err(|e| format!("does not open again: {e}"))?;
        match contents(&again).len() == found.len() + 1 {
            true => Ok(()),
            false => Err("the second opening found something else".into()),
        }
    }
}

/// A number that is counted up: its records are shorter than their places.
const COUNTER: &[u8] = b"counter";

fn apply(storage: &Storage, write: &Write, durability: Durability) {
    if let [Change::Put(key, value)] = &write[..]
        && key == COUNTER
    {
        let by_one = Modification::Increment(1);
        let counted = storage.modify_with(COUNTER, &by_one, durability, |_| {}).unwrap();
        assert_eq!(counted.number.to_string().into_bytes(), *value);
        return;
    }
    let mut batch = WriteBatch::new();
    for change in write {
        match change {
            Change::Put(key, value) => batch.put(key, value, 0).unwrap(),
            Change::Delete(key) => batch.delete(key).unwrap(),
            Change::DeleteRange(start, end) => batch.delete_range(start, Some(end)).unwrap(),
        }
    }
    // What is never read does not conflict.
    let snapshot = storage.snapshot().unwrap();
    snapshot.write_if_with(batch.packed(), b"", durability).unwrap();
}

/// `every` so many I/O points are looked at.
fn lose_power(writes: usize, every: u64) {
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let run = Arc::new(Run::new(script(&mut rng, writes)));
    let sim = Sim::new();
    let observed = Arc::clone(&run);
    sim.observe(move |sim, point| {
        if point % every == 0 {
            match (point / every) % 5 {
                0 | 1 => observed.check(sim, point, Mode::Random),
                2 => observed.check(sim, point, Mode::DropUnsynced),
                3 => observed.check(sim, point, Mode::KeepUnsynced),
                _ => observed.check_second(sim, point),
            }
        }
    });
    let storage = open(&sim, small());
    for (i, write) in run.script.iter().enumerate() {
        let synced = i % 3 != 2;
        apply(&storage, write, if synced { Durability::Sync } else { Durability::Buffered });
        if synced {
            run.acknowledged.store(i + 1, SeqCst);
        }
        if i % 500 == 499 {
            storage.compact().unwrap();
        }
    }
    let stats = storage.stats();
    drop(storage);
    sim.stop_observing();
    let failures = run.failures.lock();
    assert!(failures.is_empty(), "{} failures, the first: {}", failures.len(), failures[0]);
    assert!(stats.flushes > 3 && stats.compactions > 0, "too little happened: {stats:?}");
    assert!(run.checked.load(SeqCst) > sim.points() / every / 2);
    println!("{} of {} I/O points; {stats:?}", run.checked.load(SeqCst), sim.points());
}

#[test]
fn at_some_points() {
    lose_power(1500, 25);
}

/// The whole of it: `cargo test --release -- --ignored at_every_point`.
#[test]
#[ignore = "takes minutes"]
fn at_every_point() {
    lose_power(3000, 1);
}
