//! What a put will touch is asked for before: so that the waits for memory overlap.

use super::Locked;
use super::slots::spread;
use crate::cache::entry::Entry;
use crate::cache::index::Hash;
use crate::cache::policy::Policy;
use crate::memtable::prefetch;
use std::ptr::NonNull;

impl<P: Policy> Locked<'_, P> {
    /// Asks for the memory that a put will touch: the key's entry, and the block for the new one.
    pub(in crate::cache) fn prefetch(&self, hash: Hash) {
        self.shard.index.prefetch_entry(hash, self.guard);
        if let Some(spare) = self.state.spares.next() {
            prefetch::read(spare.as_ptr().cast());
        }
    }

    /// Asks for the memory that a key's coming will touch: the policy's tables, and the entries
    /// that it will perhaps evict. None of these were touched for long, so each is a wait for
    /// memory, and all begin here.
    pub(in crate::cache) fn prefetch_coming(&self, hash: Hash) {
        self.state.policy.prefetch(spread(hash.place()));
        for entry in self.upcoming() {
            prefetch::read(entry.as_ptr().cast());
        }
    }

    /// Asks for what an eviction looks up of the first entry that it perhaps takes.
    pub(in crate::cache) fn prefetch_eviction(&self) {
        if let Some(entry) = self.upcoming().next() {
            // SAFETY: it is in the cache, under our lock.
            let place = unsafe { entry.as_ref() }.place();
            self.shard.index.prefetch(Hash(u64::from(place) << 32));
            self.state.policy.prefetch(spread(place));
        }
    }

    /// The entries that the last put was ahead of, as far as they are still there.
    fn upcoming(&self) -> impl Iterator<Item = NonNull<Entry>> {
        self.state.upcoming.iter().filter_map(|&token| self.state.slots.find(token))
    }

    /// Looks ahead to the next put.
    pub(in crate::cache) fn look_ahead(&mut self) {
        let state = &mut *self.state;
        state.upcoming = state.policy.upcoming();
        for &token in &state.upcoming {
            state.slots.prefetch(token);
        }
    }
}
