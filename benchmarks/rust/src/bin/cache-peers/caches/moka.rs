//! moka's cache for threads, with its defaults: W-TinyLFU, which is told of reads and
//! writes by way of channels.

use std::sync::Arc;

use moka::sync;

use super::{Cache, KEY_LEN, VALUE_LEN};
use crate::Result;

/// See the module.
pub struct Moka(sync::Cache<Box<[u8]>, Arc<[u8]>>);

impl Cache for Moka {
    const NAME: &'static str = "moka";
    const PACKAGE: &'static str = "moka";

    fn with_room_for(entries: u64) -> Result<Self> {
        let capacity = entries * (KEY_LEN + VALUE_LEN) as u64;
        let builder = sync::Cache::<Box<[u8]>, Arc<[u8]>>::builder().max_capacity(capacity);
        Ok(Self(builder.weigher(|key, value| (key.len() + value.len()) as u32).build()))
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
        self.0.run_pending_tasks();
        self.0.entry_count()
    }
}
