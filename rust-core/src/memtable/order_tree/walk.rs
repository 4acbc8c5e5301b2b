//! Walking the entries in order, or in the order turned round.
//!
//! From an entry to its newest version is a load that waits for memory, and so is the
//! entry itself. A leaf tells of all its entries at once, so a walk asks for the memory of
//! those to come: first for the entries, some steps later for their versions. It looks
//! ahead by few steps at first, since most walks are short.

use super::heads::Place;
use super::leaf::{Side, Slots, View};
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
}

impl<'g> Walk<'g> {
    /// A walk from a place on, by a path that leads to its leaf.
    pub(super) fn new(path: Path<'g>, place: Place<'_>, direction: Direction) -> Self {
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
        while self.known - self.given < self.ahead {
            let Some(entry) = self.find_next() else { break };
            prefetch::read(entry.as_ptr().cast_const().cast());
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
                if self.ahead == FAR && !self.asked_leaf {
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
