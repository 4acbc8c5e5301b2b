//! What becomes of entries that left a shard: they wait for their readers, and then are freed, or
//! their blocks used again.

use super::{Locked, State};
use crate::cache::departure::{Cause, Departures};
use crate::cache::entry::Entry;
use crate::cache::leaving::Leaving;
use crate::cache::policy::Policy;
use crate::cache::spares::Spares;
use std::ptr::NonNull;

/// What is done about entries that left, once the lock is given back.
#[derive(Default)]
pub(in crate::cache) struct Afterwards {
    /// They are to be freed once no reader has them.
    pub(in crate::cache) retired: Option<Leaving>,
    /// They are to be freed: no reader has them.
    pub(in crate::cache) unwanted: Vec<NonNull<Entry>>,
    /// Some wait for readers.
    pub(in crate::cache) some_wait: bool,
}

impl<P: Policy> Locked<'_, P> {
    /// Notes an entry that cannot be found any more.
    pub(super) fn depart(
        &mut self,
        entry: NonNull<Entry>,
        cause: Cause,
        departures: &mut Departures,
    ) {
        // SAFETY: it was in the cache, and leaves once.
        let weight = self.memory.weight(unsafe { entry.as_ref() });
        self.retired = self.retired.wrapping_add(weight);
        self.state.retired += weight;
        if weight <= Spares::LONGEST {
            self.state.spares.add(entry, weight);
        } else {
            self.state.leaving.add(entry, weight);
        }
        departures.push((entry, cause));
    }

    /// Lets what left be freed, however little that is.
    pub(in crate::cache) fn hurry(&mut self) {
        let State { leaving, spares, .. } = &mut *self.state;
        for entry in spares.take_all() {
            // SAFETY: it is valid until it is freed.
            leaving.add(entry, self.memory.weight(unsafe { entry.as_ref() }));
        }
        leaving.hurry();
    }

    /// Has the memory count what is due, and tells what else is, so that no more than so many
    /// bytes wait for more.
    pub(in crate::cache) fn settle(&mut self, most: u64) -> Afterwards {
        self.count_tables();
        self.memory.count_retired(std::mem::take(&mut self.retired));
        let some_wait = self.state.spares.close(most, &self.memory.grace);
        let unwanted = self.state.spares.take_unwanted();
        Afterwards { retired: self.state.leaving.take(most), unwanted, some_wait }
    }

    /// Whether the shard has retired its share of so many bytes since this was true last.
    pub(in crate::cache) fn has_retired_much(&mut self, bytes: u64, shards: usize) -> bool {
        let much = self.state.retired * shards as u64 >= bytes;
        if much {
            self.state.retired = 0;
        }
        much
    }
}
