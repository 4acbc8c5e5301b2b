//! The calls of a cache that is full.

use crate::input::{VALUE_LEN, key, value};
use mantisdb_core::Result;
use mantisdb_core::cache::{CacheOptions, LockFreeCache, PutOptions};
use std::hint::black_box;

/// It holds some thousands of entries, and has two shards.
const BUDGET: u64 = 1 << 20;
/// Keys that were put before the first round: the last of them are there.
const KEYS: u64 = 20_000;
/// The last keys, which no round evicts unless it puts new ones.
const PRESENT: u64 = 1_000;

pub(crate) fn open() -> Result<LockFreeCache> {
    LockFreeCache::open(CacheOptions { budget: BUDGET, ..CacheOptions::default() })
}

pub(crate) fn fill(cache: &LockFreeCache) -> Result<()> {
    (0..KEYS).try_for_each(|i| put(cache, i))?;
    // What did not stay is put again.
    (KEYS - PRESENT..KEYS).try_for_each(|i| put(cache, i))
}

pub(crate) fn get(cache: &LockFreeCache, round: u64) -> Result<()> {
    let found = cache.get(&key(present(round)), |hit| black_box(hit.value.len()));
    assert_eq!(found, Some(VALUE_LEN));
    Ok(())
}

pub(crate) fn overwrite(cache: &LockFreeCache, round: u64) -> Result<()> {
    put(cache, present(round))
}

/// A new key, for which another one leaves.
pub(crate) fn evict(cache: &LockFreeCache, round: u64) -> Result<()> {
    put(cache, KEYS + round)
}

fn put(cache: &LockFreeCache, i: u64) -> Result<()> {
    cache.put(&key(i), &value(i), PutOptions::default())
}

/// The number of a key that is there.
fn present(round: u64) -> u64 {
    KEYS - 1 - round.wrapping_mul(7919) % PRESENT
}
