//! Model tests: what readers, writers and the mover of entries do at once, under many
//! schedules.

use super::{CacheOptions, LockFreeCache, PutOptions};
use crate::shuttle_tests::explore;
use crossbeam_epoch as epoch;
use shuttle::thread;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A few of these fill the smallest cache.
const HEAVY: usize = 70_000;

fn open() -> Arc<LockFreeCache> {
    let options = CacheOptions { budget: super::MIN_BUDGET, ..CacheOptions::default() };
    Arc::new(LockFreeCache::open_still(options).expect("memory"))
}

fn put(cache: &LockFreeCache, key: u8, len: usize) {
    cache.put(&[key], &vec![key; len], PutOptions::default()).expect("there is room");
}

/// Looks a key up, and checks that what is found is its own and whole.
fn is_there(cache: &LockFreeCache, key: u8) -> bool {
    cache.get(&[key], |hit| assert!(hit.value.iter().all(|&byte| byte == key))).is_some()
}

fn spawn(
    cache: &Arc<LockFreeCache>,
    body: impl FnOnce(&LockFreeCache) + Send + 'static,
) -> thread::JoinHandle<()> {
    let cache = Arc::clone(cache);
    thread::spawn(move || body(&cache))
}

fn join(threads: impl IntoIterator<Item = thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
}

/// What all must agree on once nothing happens any more.
fn check(cache: &LockFreeCache, keys: impl Iterator<Item = u8>) {
    let there = keys.filter(|&key| is_there(cache, key)).count() as u64;
    let stats = cache.stats();
    assert_eq!(stats.entries, there);
    let content: u64 = cache.cache.shards.iter().map(|shard| shard.weight()).sum();
    // What is retired may be freed meanwhile, by the thread of another test.
    let adds_up = || {
        let stats = cache.stats();
        stats.used_bytes == content + stats.retired_bytes + stats.table_bytes
    };
    assert!((0..1000).any(|_| adds_up()), "{:?}", cache.stats());
    assert!(content <= cache.cache.memory.room());
}

/// Readers find a value or none while entries evict each other.
#[test]
fn a_hit_is_right_while_entries_are_evicted() {
    explore(|| {
        let cache = open();
        put(&cache, 0, HEAVY);
        let writers = [1u8, 2].map(|t| {
            spawn(&cache, move |cache| {
                put(cache, t, HEAVY);
                put(cache, t + 2, HEAVY);
            })
        });
        let reader = spawn(&cache, |cache| {
            (0..5).for_each(|key| _ = is_there(cache, key));
        });
        join(writers.into_iter().chain([reader]));
        check(&cache, 0..5);
    });
}

/// A key that is there stays there while its value is replaced, while its block is moved,
/// and while the index grows.
#[test]
fn what_is_there_is_found() {
    explore(|| {
        let cache = open();
        put(&cache, 9, 1);
        let threads = [
            spawn(&cache, |cache| {
                put(cache, 9, 3);
                put(cache, 9, 5);
            }),
            spawn(&cache, |cache| (0..7).for_each(|key| put(cache, key, 1))),
            spawn(&cache, |cache| cache.relocate(&[9])),
            spawn(&cache, |cache| {
                for _ in 0..3 {
                    assert!(is_there(cache, 9));
                }
            }),
        ];
        join(threads);
        assert_eq!(cache.get(&[9], |hit| hit.value.len()), Some(5));
        check(&cache, 0..10);
    });
}

/// A key that is there stays there while others leave, and those behind them move forward in
/// the index.
#[test]
fn what_moves_forward_is_found() {
    explore(|| {
        let cache = open();
        (0..8).for_each(|key| put(&cache, key, 1));
        let remover = spawn(&cache, |cache| {
            (0..7).for_each(|key| assert!(cache.remove(&[key])));
        });
        let reader = spawn(&cache, |cache| {
            (0..4).for_each(|_| assert!(is_there(cache, 7)));
        });
        join([remover, reader]);
        check(&cache, 0..8);
    });
}

/// Of two that put a key if it is absent, one does, unless it is removed between.
#[test]
fn one_is_first() {
    explore(|| {
        let cache = open();
        let (sender, results) = std::sync::mpsc::channel();
        let threads = [1u8, 2].map(|value| {
            let sender = sender.clone();
            spawn(&cache, move |cache| {
                let put = cache.put_if_absent(b"k", &[value], PutOptions::default());
                sender.send((value, put.expect("there is room"))).expect("it is listened to");
            })
        });
        join(threads);
        let won: Vec<u8> =
            results.try_iter().filter_map(|(value, won)| won.then_some(value)).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(cache.get(b"k", |hit| hit.value.to_vec()), Some(won));
    });
}

/// A removal by tag takes what was there before it, and what comes meanwhile is there or
/// not, but whole; and each entry that leaves is counted once.
#[test]
fn a_tag_goes_while_entries_come() {
    explore(|| {
        let cache = open();
        let tagged = |cache: &LockFreeCache, key: u8| {
            let options = PutOptions { ttl: 0, tags: &[b"tag"] };
            cache.put(&[key], &[key], options).expect("there is room");
        };
        tagged(&cache, 0);
        let threads = [
            spawn(&cache, move |cache| {
                tagged(cache, 0);
                tagged(cache, 1);
            }),
            spawn(&cache, |cache| {
                cache.remove_tag(b"tag");
                cache.remove(&[1]);
            }),
            spawn(&cache, |cache| {
                cache.relocate(&[0]);
                cache.remove(&[0]);
            }),
        ];
        join(threads);
        check(&cache, 0..2);
        cache.remove_tag(b"tag");
        assert_eq!(cache.stats().entries, 0);
    });
}

/// A value stays as it is while it is read, whatever is put, evicted or removed meanwhile, and
/// whichever blocks are used again.
#[test]
fn what_is_read_stays_as_it_is() {
    /// Its last value is as others are.
    const KEY: u8 = 5;
    static CAME_BACK: AtomicBool = AtomicBool::new(false);
    let put_value = |cache: &LockFreeCache, value: u8| {
        cache.put(&[KEY], &[value; 8], PutOptions::default()).expect("there is room");
    };
    let block = |cache: &LockFreeCache| cache.get(&[KEY], |hit| hit.value.as_ptr().addr());
    explore(move || {
        let cache = open();
        put(&cache, 1, 8);
        put_value(&cache, 2);
        // Its block may be used again once the next one is there, and soon that of the next one.
        let (first, grace) = (block(&cache), &cache.cache.memory.grace);
        let left = grace.now();
        put_value(&cache, 3);
        for _ in 0..100 {
            if grace.is_over(left) {
                break;
            }
            epoch::pin().flush();
            std::thread::yield_now(); // another test's may be in the way
        }
        let threads = [
            spawn(&cache, move |cache| {
                put_value(cache, 4);
                // Nothing else gives a short block back so soon.
                CAME_BACK.fetch_or(first.is_some() && block(cache) == first, Relaxed);
                (0..4).for_each(|_| epoch::pin().flush());
                put_value(cache, KEY);
            }),
            spawn(&cache, |cache| {
                (10..14).for_each(|key| put(cache, key, HEAVY));
                cache.remove(&[1]);
                put(cache, 2, 8);
            }),
            spawn(&cache, |cache| {
                for key in [KEY, 1, KEY] {
                    cache.get(&[key], |hit| {
                        let read = hit.value.to_vec();
                        for _ in 0..3 {
                            thread::yield_now();
                            assert_eq!(black_box(hit.value), read);
                        }
                    });
                }
            }),
        ];
        join(threads);
        check(&cache, 0..14);
    });
    assert!(CAME_BACK.load(Relaxed), "no block was used again");
}
