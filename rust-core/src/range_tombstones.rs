//! Range tombstones: each deletes the versions of a range of keys that are older
//! than it.

use crate::limits::MAX_KEY_LEN;
use std::mem::size_of;
use std::sync::Arc;

/// The deletion of the keys from `start` on and below `end`, for versions with a
/// smaller sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RangeTombstone {
    pub(crate) start: Vec<u8>,
    pub(crate) end: Vec<u8>,
    pub(crate) sequence: u64,
}

impl From<(&[u8], &[u8], u64)> for RangeTombstone {
    fn from((start, end, sequence): (&[u8], &[u8], u64)) -> Self {
        Self { start: start.to_vec(), end: end.to_vec(), sequence }
    }
}

impl RangeTombstone {
    /// The deletion of the keys from `start` on, which may be empty, and below `end`;
    /// without that, up to the last key that there can be.
    pub(crate) fn over(start: &[u8], end: Option<&[u8]>, sequence: u64) -> Self {
        // No key is empty.
        let start = if start.is_empty() { vec![0] } else { start.to_vec() };
        let end = end.map_or_else(|| vec![0xff; MAX_KEY_LEN + 1], <[u8]>::to_vec);
        Self { start, end, sequence }
    }

    /// Whether it and a range have keys in common; without an end, that goes on to
    /// the last key.
    pub(crate) fn meets(&self, start: Option<&[u8]>, end: Option<&[u8]>) -> bool {
        start.is_none_or(|start| *start < *self.end) && end.is_none_or(|end| *self.start < *end)
    }

    /// Whether there is no key that it could delete.
    pub(crate) fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// The bytes that it takes.
    pub(crate) fn footprint(&self) -> usize {
        size_of::<Self>() + self.start.len() + self.end.len()
    }

    /// Whether it deletes older versions of `key`.
    pub(crate) fn covers(&self, key: &[u8]) -> bool {
        self.start.as_slice() <= key && key < self.end.as_slice()
    }
}

/// A set of range tombstones that finds those over a key.
///
/// They are sorted by start, and are the nodes of an implicit balanced tree:
/// the root is in the middle, its children in the middles of the halves. Each
/// node knows the greatest end below it, so that whole halves are passed over.
///
/// A set does not change; those of two sets may be shared.
#[derive(Debug, Default)]
pub(crate) struct RangeTombstones {
    sorted: Vec<Arc<RangeTombstone>>,
    /// Of each node, the number of the one with the greatest end in its part.
    widest: Vec<u32>,
}

impl RangeTombstones {
    pub(crate) fn new(tombstones: impl Iterator<Item = RangeTombstone>) -> Self {
        Self::default().with(tombstones)
    }

    /// With some others.
    pub(crate) fn with(&self, tombstones: impl Iterator<Item = RangeTombstone>) -> Self {
        let mut sorted = self.sorted.clone();
        sorted.extend(tombstones.filter(|t| !t.is_empty()).map(Arc::new));
        // A stable sort takes one walk over what is sorted already.
        sorted.sort_by(|a, b| a.start.cmp(&b.start));
        Self::of_sorted(sorted)
    }

    /// Without those of some sequences, which are in ascending order.
    pub(crate) fn without(&self, sequences: &[u64]) -> Self {
        let stays = |t: &&Arc<RangeTombstone>| sequences.binary_search(&t.sequence).is_err();
        Self::of_sorted(self.sorted.iter().filter(stays).cloned().collect())
    }

    fn of_sorted(sorted: Vec<Arc<RangeTombstone>>) -> Self {
        let mut set = Self { widest: vec![0; sorted.len()], sorted };
        set.measure(0, set.sorted.len());
        set
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// All of them, by start.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &RangeTombstone> {
        self.sorted.iter().map(|tombstone| &**tombstone)
    }

    /// The greatest sequence above `sequence` and not above `max_sequence` of
    /// those over `key`.
    #[inline]
    pub(crate) fn newest_between(
        &self,
        key: &[u8],
        sequence: u64,
        max_sequence: u64,
    ) -> Option<u64> {
        if self.sorted.is_empty() {
            return None;
        }
        let mut newest = None;
        self.each_over(key, 0, self.sorted.len(), &mut |t| {
            if t.sequence > sequence && t.sequence <= max_sequence {
                newest = newest.max(Some(t.sequence));
            }
        });
        newest
    }

    /// The least sequence above `sequence` of those over `key`: from it on, the
    /// version with this sequence is deleted.
    pub(crate) fn first_above(&self, key: &[u8], sequence: u64) -> Option<u64> {
        let mut first: Option<u64> = None;
        self.each_over(key, 0, self.sorted.len(), &mut |t| {
            if t.sequence > sequence {
                first = Some(first.map_or(t.sequence, |first| first.min(t.sequence)));
            }
        });
        first
    }

    /// Gives those over `key` to `each`, among the nodes from `low` to below
    /// `high`. As deep as the logarithm of their number.
    fn each_over(
        &self,
        key: &[u8],
        low: usize,
        high: usize,
        each: &mut impl FnMut(&RangeTombstone),
    ) {
        if low >= high {
            return;
        }
        let middle = low.midpoint(high);
        if self.sorted[self.widest[middle] as usize].end.as_slice() <= key {
            return;
        }
        self.each_over(key, low, middle, each);
        let node = &self.sorted[middle];
        if node.start.as_slice() <= key {
            if node.covers(key) {
                each(node);
            }
            self.each_over(key, middle + 1, high, each);
        }
    }

    /// Finds the greatest end of each part, and returns the whole's.
    fn measure(&mut self, low: usize, high: usize) -> Option<usize> {
        if low >= high {
            return None;
        }
        let middle = low.midpoint(high);
        let parts = [self.measure(low, middle), self.measure(middle + 1, high)];
        let mut widest = middle;
        for part in parts.into_iter().flatten() {
            if self.sorted[part].end > self.sorted[widest].end {
                widest = part;
            }
        }
        self.widest[middle] = u32::try_from(widest).unwrap_or(u32::MAX);
        Some(widest)
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(0u8..4, 1..3)
    }

    proptest! {
        #[test]
        fn finds_what_a_walk_finds(
            all in proptest::collection::vec((key(), key(), 1u64..20), 0..30),
            key in key(),
            sequence in 0u64..20,
            max in 0u64..25,
        ) {
            let all: Vec<RangeTombstone> = all
                .iter()
                .map(|(start, end, sequence)| (start.as_slice(), end.as_slice(), *sequence).into())
                .collect();
            let over = || all.iter().filter(|t| t.covers(&key) && t.sequence > sequence);
            let newest = over().map(|t| t.sequence).filter(|&s| s <= max).max();
            let first = over().map(|t| t.sequence).min();
            let none = RangeTombstones::default();
            for set in [
                RangeTombstones::new(all.iter().cloned()),
                all.iter().cloned().fold(none, |set, t| set.with([t].into_iter())),
            ] {
                prop_assert_eq!(set.newest_between(&key, sequence, max), newest);
                prop_assert_eq!(set.first_above(&key, sequence), first);
                let without = set.without(&[first.unwrap_or(0)]);
                prop_assert!(without.iter().all(|t| Some(t.sequence) != first));
                let second = over().map(|t| t.sequence).filter(|&s| Some(s) != first).min();
                prop_assert_eq!(without.first_above(&key, sequence), second);
            }
        }
    }
}
