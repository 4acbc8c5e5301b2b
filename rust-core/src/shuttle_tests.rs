//! Model tests: small scenarios of the lock-free parts, run under many thread
//! schedules that shuttle chooses. A failure prints the schedule to replay.

use crate::janitor::{Janitor, Rest};
use crate::storage::{Modification, PutIfAbsent, Snapshot, Storage, ValueRef};
use crate::{Error, Options, Range, Watch, WriteBatch};
use shuttle::thread;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Runs a scenario under random schedules, and under schedules with few
/// preemptions at chosen points, which find other faults.
pub(crate) fn explore(scenario: impl Fn() + Send + Sync + Copy + 'static) {
    let schedules = match std::env::var("MANTISDB_SHUTTLE_SCHEDULES") {
        Ok(n) => n.parse().expect("MANTISDB_SHUTTLE_SCHEDULES is a number"),
        Err(_) => 4000,
    };
    shuttle::check_random(scenario, schedules);
    shuttle::check_pct(scenario, schedules, 3);
}

fn open() -> (Arc<Storage>, Janitor) {
    let (storage, janitor) = Storage::open_stepped(Options::default()).expect("memory");
    (Arc::new(storage), janitor)
}

fn get(storage: &Storage, key: &[u8]) -> Option<Vec<u8>> {
    storage.get_vec(key).expect("a valid key")
}

fn put(storage: &Storage, key: &[u8], value: &[u8]) {
    storage.put(key, value, 0).expect("a valid write");
}

fn spawn(
    storage: &Arc<Storage>,
    body: impl FnOnce(&Storage) + Send + 'static,
) -> thread::JoinHandle<()> {
    let storage = Arc::clone(storage);
    thread::spawn(move || body(&storage))
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    for t in threads {
        t.join().expect("no panic");
    }
}

fn batch(pairs: &[(&[u8], &[u8])]) -> WriteBatch {
    let mut batch = WriteBatch::new();
    for (k, v) in pairs {
        batch.put(k, v, 0).expect("a valid write");
    }
    batch
}

/// Versions of one key, pushed in any order, end in the order of their
/// sequences, and one is left.
#[test]
fn the_newest_write_stays() {
    explore(|| {
        let (storage, mut janitor) = open();
        let writers = (0..3u8)
            .map(|t| {
                spawn(&storage, move |s| {
                    for _ in 0..2 {
                        put(s, b"k", &[t; 4]);
                        assert!(get(s, b"k").is_some());
                    }
                })
            })
            .collect();
        join(writers);
        let last = storage.get(b"k", |v| v.sequence).expect("valid").expect("written");
        assert_eq!(last, storage.stats().last_sequence);
        while janitor.round() != Rest::UntilWoken {}
        let one = storage.stats().memory_bytes;
        put(&storage, b"k", b"last");
        assert_eq!(storage.stats().memory_bytes, one, "more than one version is left");
    });
}

/// A snapshot sees one state, whatever is written and trimmed meanwhile.
#[test]
fn a_snapshot_keeps_its_versions() {
    explore(|| {
        let (storage, mut janitor) = open();
        put(&storage, b"a", b"0");
        let writer = spawn(&storage, |s| {
            for i in 1..4u8 {
                put(s, b"a", &[i]);
            }
        });
        let reader = spawn(&storage, |s| {
            for _ in 0..2 {
                let snapshot = s.snapshot().expect("open");
                let read = || snapshot.get(b"a", |v| v.bytes.to_vec()).expect("valid");
                let first = read();
                assert!(first.is_some());
                thread::yield_now();
                assert_eq!(read(), first);
            }
        });
        janitor.round();
        join(vec![writer, reader]);
        janitor.round();
        assert_eq!(get(&storage, b"a"), Some(vec![3]));
    });
}

/// A batch is seen whole or not at all, by snapshots and by reads of many keys,
/// while single writes come in between.
#[test]
fn a_batch_is_seen_whole() {
    explore(|| {
        let (storage, _janitor) = open();
        let batches = spawn(&storage, |s| {
            for v in [b"1", b"2"] {
                s.write(batch(&[(b"x", v), (b"y", v)]).packed()).expect("valid");
            }
        });
        let noise = spawn(&storage, |s| {
            put(s, b"z", b"1");
            put(s, b"z", b"2");
        });
        let many = spawn(&storage, |s| {
            for _ in 0..2 {
                let mut got = Vec::new();
                s.multi_get(
                    &[b"x", b"y"],
                    &mut got,
                    |got, _, v| got.push(v.map(|v| v.bytes.to_vec())),
                    Vec::clear,
                )
                .expect("valid");
                assert_eq!(got[0], got[1]);
            }
        });
        let scan = spawn(&storage, |s| {
            let mut got = Vec::new();
            s.snapshot()
                .expect("open")
                .scan(&Range::default(), |e| {
                    if e.key != b"z" {
                        got.push(e.value.to_vec());
                    }
                    ControlFlow::Continue(())
                })
                .unwrap();
            assert!(got.is_empty() || (got.len() == 2 && got[0] == got[1]), "{got:?}");
        });
        join(vec![batches, noise, many, scan]);
        assert_eq!(get(&storage, b"x"), Some(b"2".to_vec()));
    });
}

/// Entries are removed under the feet of writers and readers, and nothing alive
/// is lost.
#[test]
fn removal_loses_nothing() {
    explore(|| {
        let (storage, mut janitor) = open();
        let churn = spawn(&storage, |s| {
            for i in 0..3u8 {
                put(s, b"k", &[i]);
                assert_eq!(get(s, b"k"), Some(vec![i]), "own write");
                s.delete(b"k").expect("valid");
                assert_eq!(get(s, b"k"), None, "own delete");
            }
            put(s, b"k", b"end");
        });
        let neighbours = spawn(&storage, |s| {
            for key in [b"j", b"l", b"m"] {
                put(s, key, key);
                assert_eq!(get(s, key), Some(key.to_vec()));
            }
        });
        for _ in 0..4 {
            janitor.round();
        }
        join(vec![churn, neighbours]);
        while janitor.round() != Rest::UntilWoken {}
        let mut keys = Vec::new();
        storage
            .snapshot()
            .expect("open")
            .scan(&Range::default(), |e| {
                keys.push(e.key.to_vec());
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(keys, [b"j", b"k", b"l", b"m"]);
        assert_eq!(get(&storage, b"k"), Some(b"end".to_vec()));
    });
}

/// Of two conditional writes one wins; a delete in between lets the next one in.
#[test]
fn put_if_absent_is_atomic() {
    explore(|| {
        let (storage, mut janitor) = open();
        let wins = Arc::new(shuttle::sync::atomic::AtomicUsize::new(0));
        let contenders = (0..2u8)
            .map(|t| {
                let wins = Arc::clone(&wins);
                spawn(&storage, move |s| match s.put_if_absent(b"k", &[t], 0).expect("valid") {
                    PutIfAbsent::Stored(_) => {
                        assert_eq!(get(s, b"k"), Some(vec![t]));
                        wins.fetch_add(1, shuttle::sync::atomic::Ordering::SeqCst);
                    }
                    PutIfAbsent::Exists => assert!(get(s, b"k").is_some()),
                })
            })
            .chain([spawn(&storage, |s| put(s, b"other", b""))])
            .collect();
        janitor.round();
        join(contenders);
        assert_eq!(wins.load(shuttle::sync::atomic::Ordering::SeqCst), 1);
    });
}

/// What is counted up is counted, whether it is taken in between or not.
#[test]
fn increments_lose_nothing() {
    explore(|| {
        let (storage, mut janitor) = open();
        put(&storage, b"n", b"1");
        let taken = Arc::new(shuttle::sync::atomic::AtomicI64::new(0));
        let sum = Arc::clone(&taken);
        let number = |value: &[u8]| std::str::from_utf8(value).unwrap().parse::<i64>().unwrap();
        let threads = vec![
            spawn(&storage, |s| _ = s.modify(b"n", &Modification::Increment(1), |_| {}).unwrap()),
            spawn(&storage, |s| _ = s.modify(b"n", &Modification::Increment(1), |_| {}).unwrap()),
            spawn(&storage, move |s| {
                let mut before = 0;
                let look = |v: Option<ValueRef<'_>>| before = v.map_or(0, |v| number(v.bytes));
                s.modify(b"n", &Modification::Take, look).unwrap();
                sum.fetch_add(before, shuttle::sync::atomic::Ordering::SeqCst);
            }),
        ];
        janitor.round();
        join(threads);
        let left = get(&storage, b"n").map_or(0, |value| number(&value));
        assert_eq!(left + taken.load(shuttle::sync::atomic::Ordering::SeqCst), 3);
    });
}

/// The read of a key, as [`crate::read_set`] has it.
fn read_of(snapshot: &Snapshot, key: &[u8]) -> Vec<u8> {
    let sequence = snapshot.get(key, |value| value.sequence).expect("open").unwrap_or(0);
    let mut read = vec![1];
    read.extend_from_slice(&(key.len() as u32).to_le_bytes());
    read.extend_from_slice(&0u32.to_le_bytes());
    read.extend_from_slice(&sequence.to_le_bytes());
    read.extend_from_slice(&0u64.to_le_bytes());
    read.extend_from_slice(key);
    read
}

/// Two transactions that read both keys and delete one each do not both commit,
/// while the janitor removes what is dead and another writer makes it anew.
#[test]
fn transactions_do_not_skew() {
    explore(|| {
        let (storage, mut janitor) = open();
        put(&storage, b"x", b"");
        put(&storage, b"y", b"");
        let leave = |own: &'static [u8]| {
            move |s: &Storage| {
                let snapshot = s.snapshot().unwrap();
                let reads = [read_of(&snapshot, b"x"), read_of(&snapshot, b"y")].concat();
                let both = [&b"x"[..], b"y"];
                if both.iter().all(|key| snapshot.get(key, |_| ()).unwrap().is_some()) {
                    let mut batch = WriteBatch::new();
                    batch.delete(own).unwrap();
                    match snapshot.write_if(batch.packed(), &reads) {
                        Ok(_) | Err(Error::Conflict) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        };
        let threads = vec![
            spawn(&storage, leave(b"x")),
            spawn(&storage, leave(b"y")),
            spawn(&storage, |s| put(s, b"z", b"")),
        ];
        janitor.round();
        join(threads);
        assert!(get(&storage, b"x").is_some() || get(&storage, b"y").is_some());
    });
}

/// The hash index grows while keys are inserted and looked up (its first table
/// has 8 slots here), and while entries leave it.
#[test]
fn the_index_grows_under_load() {
    explore(|| {
        let (storage, mut janitor) = open();
        let writers = (0..2u8)
            .map(|t| {
                spawn(&storage, move |s| {
                    for i in 0..7u8 {
                        put(s, &[i, t], &[i]);
                        assert_eq!(get(s, &[i, t]), Some(vec![i]));
                        if i % 3 == 0 {
                            s.delete(&[i, t]).expect("valid");
                        }
                    }
                })
            })
            .collect();
        for _ in 0..6 {
            janitor.round();
        }
        join(writers);
        while janitor.round() != Rest::UntilWoken {}
        for i in 0..7u8 {
            for t in 0..2u8 {
                assert_eq!(get(&storage, &[i, t]), (i % 3 != 0).then(|| vec![i]));
            }
        }
    });
}

/// A write that has returned is in every scan that begins after it, while the
/// janitor puts entries in order.
#[test]
fn own_writes_are_scanned() {
    explore(|| {
        let (storage, mut janitor) = open();
        let writer = spawn(&storage, |s| {
            for key in [b"b", b"a"] {
                put(s, key, b"");
                let mut seen = false;
                s.snapshot()
                    .expect("open")
                    .scan(&Range::default(), |e| {
                        seen |= e.key == key;
                        ControlFlow::Continue(())
                    })
                    .unwrap();
                assert!(seen, "own write missing from a scan");
            }
        });
        janitor.round();
        janitor.round();
        join(vec![writer]);
    });
}

/// A delete and a put of one key at once end as their numbers say.
#[test]
fn deletes_keep_the_order() {
    explore(|| {
        let (storage, _janitor) = open();
        let numbers = Arc::new(shuttle::sync::Mutex::new((0, 0)));
        let n = Arc::clone(&numbers);
        let writer = spawn(&storage, move |s| {
            let sequence = s.put(b"k", b"v", 0).expect("valid");
            n.lock().expect("no panic").0 = sequence;
        });
        let n = Arc::clone(&numbers);
        let deleter = spawn(&storage, move |s| {
            let sequence = s.delete(b"k").expect("valid");
            n.lock().expect("no panic").1 = sequence;
        });
        join(vec![writer, deleter]);
        let (put, delete) = *numbers.lock().expect("no panic");
        assert_eq!(get(&storage, b"k").is_some(), put > delete, "put {put}, delete {delete}");
    });
}

/// Deletes of a key that is absent, or is written meanwhile, end as their numbers say,
/// whether they wait for their turn or not, and nothing is left of them.
#[test]
fn deletes_of_the_absent_keep_the_order() {
    explore(|| {
        let (storage, mut janitor) = open();
        let last_delete = Arc::new(shuttle::sync::atomic::AtomicU64::new(0));
        let deleters = (0..2).map(|_| {
            let last_delete = Arc::clone(&last_delete);
            spawn(&storage, move |s| {
                let sequence = s.delete(b"k").expect("valid");
                last_delete.fetch_max(sequence, shuttle::sync::atomic::Ordering::SeqCst);
                assert!(s.get(b"k", |v| v.sequence).expect("valid").is_none_or(|v| v > sequence));
            })
        });
        let mut threads: Vec<_> = deleters.collect();
        let last_put = Arc::new(shuttle::sync::atomic::AtomicU64::new(0));
        let put = Arc::clone(&last_put);
        threads.push(spawn(&storage, move |s| {
            let sequence = s.put(b"k", b"v", 0).expect("valid");
            put.store(sequence, shuttle::sync::atomic::Ordering::SeqCst);
        }));
        janitor.round();
        janitor.round();
        join(threads);
        let of = |number: &shuttle::sync::atomic::AtomicU64| {
            number.load(shuttle::sync::atomic::Ordering::SeqCst)
        };
        let is_there = of(&last_put) > of(&last_delete);
        assert_eq!(get(&storage, b"k").is_some(), is_there);
        while janitor.round() != Rest::UntilWoken {}
        assert_eq!(get(&storage, b"k").is_some(), is_there);
        assert_eq!(storage.stats().keys, u64::from(is_there));
        assert_eq!(storage.core().memtable.find(b"k", &crossbeam_epoch::pin()).is_some(), is_there);
    });
}

/// Readers see all keys of a deleted range or none, and a key that is written again
/// afterwards, while the janitor carries the deletion out.
#[test]
fn a_range_goes_at_once() {
    explore(|| {
        let (storage, mut janitor) = open();
        storage.write(batch(&[(b"a", b"1"), (b"b", b"1")]).packed()).expect("valid");
        let deleter = spawn(&storage, |s| {
            let mut both = batch(&[(b"a", b"never")]);
            both.delete_range(b"a", Some(b"c")).expect("valid");
            s.write(both.packed()).expect("valid");
            put(s, b"b", b"2");
        });
        let reader = spawn(&storage, |s| {
            for _ in 0..2 {
                let mut found = Vec::new();
                let each = |found: &mut Vec<_>, _, value: Option<ValueRef<'_>>| {
                    found.push(value.map(|v| v.bytes.to_vec()));
                };
                s.multi_get(&[b"a", b"b"], &mut found, each, Vec::clear).expect("valid");
                let snapshot = s.snapshot().expect("open");
                let mut scanned = vec![None, None];
                let visit = |e: crate::ScanEntry<'_>| {
                    scanned[usize::from(e.key == b"b")] = Some(e.value.to_vec());
                    ControlFlow::Continue(())
                };
                snapshot.scan(&Range::default(), visit).expect("valid");
                for seen in [found, scanned] {
                    let seen: Vec<_> = seen.iter().map(|v| v.as_deref()).collect();
                    let possible: [&[Option<&[u8]>]; 3] =
                        [&[Some(b"1"), Some(b"1")], &[None, None], &[None, Some(b"2")]];
                    assert!(possible.contains(&&seen[..]), "saw {seen:?}");
                }
                assert_ne!(get(s, b"a").as_deref(), Some(&b"never"[..]));
            }
        });
        for _ in 0..3 {
            janitor.round();
        }
        join(vec![deleter, reader]);
        assert_eq!((get(&storage, b"a"), get(&storage, b"b")), (None, Some(b"2".to_vec())));
        while janitor.round() != Rest::UntilWoken {}
        assert_eq!((get(&storage, b"a"), get(&storage, b"b")), (None, Some(b"2".to_vec())));
        assert_eq!(storage.stats().keys, 1);
    });
}

/// Gets the numbers of what a watch has to give.
fn numbers(watch: &mut Watch) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut poll = || {
        watch.poll(|change| {
            numbers.push(change.sequence);
            ControlFlow::Continue(())
        })
    };
    while poll().expect("nothing is gone") {}
    numbers
}

/// A watch that begins while others write, and while another one ends, gets each number
/// behind its beginning once and in order, and what a read finds beside it.
#[test]
fn a_watch_misses_nothing() {
    explore(|| {
        let (storage, _janitor) = open();
        put(&storage, b"k", b"0");
        let before = storage.watch(&Range::default(), 0).expect("open");
        let writers = (0..2u8).map(|t| spawn(&storage, move |s| put_twice(s, t)));
        let mut threads: Vec<_> = writers.collect();
        threads.push(thread::spawn(move || drop(before)));
        threads.push(spawn(&storage, |s| {
            let mut watch = s.watch(&Range::default(), 0).expect("open");
            let seen = s.snapshot().expect("open").sequence();
            let mut got = numbers(&mut watch);
            let wanted = (watch.from()..).take(got.len());
            assert!(got.iter().copied().eq(wanted), "{got:?} from {}", watch.from());
            assert!(watch.from() + got.len() as u64 > seen, "a read found more");
            while s.stats().last_sequence < 5 {
                thread::yield_now();
            }
            got.extend(numbers(&mut watch));
            assert!(got.into_iter().eq(watch.from()..=5));
        }));
        join(threads);
    });
}

fn put_twice(storage: &Storage, key: u8) {
    put(storage, &[key], b"1");
    put(storage, &[key], b"2");
}

/// An entry of a cache leaves while it is written and read: who reads it finds the newest
/// value or none, and what is counted is what is there.
#[test]
fn an_entry_leaves_under_load() {
    explore(|| {
        let options = Options { memory_limit: 1 << 20, ..Options::default() };
        let (storage, mut janitor) = Storage::open_stepped(options).expect("memory");
        let storage = Arc::new(storage);
        put(&storage, b"k", b"0");
        janitor.round();
        // Up to where entries are to leave, but short of where writers wait.
        let mut filling = 0..;
        for (len, until) in [(64 << 10, 860_000), (8 << 10, 955_000)] {
            while storage.stats().memory_bytes < until {
                put(&storage, &[filling.next().expect("endless")], &vec![0u8; len]);
            }
        }
        let writer = spawn(&storage, |s| {
            put(s, b"k", b"1");
            assert!(get(s, b"k").is_none_or(|v| v == b"1"));
            let counted = s.modify(b"n", &Modification::Increment(1), |_| {}).expect("a number");
            assert_eq!(counted.number, 1);
            s.delete(b"k").expect("a valid write");
            assert_eq!(get(s, b"k"), None);
            put(s, b"k", b"2");
        });
        let reader = spawn(&storage, |s| {
            let snapshot = s.snapshot().expect("open");
            let read = || snapshot.get(b"k", |v| v.bytes.to_vec()).expect("valid");
            let first = read();
            thread::yield_now();
            assert!(read().is_none_or(|again| Some(again) == first));
        });
        janitor.round();
        janitor.round();
        join(vec![writer, reader]);
        while matches!(janitor.round(), Rest::None) {}
        assert!(get(&storage, b"k").is_none_or(|v| v == b"2"));
        let stats = storage.stats();
        assert!(stats.evicted > 0, "nothing has left");
        let mut there = 0;
        let snapshot = storage.snapshot().expect("open");
        snapshot
            .scan(&Range::default(), |_| {
                there += 1;
                ControlFlow::Continue(())
            })
            .expect("a scan");
        assert_eq!(stats.keys, there);
    });
}
