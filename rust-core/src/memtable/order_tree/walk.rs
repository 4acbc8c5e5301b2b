//! Walking the entries in order, or in the order turned round.
//!
//! From an entry to its newest version is a load that waits for memory, and so is the
//! entry itself. A leaf tells of all its entries at once, so a walk asks for the memory of
//! those to come: first for the entries, some steps later for their versions. It looks
//! ahead by few steps at first, since most walks are short, unless it is told how many
//! entries are wanted: then it asks for the first ones in a row, whose waits overlap.

use super::heads::Place;
use super::leaf::{SLOTS, Side, Slots, View};
use super::node;
use super::path::{Direction, Path};
use crate::memtable::entry::Entry;
use crate::memtable::prefetch;
use crate::memtable::slot::Slot;
use std::ptr::NonNull;

/// How many entries a walk looks ahead in the end, and at first.
const FAR: usize = 24;
const NEAR: usize = 3;
/// The entries that are known and not given have a place in a ring.
const RING: usize = 32;

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
    /// How many entries were given; of how many more the versions were asked for; and how
    /// many more are known.
    given: usize,
    asked: usize,
    known: usize,
    /// How far to look ahead.
    ahead: usize,
    /// How many entries are wanted.
    wanted: usize,
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
            asked: 0,
            known: 0,
            ahead: NEAR,
            wanted: usize::MAX,
        }
    }

    /// Tells before the first step how many entries are likely to be taken at most: so many
    /// are asked for, soon, and few others. There may be more steps all the same.
    pub(crate) fn expect(&mut self, entries: u64) {
        // Who does not know says a number that no memory holds.
        if let Ok(entries) = u32::try_from(entries) {
            self.wanted = entries as usize;
            self.ahead = FAR;
        }
    }

    /// The next slot.
    #[inline]
    pub(crate) fn next_slot(&mut self) -> Option<Slot<'g>> {
        self.look_ahead();
        if self.given == self.known {
            return None;
        }
        let entry = self.ring[self.given % RING];
        self.given += 1;
        // SAFETY: seen in the order under the guard.
        Some(Slot(unsafe { entry.as_ref() }))
    }

    /// Asks for the memory of entries that come later.
    #[inline]
    fn look_ahead(&mut self) {
        // Behind those that are wanted, no farther than the next step: the others were dead.
        let wanted = self.wanted.max(self.given + 1);
        let far = (self.given + self.ahead).min(wanted);
        while self.known < far {
            let Some(entry) = self.find_next() else { break };
            prefetch::read(entry.as_ptr().cast_const().cast());
            // The key may lie on another line.
            prefetch::read(entry.as_ptr().wrapping_add(1).cast_const().cast());
            self.ring[self.known % RING] = entry;
            self.known += 1;
        }
        let near = self.known.min(self.given + self.ahead / 2 + 1);
        while self.asked < near {
            // SAFETY: as in `next_slot`.
            Slot(unsafe { self.ring[self.asked % RING].as_ref() }).prefetch_newest();
            self.asked += 1;
        }
        self.ahead = (self.ahead + 1).min(FAR);
    }

    /// The next entry of which nothing is known.
    #[inline]
    fn find_next(&mut self) -> Option<NonNull<Entry>> {
        loop {
            let slot = match self.direction {
                Direction::Forward => self.slots.next(),
                Direction::Backward => self.slots.next_back(),
            };
            if let Some(slot) = slot {
                if self.ahead == FAR && !self.asked_leaf && self.known + SLOTS / 2 < self.wanted {
                    self.ask_for_leaf();
                }
                return Some(self.view.entry(slot));
            }
            if !self.turn_leaf() {
                return None;
            }
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
