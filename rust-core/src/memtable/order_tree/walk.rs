//! Walking the entries in order, or in the order turned round.
//!
//! From an entry to its newest version is a load that waits for memory, and so is the
//! entry itself. A leaf tells of all its entries at once, so a walk asks for the memory of
//! those to come: first for the entries, some steps later for their versions. It looks
//! ahead by few steps at first, since most walks are short, unless it is told how many
//! entries are wanted: then it asks for the first ones in a row, whose waits overlap.
//!
//! Such a request holds up what follows it until its address is translated, but the
//! processor goes on for some hundred instructions meanwhile. So the fewer instructions a
//! step has, the more of the waits overlap: entries are listed some at a time, and a step
//! takes one from the list.

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
/// How many entries are listed at a time, at most.
const CHUNK: usize = 16;
/// The entries that are listed and not given have a place in a ring.
const RING: usize = 64;

const _: () = assert!(FAR + CHUNK <= RING);

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
    /// How many entries were given; how many versions and how many entries were asked for;
    /// and how many entries are listed: each at least as many as the one before.
    given: usize,
    versions: usize,
    entries: usize,
    listed: usize,
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
            versions: 0,
            entries: 0,
            listed: 0,
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
        if self.given == self.listed {
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
        if self.listed < far {
            self.list(far);
        }
        let far = far.min(self.listed);
        while self.entries < far {
            let entry = self.ring[self.entries % RING].as_ptr().cast_const();
            prefetch::read(entry.cast());
            // The key may lie on another line.
            prefetch::read(entry.wrapping_add(1).cast());
            self.entries += 1;
        }
        let near = far.min(self.given + self.ahead / 2 + 1);
        while self.versions < near {
            // SAFETY: as in `next_slot`.
            Slot(unsafe { self.ring[self.versions % RING].as_ref() }).prefetch_newest();
            self.versions += 1;
        }
        self.ahead = (self.ahead + 1).min(FAR);
    }

    /// Lists entries until there are so many, or no more. It is not for every step.
    #[inline(never)]
    fn list(&mut self, count: usize) {
        while self.listed < count {
            let listed = self.listed;
            self.list_some();
            if self.listed == listed && !self.turn_leaf() {
                return;
            }
            if self.ahead == FAR && !self.asked_leaf && self.listed + SLOTS / 2 < self.wanted {
                self.ask_for_leaf();
            }
        }
    }

    /// Lists entries of the leaf, if any are left.
    fn list_some(&mut self) {
        let (view, listed) = (self.view, self.listed);
        let (ring, slots) = (&mut self.ring, &mut self.slots);
        self.listed += match self.direction {
            Direction::Forward => fill(ring, listed, view.entries(slots)),
            Direction::Backward => fill(ring, listed, view.entries(slots.rev())),
        };
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

/// Puts at most [`CHUNK`] entries into a ring, the first as its entry of that number, and
/// tells how many.
#[inline]
fn fill(
    ring: &mut [NonNull<Entry>; RING],
    first: usize,
    entries: impl Iterator<Item = NonNull<Entry>>,
) -> usize {
    let mut count = 0;
    for entry in entries.take(CHUNK) {
        ring[(first + count) % RING] = entry;
        count += 1;
    }
    count
}
