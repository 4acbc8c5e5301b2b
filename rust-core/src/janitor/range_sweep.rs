//! Carrying out the deletions of ranges in memory: the entries that they hide are
//! removed, and then the deletions leave the list.

use super::PAGE;
use crate::memtable::{Reclaim, Slot};
use crate::range_tombstones::RangeTombstone;
use crate::storage::Core;
use crossbeam_epoch::{self as epoch, Guard};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Goes over the deletions that nobody reads behind any more, oldest first. Where
/// something is in the way, the deletion stays for the next pass.
pub(super) struct RangeSweep {
    /// What is left of this pass.
    pass: VecDeque<RangeTombstone>,
    /// Where the first of them goes on.
    from: Vec<u8>,
    /// Whether something was in the way of the first of them.
    hindered: bool,
    /// Those that were carried out.
    done: Vec<RangeTombstone>,
    /// How long this pass has taken.
    took: Duration,
    /// When the next pass may begin.
    due: Instant,
}

/// What is left to be done.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) enum Left {
    /// No deletion is in the list.
    Nothing,
    /// Some that can be carried out.
    Some,
    /// Some that have to wait.
    Later,
}

impl RangeSweep {
    pub(super) fn new() -> Self {
        Self {
            pass: VecDeque::new(),
            from: Vec::new(),
            hindered: false,
            done: Vec::new(),
            took: Duration::ZERO,
            due: Instant::now(),
        }
    }

    /// Looks at a page of entries.
    pub(super) fn step(&mut self, core: &Core) -> Left {
        let guard = &epoch::pin();
        let Some(list) = core.memtable.deletions.load(guard) else { return Left::Nothing };
        let start = Instant::now();
        if self.pass.is_empty() {
            if self.due > start {
                return Left::Later;
            }
            self.begin(core.memtable.deletions.up_to(core.oldest_needed(), guard).newer_than(0));
        }
        core.memtable.order_all(guard);
        let mut left = PAGE;
        while left > 0 && !self.pass.is_empty() {
            self.carry_out(core, &mut left, guard);
        }
        self.took += start.elapsed();
        let all = list.len();
        if !self.pass.is_empty() {
            return Left::Some;
        }
        self.end(core, all, guard)
    }

    fn begin<'a>(&mut self, eligible: impl Iterator<Item = &'a RangeTombstone>) {
        let mut pass: Vec<_> = eligible.cloned().collect();
        pass.sort_by_key(|tombstone| tombstone.sequence);
        self.pass = pass.into();
        self.took = Duration::ZERO;
        self.begin_next();
    }

    fn begin_next(&mut self) {
        self.from.clear();
        self.hindered = false;
        if let Some(next) = self.pass.front() {
            self.from.extend_from_slice(&next.start);
        }
    }

    /// Removes what the first deletion hides, up to `left` entries.
    fn carry_out(&mut self, core: &Core, left: &mut usize, guard: &Guard) {
        let Some(deletion) = self.pass.front() else { return };
        let mut walk = core.memtable.walk(Some(&self.from), false, guard);
        while let Some(s) = walk.next_slot().filter(|s| s.key() < deletion.end.as_slice()) {
            if *left == 0 {
                self.from.clear();
                self.from.extend_from_slice(s.key());
                return;
            }
            *left -= 1;
            self.hindered |= !is_rid(core, s, deletion.sequence, guard);
        }
        *left = left.saturating_sub(1);
        self.done.extend(self.pass.pop_front().filter(|_| !self.hindered));
        self.begin_next();
    }

    /// Takes those that were carried out off the list, which has `all`.
    fn end(&mut self, core: &Core, all: usize, guard: &Guard) -> Left {
        let done = std::mem::take(&mut self.done);
        if !done.is_empty() {
            core.memtable.forget_ranges(&done, &core.counters, guard);
        }
        // A pass takes a small part of the time, if it is for nothing.
        self.due = Instant::now() + if done.is_empty() { self.took * 20 } else { Duration::ZERO };
        if done.len() == all { Left::Nothing } else { Left::Later }
    }
}

/// Removes what a deletion hides of a slot, and tells whether it hides nothing any
/// more: only the newest of the older versions could be seen without it.
fn is_rid(core: &Core, slot: Slot<'_>, deletion: u64, guard: &Guard) -> bool {
    let hides = || slot.at(deletion, guard).record.is_some_and(|r| !r.is_tombstone());
    !hides() || core.reclaim(slot, guard) == Reclaim::Removed || !hides()
}
