//! The entries in key order: a B+tree with one writer, read by any number of threads
//! without a lock.
//!
//! A leaf has up to 64 entries, by their addresses and by *heads*: the bytes by which its
//! keys differ, packed side by side, so that a search hardly ever looks at an entry. Who
//! walks knows from a leaf where all of its entries are, and asks for their memory ahead.
//!
//! Who changes the tree holds the memtable's order lock. A change is one store, with
//! release order, of
//! 1. the word of bits that tells which slots of a leaf are live: an entry is added in a
//!    slot that was never used, or taken out. Most changes are of this kind; or
//! 2. the link to a node, which leads to another node from then on, for the same keys: a
//!    leaf made anew since its late slots are used up, or the copy of an inner node below
//!    which there are more leaves, or fewer. Up to this store nobody sees the new nodes.
//!
//! So these hold at any time, for whoever follows links without a lock:
//! 1. What a link leads to has keys between the separators beside the link, and no others.
//!    Separators are constant, so a walk that has the nodes from the root down to a leaf
//!    finds keys in order and none twice, whatever is replaced meanwhile.
//! 2. A node that was replaced stays as it was, but for the links and bits of nodes below
//!    that the new one has, too. It has all entries that were in the order when it was
//!    replaced: so a walk finds all that is in the order from its begin to its end.
//! 3. A node is retired after the store by which no other link in the tree leads to it. A
//!    reader that comes to it later by a node that was replaced has pinned the epoch before
//!    that one was retired, so before this one was.
//! 4. An entry is retired after its bit was cleared. A reader who has seen the bit has
//!    pinned before; a replaced leaf with the bit is found as said in 3.
//!
//! The tree gives memory back as entries are removed: a leaf is made anew if less than half
//! of its slots is live, and put together with one beside it if both have no more than half
//! a leaf's entries; inner nodes likewise.

mod change;
mod contents;
mod heads;
mod inner;
mod leaf;
mod node;
mod path;
#[cfg(all(test, feature = "shuttle"))]
mod shuttle_tests;
#[cfg(all(test, not(feature = "shuttle")))]
mod tests;
mod walk;

use super::entry::Entry;
use crate::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed},
};
use change::Change;
use crossbeam_epoch::Guard;
pub(super) use heads::Place;
use leaf::Leaf;
use node::{Header, Link, Node};
pub(super) use path::Direction;
use path::Path;
use std::ptr::NonNull;
pub(crate) use walk::Walk;

/// The tree. Entries are owned by it from insertion on.
pub(super) struct OrderTree {
    root: Link,
    /// The bytes of all nodes, but for those that were retired.
    bytes: AtomicUsize,
    /// The bytes of all nodes that were ever retired.
    retired: AtomicU64,
}

impl OrderTree {
    /// No entries.
    pub(super) fn new() -> Self {
        let root = leaf::make(&[], &[]);
        // SAFETY: just made.
        let size = unsafe { root.as_ref() }.size;
        Self {
            root: Link::new(root.as_ptr()),
            bytes: AtomicUsize::new(size as usize),
            retired: AtomicU64::new(0),
        }
    }

    /// The bytes of all nodes, but for those that were retired.
    pub(super) fn footprint(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// The bytes of all nodes that were ever retired, whether they are freed yet or not.
    pub(super) fn retired_bytes(&self) -> u64 {
        self.retired.load(Relaxed)
    }

    /// A walk from a place on.
    pub(super) fn walk<'g>(
        &self,
        place: Place<'_>,
        direction: Direction,
        guard: &'g Guard,
    ) -> Walk<'g> {
        Walk::new(self.find(place, guard), place, direction)
    }

    /// Inserts entries, whose keys ascend.
    ///
    /// # Safety
    /// The caller has the order lock. The entries are valid and in no tree, their keys
    /// neither.
    pub(super) unsafe fn insert_ascending(&self, entries: &[NonNull<Entry>], guard: &Guard) {
        let mut change = Change::new(self, guard);
        let mut rest = entries;
        while !rest.is_empty() {
            // SAFETY: by the contract.
            let inserted = unsafe { change.insert_some(rest) };
            rest = &rest[inserted..];
        }
    }

    /// Removes an entry. It can be retired when this returns.
    ///
    /// # Safety
    /// The caller has the order lock; the entry is in the tree.
    pub(super) unsafe fn remove(&self, entry: &Entry, guard: &Guard) {
        // SAFETY: by the contract.
        unsafe { Change::new(self, guard).remove(entry) };
    }

    fn root(&self) -> NonNull<Header> {
        // SAFETY: never null.
        unsafe { NonNull::new_unchecked(self.root.load(Acquire)) }
    }

    /// The way to the leaf in which a place lies.
    #[inline]
    fn find<'g>(&self, place: Place<'_>, guard: &'g Guard) -> Path<'g> {
        let mut path = self.path(guard);
        path.descend(place);
        path
    }

    /// A way that has come no further than the root.
    #[inline]
    fn path<'g>(&self, _guard: &'g Guard) -> Path<'g> {
        // SAFETY: nodes are retired only through epochs, see above.
        unsafe { Path::new(self.root()) }
    }

    /// Frees all entries with their chains, and the nodes.
    ///
    /// # Safety
    /// Nobody else uses the tree, now or later.
    pub(super) unsafe fn free_all(&mut self) {
        // SAFETY: ours alone by the contract.
        unsafe { free_below(self.root()) };
    }
}

/// Frees a node and all that it leads to.
///
/// # Safety
/// The node is valid, and nobody will use it any more.
unsafe fn free_below(node: NonNull<Header>) {
    // SAFETY: by the contract; each is freed once, behind what is read of it.
    unsafe {
        match Node::at(node) {
            Node::Leaf(leaf) => free_entries(leaf),
            Node::Inner(inner) => (0..inner.len()).for_each(|i| free_below(inner.child(i))),
        }
        node::free(node);
    }
}

/// Frees the entries of a leaf with their chains.
///
/// # Safety
/// As for [`free_below`].
unsafe fn free_entries(leaf: Leaf<'_>) {
    let view = leaf.view();
    // In no order, since that would compare keys of entries, of which some are freed.
    for slot in view.slots_unordered() {
        let mut entry = view.entry(slot);
        // SAFETY: ours alone by the contract, freed once.
        unsafe {
            entry.as_mut().chain.free_all();
            Entry::free(entry);
        }
    }
}
