//! foyer's cache in memory, with its defaults: W-TinyLFU, in shards that a read locks too.

use std::sync::Arc;

use foyer_memory::{Cache as Foyer, CacheBuilder};

use super::{Cache, KEY_LEN, VALUE_LEN};
use crate::Result;

/// See the module.
pub struct FoyerMemory(Foyer<Box<[u8]>, Arc<[u8]>>);

impl Cache for FoyerMemory {
    const NAME: &'static str = "foyer";
    const PACKAGE: &'static str = "foyer-memory";

    fn with_room_for(entries: u64) -> Result<Self> {
        let capacity = entries as usize * (KEY_LEN + VALUE_LEN);
        let builder = CacheBuilder::new(capacity);
        let weigh = |key: &Box<[u8]>, value: &Arc<[u8]>| key.len() + value.len();
        Ok(Self(builder.with_weighter(weigh).build()))
    }

    #[inline]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.get(key).map(|entry| read(entry.value()))
    }

    #[inline]
    fn put(&self, key: &[u8], value: &[u8]) {
        drop(self.0.insert(key.into(), value.into()));
    }

    fn entries(&self) -> u64 {
        self.0.entries() as u64
    }
}
