//! Walking the entries in ascending order.
//!
//! From one entry to the next is a load that waits for memory, and nothing tells
//! where the one after it is. So the list is cut, at entries that are linked on a
//! higher level, into stretches that are walked side by side: their waits overlap.

use super::entry::Entry;
use super::skiplist::SkipList;
use super::{Slot, prefetch};
use crossbeam_epoch::Guard;
use std::ptr;

/// Stretches begin at entries of this level: they have `2^LEVEL` entries on
/// average.
pub(super) const LEVEL: usize = 4;
/// How many stretches are walked side by side at most.
const LANES: usize = 16;
/// A stretch that is longer than this may have missed its end.
const LONG: usize = 4 << LEVEL;

/// A walk; see the module's text. It sees what was in the list when it began, and
/// of what changes meanwhile some.
pub(crate) struct Walk<'g> {
    /// Entries that are known already, and how many of them were given.
    run: Vec<&'g Entry>,
    given: usize,
    lanes: Vec<Vec<&'g Entry>>,
    /// How many stretches the next run has: few at first, since most walks are
    /// short.
    width: usize,
    /// The entry behind the run, and the first one of the level behind that.
    next: Option<&'g Entry>,
    next_high: Option<&'g Entry>,
    guard: &'g Guard,
}

impl<'g> Walk<'g> {
    /// A walk that begins at an entry; `high` is the first one of the level behind
    /// it.
    pub(super) fn new(first: Option<&'g Entry>, high: Option<&'g Entry>, guard: &'g Guard) -> Self {
        let high = match (first, high) {
            // What was found is itself of the level: its own link leads on.
            (Some(first), Some(high)) if ptr::eq(first, high) => {
                SkipList::next_on(LEVEL, high, guard)
            }
            _ => high,
        };
        Self {
            run: Vec::new(),
            given: 0,
            lanes: Vec::new(),
            width: 1,
            next: first,
            next_high: high,
            guard,
        }
    }

    /// The next slot.
    #[inline]
    pub(crate) fn next_slot(&mut self) -> Option<Slot<'g>> {
        if self.given == self.run.len() {
            self.find_more();
        }
        let entry = self.run.get(self.given).copied()?;
        self.given += 1;
        Some(Slot(entry))
    }

    #[cold]
    fn find_more(&mut self) {
        self.run.clear();
        self.given = 0;
        let Some(first) = self.next else { return };
        // Where stretches begin; behind the last one there is the next run.
        let mut starts = [None; LANES + 1];
        (starts[0], starts[1]) = (Some(first), self.next_high);
        let mut count = 1;
        while count < self.width
            && let Some(high) = starts[count]
        {
            starts[count + 1] = SkipList::next_on(LEVEL, high, self.guard);
            count += 1;
        }
        self.lanes.resize(self.lanes.len().max(count), Vec::new());
        self.walk_side_by_side(&starts[..=count]);
        for (lane, end) in self.lanes[..count].iter_mut().zip(&starts[1..]) {
            // What the next stretch begins with may have been removed since, and then
            // is not where this one ends.
            while let (Some(last), Some(end)) = (lane.last(), end)
                && !is_before(last, end)
            {
                lane.pop();
            }
            self.run.append(lane);
        }
        self.next = starts[count];
        self.next_high = self.next.and_then(|high| SkipList::next_on(LEVEL, high, self.guard));
        self.width = (2 * self.width).min(LANES);
    }

    /// Walks from each start to the one that follows it, if there is one, else to the
    /// end, a step of each in turn.
    fn walk_side_by_side(&mut self, starts: &[Option<&'g Entry>]) {
        let mut current = [None; LANES];
        let count = starts.len() - 1;
        current[..count].copy_from_slice(&starts[..count]);
        let mut running = true;
        while running {
            running = false;
            for (i, current) in current[..count].iter_mut().enumerate() {
                let Some(entry) = *current else { continue };
                let lane = &mut self.lanes[i];
                let is_end = |end: &'g Entry| {
                    ptr::eq(entry, end) || (lane.len() > LONG && !is_before(entry, end))
                };
                if starts[i + 1].is_some_and(is_end) {
                    *current = None;
                    continue;
                }
                prefetch::read(entry.chain.newest_address().cast());
                prefetch::read(entry.chain.newest_address().cast::<u8>().wrapping_add(64));
                lane.push(entry);
                *current = SkipList::next(entry, self.guard);
                prefetch::read(current.map_or(ptr::null(), ptr::from_ref).cast());
                running |= current.is_some();
            }
        }
    }
}

/// Whether an entry comes before another one.
#[inline]
fn is_before(entry: &Entry, end: &Entry) -> bool {
    // SAFETY: both are valid under the walk's guard.
    unsafe { Entry::key(entry) < Entry::key(end) }
}
