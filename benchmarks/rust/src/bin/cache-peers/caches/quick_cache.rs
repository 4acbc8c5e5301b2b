//! quick_cache, with its defaults: a clock with a ghost, in shards of which a read takes
//! the lock shared.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync;

use super::{Cache, KEY_LEN, VALUE_LEN};
use crate::Result;

/// See the module.
pub struct QuickCache(sync::Cache<Box<[u8]>, Arc<[u8]>, Bytes>);

/// Weighs keys and values in bytes.
#[derive(Clone)]
struct Bytes;

impl Weighter<Box<[u8]>, Arc<[u8]>> for Bytes {
    fn weight(&self, key: &Box<[u8]>, value: &Arc<[u8]>) -> u64 {
        (key.len() + value.len()) as u64
    }
}

impl Cache for QuickCache {
    const NAME: &'static str = "quick_cache";
    const PACKAGE: &'static str = "quick_cache";

    fn with_room_for(entries: u64) -> Result<Self> {
        let capacity = entries * (KEY_LEN + VALUE_LEN) as u64;
        Ok(Self(sync::Cache::with_weighter(entries as usize, capacity, Bytes)))
    }

    #[inline]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.get(key).map(|value| read(&value))
    }

    #[inline]
    fn put(&self, key: &[u8], value: &[u8]) {
        self.0.insert(key.into(), value.into());
    }

    fn entries(&self) -> u64 {
        self.0.len() as u64
    }
}
