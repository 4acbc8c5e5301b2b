//! Eviction: clean entries leave the memtable when it takes more than its budget.
//!
//! The policy is CLOCK: a hand goes round the hash index, spares an entry that was
//! read since it last came by, and takes another. Dirty entries
//! stay; if there are too many of them, a flush is due, and the throttle holds
//! the writers.

use super::Durable;
use crate::storage::Core;
use crossbeam_epoch as epoch;

/// Steps of the hand in one go: some milliseconds' work at most.
const STEPS: usize = 64;

/// How far an eviction came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eviction {
    /// Memory is within its budget, or there is none.
    Enough,
    /// There is more to be evicted.
    More,
    /// Memory is over its budget, and what is in it cannot go now.
    Blocked,
    /// Enough has gone, but it is not all free yet.
    Settling,
}

impl Core {
    /// Tells that an entry could be reclaimed, were it flushed.
    pub(crate) fn note_dead(&self) {
        if let Some(durable) = &self.durable {
            durable.note_dead();
        }
    }

    /// Whether a flush is done, but readers of before it may still be there.
    pub(crate) fn is_unsettled(&self) -> bool {
        let settling = |durable: &Durable| durable.settled() < durable.segments.flushed();
        self.durable.as_ref().is_some_and(settling)
    }

    /// Whether entries that cannot be removed now are to wait for a snapshot's end
    /// or for a flush to settle.
    pub(crate) fn is_held_up(&self) -> bool {
        self.snapshots.is_any_open() || self.is_unsettled()
    }

    /// Evicts cold entries if memory is over its budget, beginning at a place in
    /// the index. Returns where to go on, and how far it came.
    ///
    /// Only the janitor calls it.
    pub(crate) fn evict(&self, mut from: usize) -> (usize, Eviction) {
        let Some(durable) = self.durable.as_ref().filter(|_| self.counted_hits != 0) else {
            return (from, Eviction::Enough);
        };
        let Some(budget) = durable.memtable_budget() else { return (from, Eviction::Enough) };
        // Some room is made ahead, so that the hand goes round in strides.
        let budget = budget - budget / 32;
        if self.memory_bytes() <= budget {
            return (from, Eviction::Enough);
        }
        if !durable.leave_complete() {
            return (from, Eviction::Blocked);
        }
        let settled = durable.settled();
        let (mut seen, mut spared, mut taken) = (0, 0, 0);
        for _ in 0..STEPS {
            let guard = &epoch::pin();
            from = self.memtable.visit(from, guard, |slot| {
                seen += 1;
                let Some(newest) = slot.newest(guard).filter(|r| r.sequence() <= settled) else {
                    return;
                };
                if slot.take_hits() {
                    spared += 1;
                } else if self.memtable.evict(
                    slot,
                    newest,
                    || self.mailbox.count_removal(),
                    &self.counters,
                    guard,
                ) {
                    taken += 1;
                }
            });
            if self.memory_bytes() <= budget {
                return (from, Eviction::Enough);
            }
        }
        // If next to nothing can be evicted, that does not change at once.
        let is_of_use = (spared + taken) * 64 >= seen.max(1);
        (from, if is_of_use { Eviction::More } else { Eviction::Blocked })
    }
}
