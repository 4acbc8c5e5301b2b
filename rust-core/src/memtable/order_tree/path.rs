//! Ways from the root to a leaf.

use super::heads::Place;
use super::inner::Inner;
use super::leaf::Leaf;
use super::node::{self, Header};
use std::ptr::NonNull;

/// No tree is higher: two nodes side by side have more than half a node's children
/// together, so a level has about a sixteenth of the nodes of the one below, or less.
const MAX_HEIGHT: usize = 12;

/// A way to a leaf, as it was when it was gone: a node on it may have been replaced since.
#[derive(Clone, Copy)]
pub(super) struct Path<'g> {
    steps: [Option<Step<'g>>; MAX_HEIGHT],
    len: usize,
    /// Where the way has come to, and how far that is from a leaf.
    node: NonNull<Header>,
    level: u8,
}

/// An inner node, and the child that the way goes on by.
#[derive(Clone, Copy)]
pub(super) struct Step<'g> {
    pub(super) inner: Inner<'g>,
    pub(super) index: usize,
}

/// Towards greater keys or smaller ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::memtable) enum Direction {
    Forward,
    Backward,
}

impl<'g> Path<'g> {
    /// A way that has come no further than the root.
    ///
    /// # Safety
    /// The root and all that it leads to, now and later, lives for `'g`.
    #[inline]
    pub(super) unsafe fn new(root: NonNull<Header>) -> Self {
        // SAFETY: valid by the contract.
        let level = unsafe { root.as_ref() }.level;
        Self { steps: [None; MAX_HEIGHT], len: 0, node: root, level }
    }

    /// Goes on to the leaf in which a place lies.
    #[inline]
    pub(super) fn descend(&mut self, place: Place<'_>) {
        while let Some(child) = self.step(place) {
            node::prefetch_search(child);
        }
    }

    /// Goes on to a child, unless the way has come to a leaf. The child is returned, and
    /// its memory is not looked at before the next step.
    #[inline]
    pub(super) fn step(&mut self, place: Place<'_>) -> Option<NonNull<Header>> {
        if self.level == 0 {
            return None;
        }
        // SAFETY: as `new` has it, and it is no leaf.
        let inner = unsafe { Inner::at(self.node) };
        self.push(Step { inner, index: inner.index_of(place) });
        Some(self.node)
    }

    #[inline]
    fn push(&mut self, step: Step<'g>) {
        self.steps[self.len] = Some(step);
        self.len += 1;
        self.node = step.inner.child(step.index);
        self.level -= 1;
    }

    /// Whether the next step looks at a leaf, if there is one.
    #[inline]
    pub(super) fn is_at_leaf(&self) -> bool {
        self.level == 0
    }

    /// The leaf to which the way leads.
    #[inline]
    pub(super) fn leaf(&self) -> Leaf<'g> {
        debug_assert!(self.is_at_leaf());
        // SAFETY: as `new` has it, and it is a leaf.
        unsafe { Leaf::at(self.node) }
    }

    /// Goes to the leaf on one side of this one, as the nodes of this way have it. False if
    /// there is none.
    pub(super) fn turn(&mut self, direction: Direction) -> bool {
        while let Some(step) = self.pop() {
            if let Some(index) = step.beside(direction) {
                self.push(Step { index, ..step });
                self.descend(match direction {
                    Direction::Forward => Place::Start,
                    Direction::Backward => Place::End,
                });
                return true;
            }
        }
        false
    }

    fn pop(&mut self) -> Option<Step<'g>> {
        self.len = self.len.checked_sub(1)?;
        self.level += 1;
        self.steps[self.len]
    }

    /// The leaf on one side of this one, if it has the same parent.
    pub(super) fn beside(&self, direction: Direction) -> Option<NonNull<Header>> {
        let step = self.steps().next_back()?;
        Some(step.inner.child(step.beside(direction)?))
    }

    /// Whether nothing comes behind the leaf.
    pub(super) fn is_last(&self) -> bool {
        self.steps().all(|step| step.beside(Direction::Forward).is_none())
    }

    /// Where the keys of the leaf end; nowhere if it is the last one.
    pub(super) fn end(&self) -> Option<&'g [u8]> {
        let mut steps = self.steps().rev();
        steps.find_map(|step| Some(step.inner.separator(step.beside(Direction::Forward)?)))
    }

    /// The steps, from the root on.
    pub(super) fn steps(&self) -> impl DoubleEndedIterator<Item = Step<'g>> {
        self.steps[..self.len].iter().copied().flatten()
    }
}

impl Step<'_> {
    /// The child on one side.
    pub(super) fn beside(self, direction: Direction) -> Option<usize> {
        match direction {
            Direction::Forward => Some(self.index + 1).filter(|&i| i < self.inner.len()),
            Direction::Backward => self.index.checked_sub(1),
        }
    }
}
