//! Changing the tree: see there on what a change is.

use super::contents::Contents;
use super::heads::{Place, compare};
use super::inner::{FANOUT, Inner, Siblings};
use super::leaf::{Leaf, SLOTS};
use super::node::{self, Header, Node};
use super::path::{Direction, Path, Step};
use super::{Entry, OrderTree};
use crate::garbage;
use crate::sync::atomic::Ordering::{Relaxed, Release};
use crossbeam_epoch::Guard;
use smallvec::SmallVec;
use std::ops::Range;
use std::ptr::NonNull;

/// How many places are searched for side by side: each step asks for the memory that the
/// next one of the same search needs, so that the misses of different searches overlap.
const GROUP: usize = 16;

/// A change, or some in a row, by whoever has the order lock.
pub(super) struct Change<'g> {
    tree: &'g OrderTree,
    guard: &'g Guard,
    /// Whether inner nodes were replaced, so that ways found before lead elsewhere.
    reshaped: bool,
}

/// Nodes that are to be retired once nothing leads to them.
type Replaced = SmallVec<[NonNull<Header>; 8]>;

impl<'g> Change<'g> {
    pub(super) fn new(tree: &'g OrderTree, guard: &'g Guard) -> Self {
        Self { tree, guard, reshaped: false }
    }

    /// Inserts some of the entries, from the first one on, and returns how many.
    ///
    /// # Safety
    /// As for [`OrderTree::insert_ascending`].
    pub(super) unsafe fn insert_some(&mut self, entries: &[NonNull<Entry>]) -> usize {
        // SAFETY: valid by the contract.
        let key = |entry: &NonNull<Entry>| unsafe { Entry::key(entry.as_ptr()) };
        let group = &entries[..entries.len().min(GROUP)];
        let paths = self.find_many(group, key);
        self.reshaped = false;
        let mut inserted = 0;
        while inserted < group.len() {
            let rest = &entries[inserted..];
            let path = match paths[inserted] {
                Some(path) if !self.reshaped => path,
                _ => self.tree.find(Place::At(key(&rest[0])), self.guard),
            };
            let end = path.end();
            let belongs = |entry: &&_| end.is_none_or(|end| compare(key(entry), end).is_lt());
            let count = 1 + rest[1..].iter().take_while(belongs).count();
            // SAFETY: by the contract.
            unsafe { self.add(&path, &rest[..count]) };
            inserted += count;
        }
        inserted
    }

    /// The ways to the leaves in which keys belong, side by side.
    fn find_many(
        &self,
        group: &[NonNull<Entry>],
        key: impl Fn(&NonNull<Entry>) -> &'g [u8],
    ) -> [Option<Path<'g>>; GROUP] {
        let start = self.tree.path(self.guard);
        let mut paths = std::array::from_fn(|i| (i < group.len()).then_some(start));
        while paths.iter().flatten().any(|path| !path.is_at_leaf()) {
            for (path, entry) in paths.iter_mut().flatten().zip(group) {
                if let Some(child) = path.step(Place::At(key(entry))) {
                    node::prefetch_search(child);
                }
            }
        }
        paths
    }

    /// Adds entries to a leaf in which they belong.
    ///
    /// # Safety
    /// As for [`OrderTree::insert_ascending`]; the way is as the tree is now.
    unsafe fn add(&mut self, path: &Path<'g>, entries: &[NonNull<Entry>]) {
        let leaf = path.leaf();
        // SAFETY: by the contract.
        if unsafe { leaf.try_add(entries) } {
            return;
        }
        let mut contents = Contents::of(leaf.view());
        let at_end = contents.add(entries) && path.is_last();
        let leaves = contents.make_leaves(at_end);
        self.replace_leaves(path, None, leaves, at_end);
    }

    /// Removes an entry.
    ///
    /// # Safety
    /// As for [`OrderTree::remove`].
    pub(super) unsafe fn remove(&mut self, entry: &Entry) {
        // SAFETY: valid by the contract.
        let path = self.tree.find(Place::At(unsafe { Entry::key(entry) }), self.guard);
        let leaf = path.leaf();
        let Some(slot) = leaf.view().slot_of(entry) else {
            debug_assert!(false, "an entry that is not in the tree is removed");
            return;
        };
        leaf.remove(slot);
        let view = leaf.view();
        for direction in [Direction::Forward, Direction::Backward] {
            if view.len() > SLOTS / 2 {
                break;
            }
            let Some(beside) = path.beside(direction) else { continue };
            // SAFETY: what is beside a leaf is one, and is valid under the guard.
            let beside = unsafe { Leaf::at(beside) }.view();
            if view.len() + beside.len() <= SLOTS / 2 {
                let both = match direction {
                    Direction::Forward => Contents::of_both(view, beside),
                    Direction::Backward => Contents::of_both(beside, view),
                };
                self.replace_leaves(&path, Some(direction), both.make_leaves(false), false);
                return;
            }
        }
        if 2 * view.len() < leaf.filled() {
            self.replace_leaves(&path, None, Contents::of(view).make_leaves(false), false);
        }
    }

    /// Replaces the leaf that a way leads to, with the one beside it if a direction is given.
    fn replace_leaves(
        &mut self,
        path: &Path<'g>,
        with: Option<Direction>,
        leaves: Siblings<'g>,
        at_end: bool,
    ) {
        self.count_new(&leaves);
        let steps: SmallVec<[_; 8]> = path.steps().collect();
        let mut old = Replaced::from_slice(&[path.leaf().node()]);
        old.extend(with.and_then(|direction| path.beside(direction)));
        let range = steps.last().map_or(0..1, |step| step.range(with));
        self.replace(&steps, range, leaves, at_end, &mut old);
        for node in old {
            self.retire(node);
        }
    }

    /// Replaces some children of the last step's node. What is not linked then is added to
    /// `old`.
    fn replace(
        &mut self,
        steps: &[Step<'g>],
        range: Range<usize>,
        children: Siblings<'g>,
        at_end: bool,
        old: &mut Replaced,
    ) {
        let Some((step, above)) = steps.split_last() else {
            return self.set_root(children, at_end, old);
        };
        if let (1, [child]) = (range.len(), &children.nodes[..]) {
            return step.inner.set_child(range.start, *child);
        }
        self.reshaped = true;
        old.push(step.inner.node());
        let shrinks = children.nodes.len() < range.len();
        let mut all = step.inner.children();
        all.replace(range, children);
        let with = match above.last() {
            Some(parent) if shrinks => parent.put_together(&mut all, old),
            Some(_) => None,
            None => return self.set_root(all, at_end, old),
        };
        let parents = self.make_parents(&all, step.inner.level(), at_end);
        let range = above.last().map_or(0..1, |parent| parent.range(with));
        self.replace(above, range, parents, at_end, old);
    }

    /// Makes one node, with nothing beside it, the root, or a node above several.
    fn set_root(&mut self, mut nodes: Siblings<'g>, at_end: bool, old: &mut Replaced) {
        self.reshaped = true;
        let mut level = nodes.level();
        while nodes.nodes.len() > 1 {
            level += 1;
            nodes = self.make_parents(&nodes, level, at_end);
        }
        let mut root = nodes.nodes[0];
        // SAFETY: valid under the guard, or new.
        while let Node::Inner(inner) = unsafe { Node::at(root) }
            && inner.len() == 1
        {
            old.push(root);
            root = inner.child(0);
        }
        self.tree.root.store(root.as_ptr(), Release);
    }

    fn make_parents(&self, children: &Siblings<'g>, level: u8, at_end: bool) -> Siblings<'g> {
        let parents = children.make_parents(level, at_end);
        self.count_new(&parents);
        parents
    }

    fn count_new(&self, nodes: &Siblings<'_>) {
        let bytes = nodes.nodes.iter().map(|&node| size(node)).sum();
        self.tree.bytes.fetch_add(bytes, Relaxed);
    }

    /// Retires a node that no link of the tree leads to any more.
    fn retire(&mut self, node: NonNull<Header>) {
        let bytes = size(node);
        self.tree.bytes.fetch_sub(bytes, Relaxed);
        self.tree.retired.fetch_add(bytes as u64, Relaxed);
        // SAFETY: by the tree's third invariant nobody who pins from now on comes to it; and
        // it is retired once, by the only writer.
        unsafe { self.guard.defer_unchecked(move || node::free(node)) };
        garbage::note(1, bytes as u64, self.guard);
    }
}

/// The bytes of a node that is valid.
fn size(node: NonNull<Header>) -> usize {
    // SAFETY: nodes that are used here are new, or valid under the guard.
    unsafe { node.as_ref() }.size as usize
}

impl<'g> Step<'g> {
    /// The child, or that and the one on a side.
    fn range(self, with: Option<Direction>) -> Range<usize> {
        match with {
            None => self.index..self.index + 1,
            Some(Direction::Forward) => self.index..self.index + 2,
            Some(Direction::Backward) => self.index - 1..self.index + 1,
        }
    }

    /// Adds to the children of this step's child those of one beside it, if they are few
    /// together, and tells which one.
    fn put_together(self, all: &mut Siblings<'g>, old: &mut Replaced) -> Option<Direction> {
        for direction in [Direction::Forward, Direction::Backward] {
            let Some(index) = self.beside(direction) else { continue };
            // SAFETY: what is beside an inner node is one, and is valid under the guard.
            let beside = unsafe { Inner::at(self.inner.child(index)) };
            if all.nodes.len() + beside.len() > FANOUT / 2 {
                continue;
            }
            old.push(beside.node());
            let separator = self.inner.separator(index.max(self.index));
            let others = beside.children();
            match direction {
                Direction::Forward => all.append(separator, others),
                Direction::Backward => {
                    let own = std::mem::replace(all, others);
                    all.append(separator, own);
                }
            }
            return Some(direction);
        }
        None
    }
}
