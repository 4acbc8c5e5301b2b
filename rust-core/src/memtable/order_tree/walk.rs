//! Walking the entries in order, or in the order turned round.
//!
//! From an entry to its newest version is a load that waits for memory, and so is the
//! entry itself; each lies on a page of its own, and a processor stands still at an
//! instruction whose address it has yet to translate, unless others like it follow at once.
//! A leaf tells of all its entries, so a walk asks for the memory of those to come, many in
//! a row: for some entries, then for the versions of those that were asked for before, and
//! gives meanwhile the ones before these. It begins with few, since most walks are short,
//! unless it is told how many are wanted.

use super::heads::Place;
use super::leaf::{Side, Slots, View};
use super::node;
use super::path::{Direction, Path};
use crate::memtable::entry::Entry;
use crate::memtable::prefetch;
use crate::memtable::slot::Slot;
use std::ptr::NonNull;

/// How many entries are asked for in a row in the end, and at first.
const MANY: usize = 16;
const FEW: usize = 4;
/// The entries that are known and not given have a place in a ring.
const RING: usize = 64;

/// Entries are given, those to be given next wait for their versions' memory, those behind
/// them for their own.
const _: () = assert!(3 * MANY <= RING);

/// A walk; see the module's text. It sees all that is in the order when it begins until it
/// ends, each entry once, and of what comes and goes meanwhile some.
pub(crate) struct Walk<'g> {
    path: Path<'g>,
    direction: Direction,
    view: View<'g>,
    /// What is left of the leaf.
    slots: Slots,
    /// Whether the memory of the leaf after it was asked for.
    asked_leaf: bool,
    ring: [NonNull<Entry>; RING],
    /// How many entries were given, before it is time to look ahead again, up to which
    /// one the versions were asked for, and how many are known: each at least as many as
    /// the one before.
    given: usize,
    ready: usize,
    asked: usize,
    known: usize,
    /// How many are wanted.
    wanted: usize,
    /// How many to ask for in a row.
    batch: usize,
}

impl<'g> Walk<'g> {
    /// A walk from a place on, by a path that leads to its leaf.
    pub(super) fn new(path: Path<'g>, place: Place<'_>, direction: Direction) -> Self {
        node::prefetch_all(path.leaf().node());
        let view = path.leaf().view();
        let side = match direction {
            Direction::Forward => Side::Behind,
            Direction::Backward => Side::Before,
        };
        Self {
            path,
            direction,
            view,
            slots: view.part(place, side),
            asked_leaf: false,
            ring: [NonNull::dangling(); RING],
            given: 0,
            ready: 0,
            asked: 0,
            known: 0,
            wanted: usize::MAX,
            batch: FEW,
        }
    }

    /// Tells before the first step how many entries are likely to be taken at most: so many
    /// are asked for, soon, and no others. There may be more steps all the same.
    pub(crate) fn expect(&mut self, entries: u64) {
        // Who does not know says a number that no memory holds.
        if let Ok(entries) = u32::try_from(entries) {
            self.wanted = entries as usize;
            self.batch = MANY;
        }
    }

    /// The next slot.
    #[inline]
    pub(crate) fn next_slot(&mut self) -> Option<Slot<'g>> {
        if self.given == self.ready {
            self.look_ahead();
            if self.given == self.ready {
                return None;
            }
        }
        let entry = self.ring[self.given % RING];
        self.given += 1;
        // SAFETY: seen in the order under the guard.
        Some(Slot(unsafe { entry.as_ref() }))
    }

    /// Asks for memory, so that there is something to give, if anything is left.
    #[inline(never)]
    fn look_ahead(&mut self) {
        if self.asked > self.given {
            self.ready = self.asked;
            self.ask_for_versions();
        } else {
            // What there is is needed at once: half of it is given before the other half's
            // successors are looked for.
            if self.known == self.given {
                self.find();
            }
            self.ask_for_versions();
            self.ready = self.given + (self.asked - self.given).div_ceil(2);
        }
        if self.known < self.wanted {
            self.find();
        }
    }

    /// Asks for the newest versions of all entries that are known.
    #[inline]
    fn ask_for_versions(&mut self) {
        while self.asked < self.known {
            // SAFETY: as in `next_slot`.
            Slot(unsafe { self.ring[self.asked % RING].as_ref() }).prefetch_newest();
            self.asked += 1;
        }
    }

    /// Finds some entries, and asks for them.
    fn find(&mut self) {
        let wanted = self.wanted.saturating_sub(self.known).max(FEW);
        if self.batch == MANY && !self.asked_leaf && wanted > self.slots.len() {
            self.ask_for_leaf();
        }
        let until = self.known + self.batch.min(wanted);
        loop {
            match self.direction {
                Direction::Forward => self.take(until, Slots::next),
                Direction::Backward => self.take(until, Slots::next_back),
            }
            if self.known == until || !self.turn_leaf() {
                break;
            }
        }
        self.batch = (2 * self.batch).min(MANY);
    }

    /// Takes entries from the leaf, until so many are known.
    #[inline]
    fn take(&mut self, until: usize, next: impl Fn(&mut Slots) -> Option<usize>) {
        let entry_in = self.view.entries();
        while self.known < until
            && let Some(slot) = next(&mut self.slots)
        {
            let entry = entry_in(slot);
            // The key may lie on another line.
            prefetch::read(entry.as_ptr().cast_const().cast());
            prefetch::read(entry.as_ptr().wrapping_add(1).cast_const().cast());
            self.ring[self.known % RING] = entry;
            self.known += 1;
        }
    }

    fn ask_for_leaf(&mut self) {
        self.asked_leaf = true;
        if let Some(leaf) = self.path.beside(self.direction) {
            node::prefetch_all(leaf);
        }
    }

    fn turn_leaf(&mut self) -> bool {
        if !self.path.turn(self.direction) {
            return false;
        }
        self.view = self.path.leaf().view();
        self.slots = self.view.slots();
        self.asked_leaf = false;
        true
    }
}
