//! Entries that leave a memtable with a budget, live as they are.
//!
//! Such an entry may still be in the janitor's queue. Then it leaves the indexes, and its
//! versions go; the entry alone, which is small, stays until the queue comes to it.

use super::{Memtable, Record, Slot, count_retired};
use crate::cache::policy::QueueStats;
use crate::memtable::entry::Entry;
use crate::stats::{Counter, Counters};
use crossbeam_epoch::Guard;
use std::ptr::NonNull;

/// What left.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Left {
    /// How many were chosen to leave.
    pub(crate) chosen: usize,
    /// How many of them left.
    pub(crate) entries: usize,
    /// The bytes of entries and versions.
    pub(crate) bytes: u64,
    /// Of the entries, those that the janitor's queue still has.
    pub(crate) queued: usize,
}

impl Memtable {
    /// Lets the entries leave that the policy chooses, until they had so many bytes, but
    /// only some in one go: the order is locked meanwhile. `may_leave` judges by an
    /// entry's newest record, before anything of the removal can be seen.
    ///
    /// Only the janitor calls it.
    pub(crate) fn evict_some(
        &self,
        bytes: u64,
        may_leave: impl Fn(Record<'_>) -> bool,
        counters: &Counters,
        guard: &Guard,
    ) -> Left {
        /// So many take some hundredths of a millisecond.
        const SOME: usize = 64;
        let mut left = Left::default();
        self.order.with_residents(|residents, tree| {
            for _ in 0..SOME {
                if left.bytes >= bytes {
                    break;
                }
                let Some(entry) = residents.evict() else { break };
                left.chosen += 1;
                // SAFETY: residents are valid.
                let e = unsafe { entry.as_ref() };
                let Some(queued) = self.seal_to_leave(e, &may_leave, guard) else {
                    // SAFETY: it is in order, and has just been taken out.
                    unsafe { residents.admit(entry, guard) };
                    continue;
                };
                // SAFETY: valid under the guard.
                let hash = self.hasher.hash(unsafe { Entry::key(e) });
                self.index.remove(hash, e, guard);
                // SAFETY: residents are in the tree, and we have the order lock.
                unsafe { tree.remove(e, guard) };
                // SAFETY: sealed, and out of both indexes and of the residents.
                unsafe { self.retire_left(entry, queued, &mut left, counters, guard) };
            }
        });
        left
    }

    /// Ends the chain of an entry that may leave, and tells whether the janitor's queue has
    /// it; `None` if it cannot leave now.
    fn seal_to_leave(
        &self,
        entry: &Entry,
        may_leave: impl Fn(Record<'_>) -> bool,
        guard: &Guard,
    ) -> Option<bool> {
        let newest = entry.chain.newest(guard)?;
        let queued = entry.begin_leaving()?;
        if may_leave(Record(newest)) && entry.chain.seal(Some(newest)) {
            return Some(queued);
        }
        entry.stop_dying();
        None
    }

    /// Retires an entry that has left, or its versions alone if the queue has it.
    ///
    /// # Safety
    /// Its chain is sealed, it is out of both indexes and no resident.
    unsafe fn retire_left(
        &self,
        entry: NonNull<Entry>,
        queued: bool,
        left: &mut Left,
        counters: &Counters,
        guard: &Guard,
    ) {
        // SAFETY: valid under the guard.
        let e = unsafe { entry.as_ref() };
        let stripe = counters.mine();
        if !e.chain.newest(guard).is_none_or(|v| v.is_tombstone()) {
            stripe.sub(Counter::Keys, 1);
        }
        stripe.add(Counter::Evicted, 1);
        // SAFETY: by the contract.
        let retired = unsafe { e.chain.retire_all(guard) };
        count_retired(counters, &retired);
        left.entries += 1;
        left.bytes += retired.bytes + e.footprint() as u64;
        match queued {
            true => left.queued += 1,
            // SAFETY: by the contract, and the queue has it not.
            false => unsafe { self.retire_entry(entry, counters, guard) },
        }
    }

    /// Frees an entry that the queue had when it left, now that it has come to it.
    ///
    /// # Safety
    /// The slot is dying and was queued, and is not in the queue any more.
    pub(crate) unsafe fn bury(&self, slot: Slot<'_>, counters: &Counters, guard: &Guard) {
        // SAFETY: by the contract it has left; since it is dying, it is not queued again.
        unsafe { self.retire_entry(NonNull::from(slot.0), counters, guard) };
    }

    /// Tells the policy what slots weigh now, whose versions are valid under the guard.
    pub(crate) fn reweigh(&self, slots: &[Slot<'_>], guard: &Guard) {
        self.order.with_residents(|residents, _| {
            for slot in slots {
                // SAFETY: valid under the guard; one that was removed is no resident.
                unsafe { residents.reweigh(slot.0, guard) };
            }
        });
    }

    /// Figures of the queues of those that may leave.
    pub(crate) fn residents_queues(&self) -> Vec<QueueStats> {
        let mut queues = Vec::new();
        self.order.with_residents(|residents, _| queues = residents.queues());
        queues
    }

    /// The bytes by which those are known that may leave.
    pub(crate) fn residents_bytes(&self) -> usize {
        let mut bytes = 0;
        self.order.with_residents(|residents, _| bytes = residents.footprint());
        bytes
    }
}
