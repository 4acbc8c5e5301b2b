//! Hashes of keys.

use super::slots::TAG_MASK;
use super::table::SAMPLE;

/// The hash of a key.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::memtable) struct Hash(u64);

/// Hashes keys with a seed of its own, so that nobody outside can choose keys
/// that collide.
#[derive(Default, Clone)]
pub(in crate::memtable) struct Hasher(foldhash::quality::RandomState);

impl Hasher {
    #[inline]
    pub(in crate::memtable) fn hash(&self, key: &[u8]) -> Hash {
        use std::hash::{BuildHasher, Hasher as _};
        let mut hasher = self.0.build_hasher();
        hasher.write(key);
        Hash(hasher.finish())
    }
}

impl Hash {
    /// All 64 bits.
    pub(in crate::memtable) fn bits(self) -> u64 {
        self.0
    }

    /// The tag that the key's slots carry: the hash's highest 16 bits; its
    /// lowest ones choose the place.
    #[inline]
    pub(super) fn tag(self) -> u64 {
        self.0 & TAG_MASK
    }

    /// Whether this key is one of those by which a table's filling is
    /// estimated: one in [`SAMPLE`], chosen by bits that serve nothing else.
    #[inline]
    pub(super) fn is_sampled(self) -> bool {
        (self.0 >> 40).is_multiple_of(SAMPLE as u64)
    }
}
