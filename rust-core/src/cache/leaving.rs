//! Entries that left a shard and are freed together: so what threads share is written once
//! for many of them.

use super::entry::Entry;
use std::ptr::NonNull;

/// So many are freed together at most.
const TOGETHER: usize = 32;

/// Entries that cannot be found any more, and are counted as retired.
#[derive(Default)]
pub(super) struct Leaving {
    entries: Vec<NonNull<Entry>>,
    /// What they weigh.
    bytes: u64,
    /// Others are not to be waited for.
    is_urgent: bool,
}

// SAFETY: it stands for the entries, which only who has it frees.
unsafe impl Send for Leaving {}

impl Leaving {
    pub(super) fn add(&mut self, entry: NonNull<Entry>, weight: u64) {
        if self.entries.capacity() == 0 {
            self.entries.reserve_exact(TOGETHER);
        }
        self.entries.push(entry);
        self.bytes += weight;
    }

    /// Lets the next [`Leaving::take`] have them, however few they are.
    pub(super) fn hurry(&mut self) {
        self.is_urgent = true;
    }

    /// Those that are to be freed now: all or none. No more than so many bytes stay.
    #[inline]
    pub(super) fn take(&mut self, most: u64) -> Option<Self> {
        let is_due = self.entries.len() >= TOGETHER || self.bytes > most || self.is_urgent;
        is_due.then(|| std::mem::take(self))
    }

    /// Those that are freed together: when all leave at once, nobody has to free them all.
    pub(super) fn parts(self) -> impl Iterator<Item = Vec<NonNull<Entry>>> {
        let mut rest = self.entries;
        std::iter::from_fn(move || {
            let part = match rest.len() {
                0..=TOGETHER => std::mem::take(&mut rest),
                more => rest.split_off(more - TOGETHER),
            };
            (!part.is_empty()).then_some(part)
        })
    }
}
