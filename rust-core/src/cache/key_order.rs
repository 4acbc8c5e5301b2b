//! The keys of a shard in order, for dropping those with a prefix.

use super::entry::Entry;
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::ptr::NonNull;

/// Entries by key. It is kept only once somebody wants it: an addition compares some
/// twenty keys of a million.
#[derive(Default)]
pub(super) struct KeyOrder(BTreeSet<ByKey>);

/// An entry that is compared by its key.
struct ByKey(NonNull<Entry>);

// SAFETY: entries are made for many threads; they live while they are in the cache.
unsafe impl Send for ByKey {}

impl Borrow<[u8]> for ByKey {
    fn borrow(&self) -> &[u8] {
        // SAFETY: an entry is in the order only while it is in the cache, and so valid.
        unsafe { Entry::key(self.0.as_ptr()) }
    }
}

impl Ord for ByKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        Borrow::<[u8]>::borrow(self).cmp(other.borrow())
    }
}

impl PartialOrd for ByKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByKey {}

impl KeyOrder {
    /// Bytes that an entry takes here: a pointer, in nodes that are two thirds full.
    const SHARE: usize = 12;

    /// Adds an entry that is in the cache. One with the same key leaves for it.
    pub(super) fn add(&mut self, entry: NonNull<Entry>) {
        self.0.replace(ByKey(entry));
    }

    /// Takes out the entry with a key. The entry is still valid.
    pub(super) fn remove(&mut self, key: &[u8]) {
        self.0.remove(key);
    }

    /// The first entry whose key begins with a prefix.
    pub(super) fn first_with(&self, prefix: &[u8]) -> Option<NonNull<Entry>> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let first = self.0.range::<[u8], _>(from).next()?;
        Borrow::<[u8]>::borrow(first).starts_with(prefix).then_some(first.0)
    }

    /// Takes all out.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The bytes of its tables, nearly.
    pub(super) fn footprint(&self) -> usize {
        self.0.len() * Self::SHARE
    }
}
