//! Moving entries together, so that memory that lies empty can be used again for blocks
//! of other lengths.

use super::Cache;
use super::entry::{Entry, NO_TOKEN};
use super::policy::Policy;
use std::ptr::NonNull;

/// This part of the budget may lie empty in spans.
const SLACK: u64 = 64;
/// From twice that on, puts take part in the work; but not for less than this, since each
/// class of lengths may have a span that is nearly empty.
const LEAST: u64 = 4 << 20;
/// The spans that a put empties.
const SHARE: usize = 2;

impl<P: Policy> Cache<P> {
    /// Empties spans while more than a small part of the budget lies empty in such.
    pub(super) fn compact(&self) {
        self.empty_spans(usize::MAX);
    }

    /// Takes part in that, if there is much to do. The caller is not pinned.
    #[inline]
    pub(super) fn help_compact(&self) {
        let slack = self.memory.slack();
        if slack > LEAST && slack > self.memory.budget() / (SLACK / 2) {
            self.empty_spans(SHARE);
        }
    }

    /// Empties so many spans at most.
    #[cold]
    fn empty_spans(&self, count: usize) {
        let (arena, most) = (&self.memory.arena, (self.memory.room() / SLACK) as usize);
        for _ in 0..count {
            if arena.emptying() > most || self.memory.is_full() {
                self.collect();
            }
            // Spans are freed with the last block that was moved out of them, once no
            // reader has it: while many wait for that, there is no sense in emptying more.
            // And until then, what was moved counts twice.
            if arena.slack() <= most || arena.emptying() > most || self.memory.is_full() {
                return;
            }
            let Some(span) = arena.sparsest() else { return };
            for block in span.blocks() {
                self.relocate(block.cast());
            }
            drop(span);
            self.collect();
        }
    }

    /// Moves the entry in a block to another one, if there is an entry in the cache.
    pub(super) fn relocate(&self, entry: NonNull<Entry>) {
        // SAFETY: the block is valid; what is in it is told by its atomics alone until
        // the shard, under its lock, knows the entry.
        let (token, place) = unsafe { (entry.as_ref().token(), entry.as_ref().place()) };
        if token != NO_TOKEN {
            let shard = self.shard_at(place);
            self.within(shard, |locked, departures| locked.relocate(entry, departures));
        }
    }
}
