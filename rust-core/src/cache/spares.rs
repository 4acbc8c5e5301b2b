//! Short entries that left a shard: until no reader can have them, and then their blocks, for
//! entries that come.
//!
//! What comes is as long as what leaves, most often. Then its block goes from the one to the
//! other under the shard's lock, and neither the arena nor what all shards count together is
//! touched.

use super::entry::Entry;
use super::grace::{Grace, Moment};
use super::memory::Memory;
use std::collections::VecDeque;
use std::ptr::NonNull;

/// Entries of a part at most. The model checker explores what a handful of entries do.
const TOGETHER: usize = if cfg!(feature = "shuttle") { 1 } else { 32 };
/// Parts that are kept although no reader can have them.
const KEPT: usize = 2;

/// Entries that cannot be found any more, and are counted as retired. First what each of them
/// changes.
#[derive(Default)]
#[repr(C)]
pub(super) struct Spares {
    /// Blocks that no reader has any more, of one part.
    spare: Vec<NonNull<Entry>>,
    /// What left last.
    open: Vec<NonNull<Entry>>,
    /// What it weighs.
    open_bytes: u64,
    /// What left before it, the oldest first.
    waiting: VecDeque<Part>,
    /// The memory of a part that was used up.
    empty: Vec<NonNull<Entry>>,
    /// Blocks that no reader has any more, and which nobody wanted.
    unwanted: Vec<NonNull<Entry>>,
}

/// Entries that wait for the same readers.
struct Part {
    entries: Vec<NonNull<Entry>>,
    /// When all of them had left.
    left: Moment,
}

// SAFETY: it stands for the entries, which only who has it uses again.
unsafe impl Send for Spares {}

impl Spares {
    /// The entries that are kept here when they leave are no longer than this.
    pub(super) const LONGEST: u64 = 1 << 10;

    pub(super) fn add(&mut self, entry: NonNull<Entry>, weight: u64) {
        if self.open.capacity() == 0 {
            self.open.reserve_exact(TOGETHER);
        }
        self.open.push(entry);
        self.open_bytes += weight;
    }

    /// A block of this length that no reader has any more. Its entry is counted as retired.
    pub(super) fn take(&mut self, len: usize, memory: &Memory) -> Option<NonNull<u8>> {
        if self.spare.is_empty() {
            self.spare = self.next_part(&memory.grace)?;
        }
        let entry = *self.spare.last()?;
        // SAFETY: it is valid until its block is used again.
        if unsafe { memory.is_reusable(entry, len) } {
            self.spare.pop();
            return Some(entry.cast());
        }
        self.unwanted.append(&mut self.spare);
        None
    }

    /// What is taken next, most likely.
    pub(super) fn next(&self) -> Option<NonNull<Entry>> {
        self.spare.last().copied()
    }

    /// The oldest part, if no reader can have its entries any more.
    fn next_part(&mut self, grace: &Grace) -> Option<Vec<NonNull<Entry>>> {
        let part = self.waiting.pop_front_if(|part| grace.is_over(part.left))?;
        self.empty = std::mem::take(&mut self.spare);
        Some(part.entries)
    }

    /// Lets what left last wait, once it is many or weighs more than `most`. Tells whether.
    #[inline]
    pub(super) fn close(&mut self, most: u64, grace: &Grace) -> bool {
        let is_due = self.open.len() >= TOGETHER || self.open_bytes > most;
        if is_due {
            self.close_part(grace);
        }
        is_due
    }

    fn close_part(&mut self, grace: &Grace) {
        let entries = std::mem::replace(&mut self.open, std::mem::take(&mut self.empty));
        self.open_bytes = 0;
        self.waiting.push_back(Part { entries, left: grace.now() });
        while self.waiting.get(KEPT).is_some_and(|part| grace.is_over(part.left)) {
            self.unwanted.extend(self.waiting.pop_front().into_iter().flat_map(|p| p.entries));
        }
    }

    /// Blocks that are to be freed: no reader has them any more.
    #[inline]
    pub(super) fn take_unwanted(&mut self) -> Vec<NonNull<Entry>> {
        if self.unwanted.is_empty() { Vec::new() } else { std::mem::take(&mut self.unwanted) }
    }

    /// All that is here, whether or not readers have it.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = NonNull<Entry>> {
        let Self { spare, open, waiting, unwanted, .. } = std::mem::take(self);
        let waiting = waiting.into_iter().flat_map(|part| part.entries);
        [spare, open, unwanted].into_iter().flatten().chain(waiting)
    }
}
