use super::*;
use crate::Error;
use crate::cache::MIN_BUDGET;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Churn with lengths from 10 bytes to a mebibyte stays within the budget, and the
/// memory of spans is in use.
#[test]
fn the_budget_holds_whatever_comes() {
    let budget = 48 << 20;
    let (cache, mut random) = (open(budget), Random(5));
    let value = vec![1; 1 << 20];
    let mut most = 0;
    for n in 0..40_000u64 {
        // Phases of short, of long and of mixed values.
        let length = match n / 4000 % 3 {
            0 => random.length(400),
            1 => random.length(1 << 15),
            _ => random.length(1 << 20),
        };
        put(&cache, &random.below(1 << 40).to_be_bytes(), &value[..length]);
        if n % 500 == 0 {
            cache.tidy();
            most = most.max(cache.stats().used_bytes);
            // Spans are emptied as far as no reader is in the way, and those of other tests are.
            let arena = &cache.cache.memory.arena;
            let empty = || (arena.slack() + arena.emptying()) as u64;
            let start = Instant::now();
            while empty() > budget / 16 {
                assert!(start.elapsed().as_secs() < 10, "{} bytes empty after {n}", empty());
                std::thread::sleep(Duration::from_millis(1));
                cache.tidy();
            }
        }
    }
    assert!(most > budget * 9 / 10 && most <= budget + budget / 50, "{most} of {budget}");
    let stats = cache.stats();
    assert!(stats.evicted > 10_000 && stats.refused == 0, "{stats:?}");
}

#[test]
fn an_entry_may_take_nearly_all() {
    let cache = open(8 << 20);
    for n in 0..50u64 {
        put(&cache, &n.to_be_bytes(), &[0; 1000]);
    }
    put(&cache, b"heavy", &vec![7; 7 << 20]);
    assert_eq!(get(&cache, b"heavy").map(|v| v.len()), Some(7 << 20));
    let refused = cache.put(b"heavy", &vec![7; 9 << 20], PutOptions::default());
    assert!(matches!(refused, Err(Error::OverBudget { .. })), "{refused:?}");
    assert_eq!(get(&cache, b"heavy"), None, "the old value is not what was put");
    assert_eq!(cache.stats().refused, 1);
}

#[test]
fn an_entry_costs_at_most_72_bytes() {
    let cache = open(64 << 20);
    let mut n = 0u64;
    // Just full, and when all have left for others three times.
    for (turnovers, most) in [(0, 72), (3, 70)] {
        while cache.stats().evicted <= turnovers * cache.stats().entries {
            for _ in 0..1000 {
                put(&cache, &[&n.to_be_bytes()[..], &[0; 8]].concat(), &[3; 100]);
                n += 1;
            }
        }
        let stats = cache.stats();
        let overhead = stats.used_bytes - stats.retired_bytes - stats.data_bytes;
        assert!(overhead <= most * stats.entries, "{} an entry", overhead / stats.entries);
    }
}

#[test]
fn a_budget_can_change() {
    let cache = open(32 << 20);
    for n in 0..200_000u64 {
        put(&cache, &n.to_be_bytes(), &[0; 100]);
    }
    for budget in [16 << 20, 2 << 20, 24 << 20] {
        cache.resize(budget).unwrap();
        assert!(cache.stats().used_bytes <= budget + budget / 50, "{:?}", cache.stats());
        for n in 0..100_000u64 {
            put(&cache, &n.to_be_bytes(), &[0; 50]);
        }
        let stats = cache.stats();
        assert!(stats.used_bytes <= budget + budget / 50 && stats.entries > 1000, "{stats:?}");
    }
    assert!(matches!(cache.resize(MIN_BUDGET - 1), Err(Error::InvalidArgument(_))));
}

#[test]
fn all_memory_is_given_back() {
    let cache = open(16 << 20);
    for n in 0..100_000u64 {
        put(&cache, &n.to_be_bytes(), &[0; 300]);
    }
    cache.clear();
    free_retired(&cache);
    let stats = cache.stats();
    assert_eq!(stats.used_bytes, stats.table_bytes, "{stats:?}");
    let arena = &cache.cache.memory.arena;
    assert_eq!((arena.slack(), arena.emptying()), (0, 0));
}

/// What expires leaves garbage behind, on the cache's own thread, which may have nothing
/// to do for long.
#[test]
fn who_tidies_up_keeps_no_garbage() {
    let cache = open(16 << 20);
    cache.put(b"key", b"value", PutOptions { ttl: 1, tags: &[] }).unwrap();
    cache.advance_clock(60_000);
    std::thread::scope(|scope| {
        let (tidied, when_tidied) = mpsc::channel();
        let (_end, until_end) = mpsc::channel::<()>();
        let cache = &cache;
        scope.spawn(move || {
            cache.tidy();
            tidied.send(()).unwrap();
            // Rests, as the cache's own thread does.
            until_end.recv().unwrap_err();
        });
        when_tidied.recv().unwrap();
        free_retired(cache);
        assert_eq!(cache.stats().expired, 1);
    });
}

/// What threads have removed that rest then is freed by others.
#[test]
fn who_removes_and_rests_keeps_no_garbage() {
    const THREADS: u64 = 2;
    let (cache, mut n) = (&open(4 << 20), 0);
    while cache.stats().evicted == 0 {
        put(cache, &u64::to_be_bytes(n), &[0; 100]);
        n += 1;
    }
    std::thread::scope(|scope| {
        let (removed, when_removed) = mpsc::channel();
        let ends = [(); THREADS as usize].map(|()| mpsc::channel::<()>());
        let (_ends, until): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
        for (thread, until_end) in until.into_iter().enumerate() {
            let removed = removed.clone();
            scope.spawn(move || {
                (0..n).filter(|n| n % THREADS == thread as u64).for_each(|n| {
                    cache.remove(&n.to_be_bytes());
                });
                removed.send(()).unwrap();
                until_end.recv().unwrap_err();
            });
        }
        (0..THREADS).for_each(|_| when_removed.recv().unwrap());
        cache.tidy(); // what waits in the shards for more
        free_retired(cache);
        assert_eq!(cache.stats().entries, 0);
    });
}

/// What a reader has stays as it is, whatever comes meanwhile that could use its block.
#[test]
fn blocks_are_used_again_only_once_nobody_reads_them() {
    let cache = open(4 << 20);
    let lens = [100, 300, 800];
    for round in 0..20u8 {
        for len in lens {
            put(&cache, b"key", &vec![round; len]);
            let read = cache.get(b"key", |hit| {
                // Others evict each other, and what waits for readers uses up what there is.
                for n in 0..2000u64 {
                    let key = if n % 2 == 0 { b"key".to_vec() } else { n.to_be_bytes().to_vec() };
                    let value = vec![!round; len + 3 - key.len()];
                    let _ = cache.offer(&key, &value, PutOptions::default());
                }
                hit.value.iter().all(|&byte| byte == round) && hit.value.len() == len
            });
            assert_eq!(read, Some(true));
        }
    }
}

/// Waits until nothing is retired.
fn free_retired(cache: &LockFreeCache) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while cache.stats().retired_bytes > 0 {
        assert!(std::time::Instant::now() < deadline, "{:?}", cache.stats());
        cache.cache.memory.collect();
        std::thread::yield_now();
    }
}
