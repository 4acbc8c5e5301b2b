//! The caches behind one interface.

mod foyer;
mod mantisdb;
mod moka;
mod quick_cache;

pub use foyer::FoyerMemory;
pub use mantisdb::MantisDb;
pub use moka::Moka;
pub use quick_cache::QuickCache;

use crate::Result;
use crate::work::mix;

/// The length of keys in bytes.
pub const KEY_LEN: usize = 16;
/// The length of values in bytes.
pub const VALUE_LEN: usize = 100;

/// A cache of byte strings. What calls it is compiled for each, as a program's own calls
/// are.
pub trait Cache: Send + Sync + Sized {
    /// What it is called.
    const NAME: &'static str;
    /// The package's name on crates.io.
    const PACKAGE: &'static str;

    /// A cache that holds so many entries of [`KEY_LEN`] and [`VALUE_LEN`] bytes.
    fn with_room_for(entries: u64) -> Result<Self>;
    /// Gives `read` the value of a key, if there is one.
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R>;
    /// Stores a copy of `value` under a copy of `key`.
    fn put(&self, key: &[u8], value: &[u8]);
    /// How many entries there are.
    fn entries(&self) -> u64;
}

/// The key of number `id`: made of it at once, so that keys take no memory that competes
/// with the cache's.
#[inline]
pub fn key(id: u32) -> [u8; KEY_LEN] {
    let mut key = [0; KEY_LEN];
    key[..8].copy_from_slice(&u64::from(id).to_be_bytes());
    key[8..].copy_from_slice(&mix(u64::from(id)).to_be_bytes());
    key
}

/// Values as a client makes them: each begins with the number of its key.
pub struct Values([u8; VALUE_LEN]);

impl Values {
    /// The first.
    pub fn new() -> Self {
        Self([b'v'; VALUE_LEN])
    }

    /// The value of key number `id`.
    #[inline]
    pub fn of(&mut self, id: u32) -> &[u8] {
        self.0[..4].copy_from_slice(&id.to_le_bytes());
        &self.0
    }
}

/// Whether a value is that of key number `id`, and whole.
#[inline]
pub fn is_value_of(id: u32, value: &[u8]) -> bool {
    value.len() == VALUE_LEN && value.starts_with(&id.to_le_bytes()) && value.last() == Some(&b'v')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps_its_promise<C: Cache>() {
        let (cache, mut values) = (C::with_room_for(10_000).unwrap(), Values::new());
        for id in 0..40_000 {
            cache.put(&key(id), values.of(id));
            assert_eq!(cache.get(&key(id / 2), |v| is_value_of(id / 2, v)).unwrap_or(true), true);
        }
        let entries = cache.entries();
        assert!((9_500..10_500).contains(&entries), "{}: {entries} entries", C::NAME);
        assert!(cache.get(&key(40_000), |_| ()).is_none());
    }

    #[test]
    fn each_holds_what_it_has_room_for() {
        keeps_its_promise::<MantisDb>();
        keeps_its_promise::<QuickCache>();
        keeps_its_promise::<Moka>();
        keeps_its_promise::<FoyerMemory>();
    }
}
