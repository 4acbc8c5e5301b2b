//! The cache of blocks within a storage.

use super::*;
use crate::Compression;
use crate::block_cache::BlockCache;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

fn key(i: u32) -> Vec<u8> {
    format!("key-{i:06}").into_bytes()
}

fn value(i: u32, round: u32) -> Vec<u8> {
    format!("{i}-{round}-").repeat(10).into_bytes()
}

fn fill(storage: &Storage, keys: u32, round: u32) {
    (0..keys).for_each(|i| _ = storage.put(&key(i), &value(i, round), 0).unwrap());
}

fn check(storage: &Storage, keys: u32, round: u32) {
    for i in 0..keys {
        assert_eq!(storage.get_vec(&key(i)).unwrap(), Some(value(i, round)), "key {i}");
    }
}

fn blocks(storage: &Storage) -> &BlockCache {
    storage.core().durable.as_ref().unwrap().segments.blocks()
}

#[test]
fn answers_are_the_same_with_and_without() {
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        let sim = Sim::new();
        let with = |block_cache| Options { compression, block_cache, ..small() };
        let storage = open(&sim, with(None));
        fill(&storage, 3000, 1);
        storage.compact().unwrap();
        drop(storage);
        let mut seen = Vec::new();
        for block_cache in [Some(0), None, Some(256 << 10)] {
            let storage = open(&sim, with(block_cache));
            check(&storage, 3000, 1);
            check(&storage, 3000, 1);
            seen.push(contents(&storage));
            let stats = storage.stats();
            let is_used = compression != Compression::None && block_cache != Some(0);
            assert_eq!(stats.block_cache_hits > 0, is_used, "{compression:?}: {stats:?}");
            assert_eq!(stats.block_cache_bytes > 0, is_used);
        }
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(seen[0].len(), 3000);
    }
}

#[test]
fn retired_segments_leave_nothing() {
    let sim = Sim::new();
    drop(open(&sim, small()));
    let storage = open(&sim, small());
    fill(&storage, 3000, 1);
    storage.compact().unwrap();
    drop(storage);
    let storage = open(&sim, small());
    check(&storage, 3000, 1);
    assert!(blocks(&storage).blocks() > 10);
    (0..3000).for_each(|i| _ = storage.delete(&key(i)).unwrap());
    storage.compact().unwrap();
    eventually("blocks of removed segments go", || {
        storage.core().durable.as_ref().unwrap().segments.reap();
        blocks(&storage).blocks() == 0
    });
}

/// The memtable, the cache and what is pinned stay within their part of the limit.
#[test]
fn the_memory_limit_holds_for_both() {
    let sim = Sim::new();
    let limit = 8 << 20;
    let options =
        Options { memory_limit: limit, compression: Compression::Zstd, ..Options::default() };
    let storage = open(&sim, options);
    fill(&storage, 60_000, 1);
    storage.compact().unwrap();
    let held = |storage: &Storage| {
        let stats = storage.stats();
        stats.memory_bytes + stats.block_cache_bytes + stats.pinned_bytes
    };
    let memtable = storage.stats().memory_bytes;
    eventually("memory is within its limit", || held(&storage) <= limit / 16 * 9);
    let mut most = 0;
    let start = Instant::now();
    while storage.stats().block_cache_bytes < limit / 16 * 2 * 15 / 16 {
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", storage.stats());
        for i in 0..60_000 {
            assert_eq!(storage.get_vec(&key(i)).unwrap(), Some(value(i, 1)));
            if i % 500 == 0 {
                most = most.max(held(&storage));
            }
        }
    }
    // What the memtable does not leave, the cache does not take.
    assert!(most <= limit / 16 * 9 + limit / 64, "{most} bytes at the most");
    assert!(storage.stats().memory_bytes < memtable, "the memtable made room");
}

/// While compactions replace segments, what readers get is of the newest round that they
/// know of, or of one after it.
#[test]
fn readers_and_compactions_meet() {
    const KEYS: u32 = 1500;
    let sim = Sim::new();
    let options = Options { memory_limit: 4 << 20, block_cache: Some(1 << 20), ..small() };
    let storage = open(&sim, Options { memory_limit: 512 << 10, ..options });
    fill(&storage, KEYS, 0);
    drop(storage);
    let storage = &open(&sim, options);
    let round = &AtomicU32::new(0);
    let round_of = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).unwrap();
        let mut parts = text.split('-').map(|part| part.parse::<u32>().unwrap());
        (parts.next().unwrap(), parts.next().unwrap())
    };
    std::thread::scope(|scope| {
        for reader in 0..3u32 {
            scope.spawn(move || {
                let mut i = reader * 500;
                while round.load(SeqCst) < 12 {
                    i = (i * 31 + 7) % KEYS;
                    let known = round.load(SeqCst);
                    let found = storage.get(&key(i), |v| round_of(&v.bytes[..v.bytes.len() - 1]));
                    let (of, found) = found.unwrap().unwrap();
                    assert!(of == i && found >= known, "{of} {found} for {i} {known}");
                }
            });
        }
        for next in 1..=12 {
            fill(storage, KEYS, next);
            storage.compact().unwrap();
            round.store(next, SeqCst);
        }
    });
    check(storage, KEYS, 12);
}
