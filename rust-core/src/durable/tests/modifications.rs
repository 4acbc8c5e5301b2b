//! Modifications and transactions under eviction, expiry, faults and loss of power.

use super::*;
use crate::fs::sim::{Fault, Mode, Op, Times};
use crate::sync::scope;
use crate::test_scale::is_small;
use crate::{Error, Expected, Modification, WriteBatch};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};

/// The reads of a key and of a range, as [`crate::read_set`] has them.
pub(super) fn key_read(key: &[u8], sequence: u64, expires_at: u64) -> Vec<u8> {
    read(1, key, b"", [sequence, expires_at])
}

pub(super) fn range_read(start: &[u8], end: &[u8], expires_at: u64) -> Vec<u8> {
    read(2, start, end, [0, expires_at])
}

fn read(kind: u8, first: &[u8], second: &[u8], numbers: [u64; 2]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend((first.len() as u32).to_le_bytes());
    bytes.extend((second.len() as u32).to_le_bytes());
    numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
    [&bytes, first, second].concat()
}

pub(super) fn put_batch(key: &[u8], value: &[u8]) -> WriteBatch {
    let mut batch = WriteBatch::new();
    batch.put(key, value, 0).unwrap();
    batch
}

/// A scan that saw a value conflicts with its expiry, also if the janitor has taken
/// the entry since.
#[test]
fn a_range_conflicts_with_an_expiry_that_was_reclaimed() {
    let storage = Storage::open().unwrap();
    let now = storage.core().clock.now();
    storage.put(b"k", b"v", now + 3_600_000).unwrap();
    let snapshot = storage.snapshot().unwrap();
    let mut seen = 0;
    let each = |_: crate::ScanEntry<'_>| {
        seen += 1;
        ControlFlow::Continue(())
    };
    snapshot.scan(&Range::default(), each).unwrap();
    assert_eq!(seen, 1);
    storage.core().clock.step_to(now + 3_600_001);
    eventually("it is reclaimed", || storage.stats().expired == 1);
    let reads = range_read(b"a", b"z", now + 3_600_000);
    let done = snapshot.write_if(put_batch(b"out", b"1").packed(), &reads);
    assert_eq!(done, Err(Error::Conflict));
}

/// A storage that holds "old" under "k", in memory or in segments only.
pub(super) fn with_old(sim: &Sim, in_memory: bool, expires_at: u64) -> Storage {
    let options = Options { memory_limit: 1 << 20, ..small() };
    let storage = open(sim, options);
    storage.put(b"k", b"old", expires_at).unwrap();
    if in_memory {
        return storage;
    }
    storage.compact().unwrap();
    drop(storage);
    let storage = open(sim, options);
    assert!(storage.core().memtable.find(b"k", &crossbeam_epoch::pin()).is_none(), "in memory");
    storage
}

/// Holds up the turn of what `act` does while `meanwhile` runs.
pub(super) fn at_a_late_turn<R: Send>(
    storage: &Storage,
    act: impl FnOnce() -> R + Send,
    meanwhile: impl FnOnce(),
) -> R {
    let held = storage.core().begin(1, 0, Durability::Memory).unwrap();
    let reserved = storage.core().sequencer.reserved();
    scope(|scope| {
        let acting = scope.spawn(|_| act());
        eventually("it has its number", || storage.core().sequencer.reserved() > reserved);
        meanwhile();
        held.complete().unwrap();
        acting.join().unwrap()
    })
}

/// What has expired by the turn of a compare-and-swap is not the expected value.
#[test]
fn an_expiry_before_the_turn_counts() {
    let expiry = 3_600_000;
    let swap = Modification::CompareAndSwap(Expected::Value(b"old"), b"new", 0);
    let mut wrong = Vec::new();
    for in_memory in [true, false] {
        let sim = Sim::new();
        let now = crate::clock::Clock::new().now();
        let storage = with_old(&sim, in_memory, now + expiry);
        let end = at_a_late_turn(
            &storage,
            || storage.modify(b"k", &swap, |_| {}).unwrap(),
            || {
                storage.core().clock.step_to(now + expiry + 1);
                assert_eq!(storage.get_vec(b"k").unwrap(), None);
            },
        );
        if end.sequence != 0 {
            wrong.push(format!("in memory {in_memory}"));
        }
    }
    assert!(wrong.is_empty(), "a value was swapped that was gone: {wrong:?}");
}

/// The same of a transaction.
#[test]
fn an_expiry_before_the_turn_is_a_conflict() {
    let expiry = 3_600_000;
    let mut wrong = Vec::new();
    for (in_memory, ranged) in [(true, false), (true, true), (false, false), (false, true)] {
        let sim = Sim::new();
        let now = crate::clock::Clock::new().now();
        let storage = with_old(&sim, in_memory, now + expiry);
        let snapshot = storage.snapshot().unwrap();
        let sequence = snapshot.get(b"k", |value| value.sequence).unwrap().unwrap();
        let reads = match ranged {
            true => range_read(b"a", b"z", now + expiry),
            false => key_read(b"k", sequence, now + expiry),
        };
        let end = at_a_late_turn(
            &storage,
            || snapshot.write_if(put_batch(b"out", b"1").packed(), &reads),
            || storage.core().clock.step_to(now + expiry + 1),
        );
        if end != Err(Error::Conflict) {
            wrong.push(format!("in memory {in_memory}, ranged {ranged}: {end:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Writes other keys until one has left memory.
fn evict(storage: &Storage, key: &[u8]) {
    storage.flush().unwrap();
    for i in 0..100_000 {
        if storage.core().memtable.find(key, &crossbeam_epoch::pin()).is_none() {
            return;
        }
        storage.put(format!("z-filler-{i}").as_bytes(), &[7; 150], 0).unwrap();
    }
    panic!("{key:?} stays in memory");
}

/// What a transaction read and has left memory since is looked up in the segments.
#[test]
fn what_left_memory_is_looked_up() {
    for (changed, ranged) in [(false, false), (false, true), (true, false), (true, true)] {
        let sim = Sim::new();
        let storage = open(&sim, Options { memory_limit: 256 << 10, ..small() });
        storage.put(b"k", b"old", 0).unwrap();
        let snapshot = storage.snapshot().unwrap();
        let sequence = snapshot.get(b"k", |value| value.sequence).unwrap().unwrap();
        evict(&storage, b"k");
        if changed {
            storage.put(b"k", b"new", 0).unwrap();
            evict(&storage, b"k");
        }
        let reads = match ranged {
            true => range_read(b"a", b"m", 0),
            false => key_read(b"k", sequence, 0),
        };
        let end = snapshot.write_if(put_batch(b"out", b"1").packed(), &reads);
        assert_eq!(end == Err(Error::Conflict), changed, "ranged {ranged}: {end:?}");
        // The same of one key: what it has is what was written last.
        let end = storage.modify(b"k", &Modification::Append(b"er"), |_| {}).unwrap();
        let want: &[u8] = if changed { b"newer" } else { b"older" };
        assert_eq!(storage.get_vec(b"k").unwrap().as_deref(), Some(want));
        assert_eq!(end.number, 5);
    }
}

/// Counters that leave memory again and again lose no increment and no transfer.
#[test]
fn nothing_is_lost_to_eviction() {
    const KEYS: u32 = 300;
    let rounds = if is_small() { 8_000u32 } else { 40_000 };
    let sim = Sim::new();
    let storage = open(&sim, Options { memory_limit: 256 << 10, ..small() });
    let key = |i: u32| format!("n{:05}", i % KEYS).into_bytes();
    let stop = AtomicBool::new(false);
    let (sum, commits) = (AtomicI64::new(0), AtomicI64::new(0));
    scope(|scope| {
        let (storage, stop, sum) = (&storage, &stop, &sum);
        let commits = &commits;
        scope.spawn(move |_| {
            for i in 0..rounds {
                storage.put(format!("filler{:06}", i % 7000).as_bytes(), &[7; 150], 0).unwrap();
                if i % 9000 == 0 {
                    storage.compact().unwrap();
                }
            }
            stop.store(true, SeqCst);
        });
        for t in 0..2u32 {
            scope.spawn(move |_| {
                let mut i = t * 7919;
                while !stop.load(SeqCst) {
                    i = i.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let by = i64::from(i >> 20) - 100;
                    storage.modify(&key(i >> 8), &Modification::Increment(by), |_| {}).unwrap();
                    sum.fetch_add(by, SeqCst);
                    if i % 64 == 0 {
                        // Takes it out, and puts it back elsewhere.
                        let mut got = 0;
                        let before = |v: Option<crate::ValueRef<'_>>| {
                            got = v.map_or(0, |v| {
                                std::str::from_utf8(v.bytes).unwrap().parse().unwrap()
                            });
                        };
                        storage.modify(&key(i >> 9), &Modification::Take, before).unwrap();
                        let back = Modification::Increment(got);
                        storage.modify(&key(i >> 10), &back, |_| {}).unwrap();
                    }
                }
            });
        }
        // Transfers, checked by keys or by ranges.
        for t in 0..2u32 {
            scope.spawn(move |_| {
                let mut i = t * 104_729 + 5;
                while !stop.load(SeqCst) {
                    i = i.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let (from, to) = (key(i >> 8), key((i >> 8) + 1));
                    if from >= to {
                        continue;
                    }
                    let snapshot = storage.snapshot().unwrap();
                    let mut reads = Vec::new();
                    let mut batch = WriteBatch::new();
                    for (key, by) in [(&from, -5), (&to, 5)] {
                        let found = snapshot.get(key, |v| {
                            let n: i64 = std::str::from_utf8(v.bytes).unwrap().parse().unwrap();
                            (n, v.sequence)
                        });
                        let (n, sequence) = found.unwrap().unwrap_or((0, 0));
                        if t == 0 {
                            reads.extend(key_read(key, sequence, 0));
                        }
                        batch.put(key, (n + by).to_string().as_bytes(), 0).unwrap();
                    }
                    if t == 1 {
                        reads.extend(range_read(&from, &[&to[..], b"\0"].concat(), 0));
                    }
                    match snapshot.write_if(batch.packed(), &reads) {
                        Ok(_) => _ = commits.fetch_add(1, SeqCst),
                        Err(Error::Conflict) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    let count = |storage: &Storage| -> i64 {
        let all = contents(storage);
        let counters = all.iter().filter(|(key, _)| key.starts_with(b"n"));
        counters.map(|(_, n)| std::str::from_utf8(n).unwrap().parse::<i64>().unwrap()).sum()
    };
    assert!(storage.stats().evicted > 100 && commits.load(SeqCst) > 10);
    assert_eq!(count(&storage), sum.load(SeqCst));
    drop(storage);
    assert_eq!(count(&open(&sim, small())), sum.load(SeqCst));
}

/// As `faults::run`, by modifications and checked batches.
fn run(fault: Fault) {
    let sim = Sim::new();
    let options = Options { memory_limit: 256 << 10, ..small() };
    let storage = open(&sim, options);
    let mut allowed = std::collections::BTreeMap::<Vec<u8>, Vec<Option<Vec<u8>>>>::new();
    let mut log_failed = false;
    for i in 0..240u32 {
        if i == 40 {
            sim.fail(fault);
        }
        let key = format!("key-{:02}", i * 7 % 50).into_bytes();
        let value = format!("{i}.").repeat(60).into_bytes();
        let values = allowed.entry(key.clone()).or_insert_with(|| vec![None]);
        let (done, after): (Result<u64, Error>, Vec<Option<Vec<u8>>>) = match i % 4 {
            0 => {
                let done = storage.modify(&key, &Modification::Append(&value), |_| {});
                let longer = |v: &Option<Vec<u8>>| {
                    Some([v.clone().unwrap_or_default(), value.clone()].concat())
                };
                (done.map(|m| m.sequence), values.iter().map(longer).collect())
            }
            1 => {
                let done = storage.modify(&key, &Modification::Take, |_| {});
                (done.map(|m| m.sequence), vec![None])
            }
            2 => {
                let done = storage.modify(&key, &Modification::Exchange(&value, 0), |_| {});
                (done.map(|m| m.sequence), vec![Some(value.clone())])
            }
            _ => {
                let done = storage.snapshot().and_then(|snapshot| {
                    let sequence = snapshot.get(&key, |v| v.sequence)?.unwrap_or(0);
                    let reads = [key_read(&key, sequence, 0), range_read(&key, b"", 0)].concat();
                    snapshot.write_if(put_batch(&key, &value).packed(), &reads)
                });
                (done, vec![Some(value.clone())])
            }
        };
        match done {
            // Nothing was to be done.
            Ok(0) => *values = vec![None],
            Ok(_) => {
                assert!(!log_failed, "{fault:?}: acknowledged after the log failed");
                *values = after;
            }
            // A snapshot does not tell why it can not be opened.
            Err(Error::Poisoned) => assert!(log_failed && i % 4 == 3, "{fault:?}: no reason"),
            Err(Error::Conflict) => panic!("{fault:?}: a conflict with nobody"),
            Err(error) => {
                log_failed |= matches!(error, Error::WritesFailed(_));
                values.extend(after);
            }
        }
        let upkeep = match i % 60 {
            30 => storage.flush(),
            59 => storage.compact(),
            _ => Ok(()),
        };
        let _ = upkeep;
    }
    for (key, values) in &allowed {
        if let Ok(found) = storage.get_vec(key) {
            assert!(values.contains(&found), "{fault:?}: a wrong value, live");
        }
    }
    drop(storage);
    sim.heal();
    let again = try_open(&sim, options).unwrap_or_else(|e| panic!("{fault:?}: {e}"));
    for (key, values) in &allowed {
        let found = again.get_vec(key).unwrap();
        assert!(values.contains(&found), "{fault:?}: a wrong value after the opening");
    }
}

#[test]
fn modifications_under_faults() {
    let ops =
        [Op::Create, Op::Open, Op::Write, Op::Extend, Op::WriteAt, Op::Sync, Op::Read, Op::Map];
    for op in ops {
        for nth in [1, 3] {
            for error in [ErrorKind::Other, ErrorKind::StorageFull] {
                for times in [Times::Once, Times::Always] {
                    run(Fault { op, nth, error, times, short: false });
                }
            }
        }
    }
}

/// Many append to one value, whose records are often longer than their places, or
/// become records of nothing; the power goes at some points.
#[test]
fn appends_outlive_the_power() {
    use parking_lot::Mutex;
    let sim = Sim::new();
    let acknowledged = Arc::new([const { AtomicI64::new(0) }; 4]);
    let failures = Arc::new(Mutex::new(Vec::<String>::new()));
    let (acks, failed) = (Arc::clone(&acknowledged), Arc::clone(&failures));
    let judge = move |disk: &Sim, at_least: [i64; 4]| -> Result<(), String> {
        let storage = try_open(disk, small()).map_err(|e| format!("does not open: {e}"))?;
        let value = storage.get_vec(b"k").unwrap().unwrap_or_default();
        let text = String::from_utf8(value).map_err(|e| e.to_string())?;
        let mut next = [0; 4];
        for token in text.split_terminator(';') {
            let side = (token.as_bytes()[0] - b'a') as usize;
            let i = next[side];
            let want = format!("{}{i}.{}", char::from(b'a' + side as u8), "x".repeat(i % 90));
            if token != want {
                return Err(format!("{token} instead of {want}"));
            }
            next[side] += 1;
        }
        for side in 0..4 {
            if (next[side] as i64) < at_least[side] {
                return Err(format!("{} of {} tokens", next[side], at_least[side]));
            }
        }
        drop(storage);
        let mut findings = Vec::new();
        let fs: Arc<dyn FileSystem> = Arc::new(disk.clone());
        crate::check::check(&fs, dir(), &mut |finding| {
            if finding.severity == crate::check::Severity::Damage {
                findings.push(format!("{finding:?}"));
            }
        })
        .map_err(|e| e.to_string())?;
        if !findings.is_empty() {
            return Err(findings.join(", "));
        }
        Ok(())
    };
    sim.observe(move |sim, point| {
        if point % 13 == 0 {
            let at_least = std::array::from_fn(|i| acks[i].load(SeqCst));
            let mode = [Mode::Random, Mode::DropUnsynced, Mode::KeepUnsynced][point as usize % 3];
            if let Err(what) = judge(&sim.after_crash(point, mode), at_least) {
                failed.lock().push(format!("{point} {mode:?}: {what}"));
            }
        }
    });
    let storage = open(&sim, Options { durability: Durability::Sync, ..small() });
    scope(|scope| {
        for side in 0..4usize {
            let (storage, acknowledged) = (&storage, &acknowledged);
            scope.spawn(move |_| {
                for i in 0..150 {
                    let token =
                        format!("{}{i}.{};", char::from(b'a' + side as u8), "x".repeat(i % 90));
                    storage.modify(b"k", &Modification::Append(token.as_bytes()), |_| {}).unwrap();
                    acknowledged[side].store(i as i64 + 1, SeqCst);
                }
            });
        }
    });
    drop(storage);
    sim.stop_observing();
    let failures = failures.lock();
    assert!(failures.is_empty(), "{} failures: {}", failures.len(), failures[0]);
}
