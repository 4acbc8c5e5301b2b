//! What must hold while many threads use one storage. `MANTISDB_TEST_SCALE=small`
//! shortens the runs, for slow checkers.

mod common;

use common::scope;
use mantisdb_core::{PutIfAbsent, Range, Storage, WriteBatch};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

fn scale(n: usize) -> usize {
    if std::env::var("MANTISDB_TEST_SCALE").is_ok_and(|s| s == "small") { n / 20 } else { n }
}

fn key(i: usize) -> [u8; 8] {
    // Scattered, so that neighbours in number are not neighbours in order.
    (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()
}

/// Waits for the janitor.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Sets a flag when dropped, so that helpers stop also if the test fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn writers_of_distinct_keys_lose_nothing_while_the_index_grows() {
    let storage = Storage::open().unwrap();
    let per_thread = scale(100_000);
    scope(|s| {
        for t in 0..4 {
            let storage = &storage;
            s.spawn(move || {
                for i in 0..per_thread {
                    let k = key(t * per_thread + i);
                    storage.put(&k, &k, 0).unwrap();
                    assert_eq!(storage.get_vec(&k).unwrap().as_deref(), Some(&k[..]), "own write");
                }
            });
        }
    });
    let all = 4 * per_thread;
    for i in 0..all {
        assert_eq!(storage.get_vec(&key(i)).unwrap().as_deref(), Some(&key(i)[..]));
    }
    let mut last = None;
    let mut count = 0;
    storage
        .snapshot()
        .unwrap()
        .scan(&Range::default(), |entry| {
            assert!(last.as_deref().is_none_or(|l: &[u8]| l < entry.key));
            last = Some(entry.key.to_vec());
            count += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(count, all);
    assert_eq!(storage.stats().keys, all as u64);
}

/// Batches set a group of keys to one number; every reader must see one number.
#[test]
fn batches_are_seen_whole() {
    const GROUP: usize = 10;
    let storage = Storage::open().unwrap();
    let keys: Vec<_> = (0..GROUP).map(key).collect();
    let refs: Vec<&[u8]> = keys.iter().map(|k| &k[..]).collect();
    let write = |n: u64| {
        let mut batch = WriteBatch::new();
        for (i, k) in keys.iter().enumerate() {
            // Some rounds delete the whole group, so entries come and go.
            if n % 3 == 2 {
                batch.delete(k).unwrap();
            } else {
                batch.put(k, &vec![n as u8; 8 + i], 0).unwrap();
            }
        }
        storage.write(batch.packed()).unwrap();
    };
    write(0);
    let stop = AtomicBool::new(false);
    let next = AtomicU64::new(1);
    let seen = AtomicU64::new(0);
    let one = |values: &[Option<u8>]| {
        assert!(values.windows(2).all(|w| w[0] == w[1]), "torn batch: {values:?}");
        seen.fetch_add(1, SeqCst);
    };
    scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                while !stop.load(SeqCst) {
                    write(next.fetch_add(1, SeqCst));
                }
            });
        }
        s.spawn(|| {
            while !stop.load(SeqCst) {
                let mut got = Vec::new();
                storage
                    .multi_get(
                        &refs,
                        &mut got,
                        |got: &mut Vec<_>, _, v| got.push(v.map(|v| v.bytes[0])),
                        Vec::clear,
                    )
                    .unwrap();
                one(&got);
            }
        });
        s.spawn(|| {
            while !stop.load(SeqCst) {
                let snapshot = storage.snapshot().unwrap();
                let point: Vec<_> =
                    refs.iter().map(|k| snapshot.get(k, |v| v.bytes[0]).unwrap()).collect();
                one(&point);
                let mut scanned = Vec::new();
                let reverse = point[0].is_some_and(|n| n % 2 == 1);
                snapshot
                    .scan(&Range { reverse, ..Range::default() }, |entry| {
                        scanned.push(Some(entry.value[0]));
                        ControlFlow::Continue(())
                    })
                    .unwrap();
                one(&scanned);
                assert!(scanned.is_empty() || scanned.len() == GROUP);
                assert_eq!(scanned.first().copied().flatten(), point[0]);
            }
        });
        let _stop = StopOnDrop(&stop);
        thread::sleep(Duration::from_millis(scale(2000) as u64));
    });
    assert!(seen.load(SeqCst) > 20, "too few reads to mean anything");
}

/// Keys are written, read, and deleted over and over, so that entries are made
/// and reclaimed all the time. A thread alone on its keys sees its own writes.
#[test]
fn reclamation_takes_nothing_alive() {
    let storage = Storage::open().unwrap();
    let rounds = scale(300);
    scope(|s| {
        for t in 0..4usize {
            let storage = &storage;
            s.spawn(move || {
                for round in 0..rounds {
                    for i in 0..100 {
                        let k = key(i * 4 + t);
                        let v = (round as u64).to_be_bytes();
                        storage.put(&k, &v, 0).unwrap();
                        assert_eq!(storage.get_vec(&k).unwrap().as_deref(), Some(&v[..]));
                    }
                    for i in 0..100 {
                        let k = key(i * 4 + t);
                        storage.delete(&k).unwrap();
                        assert_eq!(storage.get_vec(&k).unwrap(), None);
                        if i % 3 == 0 {
                            let end = storage.put_if_absent(&k, b"again", 0).unwrap();
                            assert!(matches!(end, PutIfAbsent::Stored(_)));
                            assert!(storage.get_vec(&k).unwrap().is_some());
                        }
                    }
                }
                for i in 0..100 {
                    storage.delete(&key(i * 4 + t)).unwrap();
                }
            });
        }
    });
    eventually("all entries reclaimed", || {
        let stats = storage.stats();
        stats.keys == 0 && stats.memory_bytes < 200_000
    });
    let mut left = 0;
    storage
        .snapshot()
        .unwrap()
        .scan(&Range::default(), |_| {
            left += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn exactly_one_put_if_absent_wins() {
    let storage = Storage::open().unwrap();
    let keys = scale(4000);
    let barrier = Barrier::new(4);
    let winners = Mutex::new(vec![Vec::new(); keys]);
    scope(|s| {
        for t in 0..4u8 {
            let (storage, barrier, winners) = (&storage, &barrier, &winners);
            s.spawn(move || {
                barrier.wait();
                for i in 0..keys {
                    match storage.put_if_absent(&key(i), &[t], 0).unwrap() {
                        PutIfAbsent::Stored(_) => winners.lock().unwrap()[i].push(t),
                        PutIfAbsent::Exists => {
                            assert!(storage.get_vec(&key(i)).unwrap().is_some());
                        }
                    }
                }
            });
        }
    });
    for (i, won) in winners.into_inner().unwrap().into_iter().enumerate() {
        assert_eq!(won.len(), 1, "key {i}");
        assert_eq!(storage.get_vec(&key(i)).unwrap().as_deref(), Some(&won[..]));
    }
}

/// A lock made of put-if-absent and delete admits one thread at a time.
#[test]
fn put_if_absent_and_delete_exclude() {
    let storage = Storage::open().unwrap();
    let inside = AtomicU64::new(0);
    let entered = AtomicU64::new(0);
    scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..scale(20_000) {
                    if storage.put_if_absent(b"lock", b"mine", 0).unwrap() != PutIfAbsent::Exists {
                        assert_eq!(inside.fetch_add(1, SeqCst), 0, "two threads inside");
                        entered.fetch_add(1, SeqCst);
                        inside.fetch_sub(1, SeqCst);
                        storage.delete(b"lock").unwrap();
                    }
                }
            });
        }
    });
    assert!(entered.load(SeqCst) > 0);
}

#[test]
fn snapshots_stand_still_under_churn() {
    let storage = Storage::open().unwrap();
    let n = scale(2000);
    for i in 0..n {
        storage.put(&key(i), b"first", 0).unwrap();
    }
    let snapshot = storage.snapshot().unwrap();
    let stop = AtomicBool::new(false);
    scope(|s| {
        for t in 0..2 {
            let (storage, stop) = (&storage, &stop);
            s.spawn(move || {
                let mut i = t;
                while !stop.load(SeqCst) {
                    storage.put(&key(i % n), b"later", 0).unwrap();
                    storage.delete(&key((i + 7) % n)).unwrap();
                    storage.put(&key(n + i % n), b"new", 0).unwrap();
                    i += 2;
                }
            });
        }
        let _stop = StopOnDrop(&stop);
        for round in 0..scale(200) {
            let mut keys = HashSet::new();
            let range = Range { reverse: round % 2 == 0, ..Range::default() };
            snapshot
                .scan(&range, |entry| {
                    assert_eq!(entry.value, b"first");
                    assert!(keys.insert(entry.key.to_vec()), "seen twice");
                    ControlFlow::Continue(())
                })
                .unwrap();
            assert_eq!(keys.len(), n, "round {round}");
        }
    });
    drop(snapshot);
    for i in 0..2 * n {
        storage.delete(&key(i)).unwrap();
    }
    eventually("versions of the snapshot reclaimed", || storage.stats().memory_bytes < 200_000);
}

/// What one thread has seen or written, another that starts a read later sees.
#[test]
fn reads_never_go_back() {
    let storage = Storage::open().unwrap();
    storage.put(b"n", &0u64.to_be_bytes(), 0).unwrap();
    storage.put(b"m", &0u64.to_be_bytes(), 0).unwrap();
    let stop = AtomicBool::new(false);
    let number = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().unwrap());
    scope(|s| {
        s.spawn(|| {
            for i in 1.. {
                if stop.load(SeqCst) {
                    return;
                }
                // m is written before n: whoever sees n sees m.
                storage.put(b"m", &u64::to_be_bytes(i), 0).unwrap();
                storage.put(b"n", &u64::to_be_bytes(i), 0).unwrap();
            }
        });
        for _ in 0..2 {
            s.spawn(|| {
                let mut last = 0;
                while !stop.load(SeqCst) {
                    let n = storage.get(b"n", |v| number(v.bytes)).unwrap().unwrap();
                    let m = storage.get(b"m", |v| number(v.bytes)).unwrap().unwrap();
                    assert!(n >= last, "n went back from {last} to {n}");
                    assert!(m >= n, "saw n = {n}, then m = {m}");
                    last = n;
                }
            });
        }
        let _stop = StopOnDrop(&stop);
        thread::sleep(Duration::from_millis(scale(1000) as u64));
    });
}

#[test]
fn expired_entries_go_without_being_read() {
    let storage = Storage::open().unwrap();
    let n = scale(20_000);
    let soon = 300
        + std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()
            as u64;
    for i in 0..n {
        storage.put(&key(i), &[1; 100], soon).unwrap();
    }
    storage.put(b"stays", b"", 0).unwrap();
    eventually("all expired", || storage.stats().expired == n as u64);
    let stats = storage.stats();
    assert_eq!((stats.keys, stats.gets), (1, 0));
    assert!(stats.memory_bytes < 1_000_000, "{stats:?}");
}

/// Overwrites of one key by all threads leave one version.
#[test]
fn a_hot_key_does_not_grow() {
    let storage = Storage::open().unwrap();
    scope(|s| {
        for t in 0..4u8 {
            let storage = &storage;
            s.spawn(move || {
                for _ in 0..scale(50_000) {
                    storage.put(b"hot", &[t; 100], 0).unwrap();
                }
            });
        }
    });
    storage.put(b"hot", &[9; 100], 0).unwrap();
    let stats = storage.stats();
    assert_eq!(stats.keys, 1);
    assert!(stats.memory_bytes < 40_000, "{stats:?}");
}
