//! How entries leave the memtable, since they are dead or their memory is wanted.

use super::entry::Entry;
use super::slot::{Record, Slot};
use super::{Memtable, count_retired, trim};
use crate::snapshot::Horizon;
use crate::stats::{Counter, Counters};
use crossbeam_epoch::Guard;
use std::ptr::NonNull;

/// Why a value is none.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum Death {
    /// It has expired.
    Expired,
    /// A range that holds its key was deleted.
    InRange,
}

/// What became of an entry that was looked at for reclamation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reclaim {
    /// Nothing is left to do.
    Clean,
    /// The entry was removed.
    Removed,
    /// The entry must be looked at again when the horizon has moved or its
    /// other users are done with it.
    Later,
}

impl Memtable {
    /// Removes a slot if its key is dead to everyone. `death` tells what a value died
    /// of, if so; `before_removal` is called before anything of a removal can be seen.
    ///
    /// Only the janitor calls it.
    pub(crate) fn reclaim(
        &self,
        slot: Slot<'_>,
        horizon: &Horizon,
        death: impl FnOnce(Record<'_>) -> Option<Death>,
        before_removal: impl FnOnce(),
        counters: &Counters,
        guard: &Guard,
    ) -> Reclaim {
        let Slot(entry) = slot;
        let trimmed = trim(entry, horizon, counters, guard);
        if !trimmed || entry.chain.is_held(horizon.visible, guard) {
            return Reclaim::Later;
        }
        let newest = entry.chain.newest(guard);
        let value = newest.filter(|v| !v.is_tombstone());
        let death = value.and_then(|v| death(Record(v)));
        if value.is_some() && death.is_none() {
            return Reclaim::Clean;
        }
        if newest.is_some_and(|v| v.sequence > horizon.oldest()) {
            return Reclaim::Later;
        }
        if !entry.begin_dying() {
            // Queued means that it will be looked at again anyway.
            return if entry.is_queued() { Reclaim::Clean } else { Reclaim::Later };
        }
        before_removal();
        if !entry.chain.seal(newest) {
            entry.stop_dying();
            return Reclaim::Later;
        }
        self.remove(entry, counters, guard);
        let stripe = counters.mine();
        if value.is_some() {
            stripe.sub(Counter::Keys, 1);
        }
        match death {
            Some(Death::Expired) => stripe.add(Counter::Expired, 1),
            Some(Death::InRange) => stripe.add(Counter::Reclaimed, 1),
            None if newest.is_some() => stripe.add(Counter::Reclaimed, 1),
            None => {}
        }
        Reclaim::Removed
    }

    /// Removes a slot whose newest version is `newest`, if nothing has been pushed
    /// since and nobody holds it: everything about its key is elsewhere.
    ///
    /// Only the janitor calls it.
    pub(crate) fn evict(
        &self,
        slot: Slot<'_>,
        newest: Record<'_>,
        before_removal: impl FnOnce(),
        counters: &Counters,
        guard: &Guard,
    ) -> bool {
        let Slot(entry) = slot;
        if !entry.begin_dying() {
            return false;
        }
        before_removal();
        if !entry.chain.seal(Some(newest.0)) {
            entry.stop_dying();
            return false;
        }
        self.remove(entry, counters, guard);
        let stripe = counters.mine();
        if !newest.is_tombstone() {
            stripe.sub(Counter::Keys, 1);
        }
        stripe.add(Counter::Evicted, 1);
        true
    }

    /// Takes an entry whose chain is sealed out of the indexes and retires it.
    fn remove(&self, entry: &Entry, counters: &Counters, guard: &Guard) {
        // SAFETY: valid under the guard.
        let hash = self.hasher.hash(unsafe { Entry::key(entry) });
        // SAFETY: it is in order, or it could not have been claimed for removal;
        // it leaves the hash index within, so that no other entry of its key can
        // come into the order before it has left that, too.
        unsafe {
            self.order.remove(entry, || self.index.remove(hash, entry, guard), guard);
        }
        // SAFETY: the chain is sealed, the entry out of both indexes.
        let retired = unsafe { entry.chain.retire_all(guard) };
        count_retired(counters, &retired);
        // SAFETY: as above, and it is claimed by us.
        unsafe { self.retire_entry(NonNull::from(entry), counters, guard) };
    }

    /// Retires an entry without its versions.
    ///
    /// # Safety
    /// Nobody who pins from now on can reach it, and it is retired once.
    pub(super) unsafe fn retire_entry(
        &self,
        entry: NonNull<Entry>,
        counters: &Counters,
        guard: &Guard,
    ) {
        // SAFETY: valid under the guard.
        let bytes = unsafe { entry.as_ref() }.footprint() as u64;
        counters.mine().sub(Counter::DataBytes, bytes);
        counters.note_retired(bytes);
        // SAFETY: by the contract.
        unsafe { guard.defer_unchecked(move || Entry::free(entry)) };
    }
}
