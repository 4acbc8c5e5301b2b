//! MantisDB's cache, with its default policy.

use mantisdb_core::cache::{CacheOptions, LockFreeCache, PutOptions};

use super::{Cache, Values, key};
use crate::Result;

/// See the module.
pub struct MantisDb(pub LockFreeCache);

impl MantisDb {
    /// With a budget in bytes.
    pub fn with_budget(budget: u64) -> Result<Self> {
        Ok(Self(LockFreeCache::open(CacheOptions { budget, ..CacheOptions::default() })?))
    }
}

/// How many entries a budget holds once others have left for them.
fn held_by(budget: u64, about: u64) -> Result<u64> {
    let (cache, mut values) = (MantisDb::with_budget(budget)?, Values::new());
    for id in 0..3 * about as u32 {
        cache.put(&key(id), values.of(id));
    }
    Ok(cache.entries())
}

impl Cache for MantisDb {
    const NAME: &'static str = "mantisdb";
    const PACKAGE: &'static str = "mantisdb-core";

    /// Its budget counts all that it takes, so how much that is for so many entries is
    /// tried out.
    fn with_room_for(entries: u64) -> Result<Self> {
        let mut budget = entries * 176;
        for _ in 0..3 {
            budget = (budget as f64 * entries as f64 / held_by(budget, entries)? as f64) as u64;
        }
        Self::with_budget(budget)
    }

    #[inline]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.get(key, |hit| read(hit.value))
    }

    #[inline]
    fn put(&self, key: &[u8], value: &[u8]) {
        self.0.put(key, value, PutOptions::default()).expect("there is room for an entry");
    }

    fn entries(&self) -> u64 {
        self.0.stats().entries
    }
}
