//! What a reader holds of the memtable: keys' entries, and their versions.

use super::chain::{self, Found};
use super::entry::Entry;
use super::prefetch;
use super::version::Version;
use crate::key_version::Payload;
use crossbeam_epoch::Guard;
use std::ptr;

/// A key's entry, borrowed from the memtable as long as the guard.
#[derive(Clone, Copy)]
pub(crate) struct Slot<'g>(pub(super) &'g Entry);

/// A stored version, borrowed from the memtable as long as the guard.
#[derive(Clone, Copy)]
pub(crate) struct Record<'g>(pub(super) &'g Version);

/// What a reader at a sequence finds under a key.
pub(crate) struct Lookup<'g> {
    /// The newest record at or below the sequence, also if it is dead.
    pub(crate) record: Option<Record<'g>>,
    /// The oldest of the newer ones, if any was passed. Once that is visible,
    /// `record` may be wrong, unless an open snapshot holds the sequence.
    pub(crate) newer: Option<Record<'g>>,
}

impl<'g> Slot<'g> {
    /// The key.
    #[inline]
    pub(crate) fn key(self) -> &'g [u8] {
        // SAFETY: the entry lives as long as the guard.
        unsafe { Entry::key(self.0) }
    }

    /// The newest record, visible or not.
    #[inline]
    pub(crate) fn newest(self, guard: &'g Guard) -> Option<Record<'g>> {
        self.0.chain.newest(guard).map(Record)
    }

    /// What a reader at `sequence` finds.
    #[inline]
    pub(crate) fn at(self, sequence: u64, guard: &'g Guard) -> Lookup<'g> {
        let Found { version, newer } = self.0.chain.at(sequence, guard);
        Lookup { record: version.map(Record), newer: newer.map(Record) }
    }

    /// Asks for the newest version's memory.
    #[inline]
    pub(crate) fn prefetch_newest(self) {
        let version = self.0.chain.newest_address().cast::<u8>();
        prefetch::read(version);
        prefetch::read(version.wrapping_add(64));
    }

    /// Asks for the memory of slots that were kept by their addresses, first the
    /// entries and then their newest versions, so that the waits overlap.
    ///
    /// # Safety
    /// As for [`Slot::from_raw`], for each of them.
    pub(crate) unsafe fn prefetch_all(
        raws: impl Iterator<Item = *const ()> + Clone,
        guard: &'g Guard,
    ) {
        raws.clone().for_each(|raw| prefetch::read(raw.cast()));
        // SAFETY: as the caller promises.
        raws.for_each(|raw| unsafe { Self::from_raw(raw, guard) }.prefetch_newest());
    }

    /// Asks for the memory of the version before the newest one.
    pub(crate) fn prefetch_older(self, guard: &'g Guard) {
        prefetch::read(self.0.chain.older_address(guard).cast());
    }

    /// Whether it has more than one version.
    pub(crate) fn is_long(self, guard: &Guard) -> bool {
        self.0.chain.is_long(guard)
    }

    /// Whether the slot is listed as dirty.
    pub(crate) fn is_dirty(self) -> bool {
        self.0.is_dirty()
    }

    /// See [`Entry::take_hits`].
    pub(crate) fn take_hits(self) -> bool {
        self.0.take_hits()
    }

    /// See [`Entry::is_unordered`].
    pub(crate) fn is_unordered(self) -> bool {
        self.0.is_unordered()
    }

    /// See [`Entry::is_dying`].
    pub(crate) fn is_dying(self) -> bool {
        self.0.is_dying()
    }

    /// Marks the slot as queued for the janitor; false if it was.
    pub(crate) fn mark_queued(self) -> bool {
        self.0.mark_queued()
    }

    /// See [`Entry::unmark_queued`].
    pub(crate) fn unmark_queued(self) {
        self.0.unmark_queued();
    }

    /// See [`Entry::mark_dirty`].
    #[inline]
    pub(crate) fn mark_dirty(self) -> bool {
        self.0.mark_dirty()
    }

    /// See [`Entry::unmark_dirty`].
    pub(crate) fn unmark_dirty(self) {
        self.0.unmark_dirty();
    }

    /// See [`Entry::note_hit`].
    #[inline]
    pub(crate) fn note_hit(self, most: u8) {
        self.0.note_hit(most);
    }

    /// All records, newest first, visible or not.
    pub(crate) fn records(self, guard: &'g Guard) -> impl Iterator<Item = Record<'g>> {
        std::iter::successors(self.0.chain.newest(guard), |v| chain::older(v, guard)).map(Record)
    }

    /// The entry's address, to be kept while it is marked as queued or dirty.
    pub(crate) fn into_raw(self) -> *const () {
        ptr::from_ref(self.0).cast()
    }

    /// The key of what [`Slot::into_raw`] returned.
    ///
    /// # Safety
    /// As for [`Slot::from_raw`], for as long as the key is used.
    pub(crate) unsafe fn key_of_raw<'a>(raw: *const ()) -> &'a [u8] {
        // SAFETY: an entry that is marked so is not removed.
        unsafe { Entry::key(raw.cast::<Entry>()) }
    }

    /// Takes [`Slot::into_raw`] back.
    ///
    /// # Safety
    /// The slot was marked as queued or as dirty from before until now, in a
    /// memtable that still exists.
    pub(crate) unsafe fn from_raw(raw: *const (), _guard: &'g Guard) -> Self {
        // SAFETY: an entry that is marked so is not removed.
        Slot(unsafe { &*raw.cast::<Entry>() })
    }
}

impl<'g> Record<'g> {
    /// The write's sequence.
    #[inline]
    pub(crate) fn sequence(self) -> u64 {
        self.0.sequence
    }

    /// Unix milliseconds; 0 for never.
    #[inline]
    pub(crate) fn expires_at(self) -> u64 {
        self.0.expires_at
    }

    /// Whether the record says that the key was deleted.
    #[inline]
    pub(crate) fn is_tombstone(self) -> bool {
        self.0.is_tombstone()
    }

    /// What was written.
    #[inline]
    pub(crate) fn payload(self) -> Payload<'g> {
        match self.is_tombstone() {
            true => Payload::Tombstone,
            false => Payload::Value(self.value(), self.expires_at()),
        }
    }

    /// The value; empty for a tombstone.
    #[inline]
    pub(crate) fn value(self) -> &'g [u8] {
        // SAFETY: versions are made by `Version::allocate`; this one lives as
        // long as the guard.
        unsafe { Version::value(self.0) }
    }
}
