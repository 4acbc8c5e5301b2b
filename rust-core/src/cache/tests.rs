mod budget;
mod departures;
mod expiry;
mod invalidation;
mod model;
mod threads;

use super::{CacheOptions, LockFreeCache, PutOptions};

/// A cache of so many bytes.
fn open(budget: u64) -> LockFreeCache {
    LockFreeCache::open(CacheOptions { budget, ..CacheOptions::default() }).unwrap()
}

fn put(cache: &LockFreeCache, key: &[u8], value: &[u8]) {
    cache.put(key, value, PutOptions::default()).unwrap();
}

fn get(cache: &LockFreeCache, key: &[u8]) -> Option<Vec<u8>> {
    cache.get(key, |hit| hit.value.to_vec())
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % bound
    }

    /// A length of which each doubling is equally likely.
    fn length(&mut self, most: u32) -> usize {
        let bits = self.below(u64::from(most.ilog2()) + 1) as u32;
        (10 + self.below(1 << bits)) as usize
    }
}
