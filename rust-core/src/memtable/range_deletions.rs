//! The deletions of ranges that memory keeps.
//!
//! A deletion goes into the list once it is in the log and before it is visible. It
//! leaves the list when it has been carried out: no entry in memory has a version
//! that is older than it, and if there are segments, their tree has a tombstone of it.
//! So a reader loads the list before it looks into memory or takes the tree; then what
//! the list does not tell it any more is gone.

use crate::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::sync::{Mutex, lock};
use crossbeam_epoch::{Atomic, Guard, Owned};
use std::sync::atomic::Ordering::SeqCst;

/// See the module's text.
#[derive(Default)]
pub(crate) struct RangeDeletions {
    /// Null while there are none: most of the time, so a reader pays one load.
    list: Atomic<RangeTombstones>,
    /// Held by whoever replaces the list.
    changing: Mutex<()>,
}

/// The deletions that a reader at a sequence sees.
#[derive(Clone, Copy)]
pub(crate) struct Deletions<'g> {
    list: Option<&'g RangeTombstones>,
    at: u64,
}

impl RangeDeletions {
    /// The list; `None` if it is empty.
    #[inline]
    pub(crate) fn load<'g>(&self, guard: &'g Guard) -> Option<&'g RangeTombstones> {
        // SAFETY: a list is retired after another one has replaced it.
        unsafe { self.list.load(SeqCst, guard).as_ref() }
    }

    /// The deletions up to a sequence.
    #[inline]
    pub(crate) fn up_to<'g>(&self, at: u64, guard: &'g Guard) -> Deletions<'g> {
        Deletions { list: self.load(guard), at }
    }

    /// The deletions up to the sequence that is visible.
    #[inline]
    pub(crate) fn visible<'g>(&self, visible: impl Fn() -> u64, guard: &'g Guard) -> Deletions<'g> {
        match self.load(guard) {
            None => Deletions { list: None, at: 0 },
            // Asked for afterwards: so the list lacks no deletion of which the caller
            // could know that it was visible before.
            list => Deletions { list, at: visible() },
        }
    }

    /// Adds some. The time it takes grows with how many there are.
    pub(crate) fn add(&self, more: impl Iterator<Item = RangeTombstone>, guard: &Guard) {
        self.replace(guard, |list| list.unwrap_or(&RangeTombstones::default()).with(more));
    }

    /// Removes those of some sequences, ascending, which were carried out.
    pub(crate) fn remove(&self, sequences: &[u64], guard: &Guard) {
        self.replace(guard, |list| list.map_or_else(Default::default, |l| l.without(sequences)));
    }

    fn replace(
        &self,
        guard: &Guard,
        change: impl FnOnce(Option<&RangeTombstones>) -> RangeTombstones,
    ) {
        let _alone = lock(&self.changing);
        let changed = change(self.load(guard));
        let old = match changed.is_empty() {
            true => self.list.swap(crossbeam_epoch::Shared::null(), SeqCst, guard),
            false => self.list.swap(Owned::new(changed), SeqCst, guard),
        };
        if !old.is_null() {
            // SAFETY: nobody who pins from now on can reach it, and it is retired
            // only here.
            unsafe { guard.defer_destroy(old) };
        }
    }
}

impl Drop for RangeDeletions {
    fn drop(&mut self) {
        // SAFETY: nobody else uses it any more.
        drop(unsafe { self.list.load(SeqCst, crossbeam_epoch::unprotected()).try_into_owned() });
    }
}

impl<'g> Deletions<'g> {
    /// Whether a version of a key is deleted.
    #[inline]
    pub(crate) fn hide(self, key: &[u8], sequence: u64) -> bool {
        self.list.is_some_and(|list| list.newest_between(key, sequence, self.at).is_some())
    }

    /// Those that the reader sees, and that are newer than a sequence.
    pub(crate) fn newer_than(self, sequence: u64) -> impl Iterator<Item = &'g RangeTombstone> {
        let all = self.list.into_iter().flat_map(RangeTombstones::iter);
        all.filter(move |t| t.sequence > sequence && t.sequence <= self.at)
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use crossbeam_epoch as epoch;

    #[test]
    fn a_reader_sees_what_its_sequence_allows() {
        let deletions = RangeDeletions::default();
        let guard = &epoch::pin();
        assert!(deletions.load(guard).is_none());
        deletions.add([RangeTombstone::over(b"b", Some(b"d"), 5)].into_iter(), guard);
        deletions.add([RangeTombstone::over(b"", None, 9)].into_iter(), guard);
        let at = |sequence| deletions.up_to(sequence, guard);
        assert!(at(5).hide(b"b", 4) && at(5).hide(b"c", 4));
        assert!(!at(5).hide(b"b", 5) && !at(4).hide(b"b", 3) && !at(5).hide(b"d", 4));
        assert!(at(9).hide(&[0], 8) && at(9).hide(&[0xff; 80], 8) && !at(9).hide(b"b", 9));
        assert_eq!(at(9).newer_than(5).count(), 1);
        assert_eq!(at(8).newer_than(4).count(), 1);
        deletions.remove(&[9], guard);
        assert!(!at(9).hide(b"b", 8) && at(9).hide(b"b", 4));
        deletions.remove(&[5], guard);
        assert!(deletions.load(guard).is_none());
    }
}
