//! Inner nodes: children, and the separators between them.
//!
//! In the allocation follow each other: the header, the prefix and the heads of the
//! separators, the links to the children, where each separator ends, and their bytes. A
//! child has the keys from the separator before it on up to, not with, the one behind it,
//! whatever node the link leads to. All but the links is constant.

use super::heads::{self, Near, Place};
use super::node::{self, Header, Link, aligned};
use crate::sync::atomic::Ordering::{Acquire, Release};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

/// The most children; few under the model checker, so that nodes are soon full.
pub(super) const FANOUT: usize = if cfg!(feature = "shuttle") { 4 } else { 64 };

/// An inner node, borrowed.
#[derive(Clone, Copy)]
pub(super) struct Inner<'g> {
    at: NonNull<Header>,
    life: PhantomData<&'g Header>,
}

/// Nodes side by side.
pub(super) struct Siblings<'g> {
    /// At least one.
    pub(super) nodes: Vec<NonNull<Header>>,
    /// What separates each from the one before it; nothing for the first.
    pub(super) separators: Vec<&'g [u8]>,
}

/// Where the parts of a node begin, and how long it is without the separators' bytes.
struct Parts {
    heads: usize,
    links: usize,
    ends: usize,
    bytes: usize,
}

impl Parts {
    #[inline]
    fn new(prefix_len: usize, len: usize) -> Self {
        let heads = aligned(size_of::<Header>() + prefix_len);
        let links = aligned(heads + (len - 1) * size_of::<u32>());
        let ends = links + len * size_of::<Link>();
        Self { heads, links, ends, bytes: ends + (len - 1) * size_of::<u32>() }
    }
}

/// Makes a node of at most [`FANOUT`] children. The caller owns it.
pub(super) fn make(
    level: u8,
    children: &[NonNull<Header>],
    separators: &[&[u8]],
) -> NonNull<Header> {
    debug_assert!(children.len() <= FANOUT && separators.len() + 1 == children.len());
    let prefix = match separators {
        [first, .., last] => &first[..heads::shared(first, last)],
        [only] => &only[..only.len().min(heads::LONGEST_PREFIX)],
        [] => &[],
    };
    let parts = Parts::new(prefix.len(), children.len());
    let bytes: usize = separators.iter().map(|s| s.len()).sum();
    let (node, size) = node::allocate(parts.bytes + bytes);
    let (prefix_len, len) = (prefix.len() as u8, children.len() as u8);
    // SAFETY: the allocation is fresh, aligned, and has room for all parts.
    unsafe {
        let start = node.cast::<u8>().as_ptr();
        node.write(Header { level, prefix_len, len, room: 0, size });
        ptr::copy_nonoverlapping(prefix.as_ptr(), start.add(size_of::<Header>()), prefix.len());
        let links = start.add(parts.links).cast::<Link>();
        for (i, child) in children.iter().enumerate() {
            links.add(i).write(Link::new(child.as_ptr()));
        }
        let mut end = 0;
        for (i, separator) in separators.iter().enumerate() {
            let head = heads::head(&separator[prefix.len()..]);
            start.add(parts.heads).cast::<u32>().add(i).write(head);
            let to = start.add(parts.bytes + end);
            ptr::copy_nonoverlapping(separator.as_ptr(), to, separator.len());
            end += separator.len();
            start.add(parts.ends).cast::<u32>().add(i).write(end as u32);
        }
    }
    node
}

impl<'g> Inner<'g> {
    /// # Safety
    /// The pointer leads to an inner node that lives for `'g`.
    #[inline]
    pub(super) unsafe fn at(node: NonNull<Header>) -> Self {
        Self { at: node, life: PhantomData }
    }

    /// The node.
    pub(super) fn node(self) -> NonNull<Header> {
        self.at
    }

    #[inline]
    fn header(self) -> &'g Header {
        // SAFETY: valid for `'g`.
        unsafe { self.at.as_ref() }
    }

    pub(super) fn level(self) -> u8 {
        self.header().level
    }

    /// How many children there are.
    #[inline]
    pub(super) fn len(self) -> usize {
        self.header().len.into()
    }

    #[inline]
    fn parts(self) -> Parts {
        Parts::new(self.header().prefix_len.into(), self.len())
    }

    /// Some constant part of the node.
    ///
    /// # Safety
    /// It lies there.
    #[inline]
    unsafe fn part<T>(self, offset: usize, len: usize) -> &'g [T] {
        // SAFETY: by the contract; the node lives for `'g`.
        unsafe {
            let start = self.at.cast::<u8>().as_ptr().add(offset);
            std::slice::from_raw_parts(start.cast_const().cast(), len)
        }
    }

    #[inline]
    fn prefix(self) -> &'g [u8] {
        // SAFETY: the prefix follows the header.
        unsafe { self.part(size_of::<Header>(), self.header().prefix_len.into()) }
    }

    #[inline]
    fn heads(self) -> &'g [u32] {
        // SAFETY: there is one of each separator.
        unsafe { self.part(self.parts().heads, self.len() - 1) }
    }

    /// The links to the children.
    #[inline]
    pub(super) fn links(self) -> &'g [Link] {
        // SAFETY: there is one of each child; they are atomic.
        unsafe { self.part(self.parts().links, self.len()) }
    }

    /// The separator between a child and the one before it.
    pub(super) fn separator(self, child: usize) -> &'g [u8] {
        let parts = self.parts();
        // SAFETY: as made.
        unsafe {
            let ends: &[u32] = self.part(parts.ends, self.len() - 1);
            let begin = if child == 1 { 0 } else { ends[child - 2] };
            self.part(parts.bytes + begin as usize, (ends[child - 1] - begin) as usize)
        }
    }

    /// A child.
    #[inline]
    pub(super) fn child(self, index: usize) -> NonNull<Header> {
        let child = self.links()[index].load(Acquire);
        // SAFETY: links are never null.
        unsafe { NonNull::new_unchecked(child) }
    }

    /// Replaces a child. The caller is the writer.
    pub(super) fn set_child(self, index: usize, child: NonNull<Header>) {
        self.links()[index].store(child.as_ptr(), Release);
    }

    /// The child in which a place lies.
    #[inline]
    pub(super) fn index_of(self, place: Place<'_>) -> usize {
        let key = match place {
            Place::Start => return 0,
            Place::At(key) | Place::After(key) => key,
            Place::End => return self.len() - 1,
        };
        let head = match heads::approach(key, self.prefix()) {
            Near::Before => return 0,
            Near::Among(head) => head,
            Near::Behind => return self.len() - 1,
        };
        let heads = self.heads();
        let first = heads::below(heads, head);
        let equal = heads::equal(&heads[first..], head);
        let is_past = |&i: &usize| heads::compare(self.separator(i + 1), key).is_le();
        first + (first..first + equal).take_while(is_past).count()
    }

    /// The children with their separators.
    pub(super) fn children(self) -> Siblings<'g> {
        Siblings {
            nodes: (0..self.len()).map(|i| self.child(i)).collect(),
            separators: (1..self.len()).map(|i| self.separator(i)).collect(),
        }
    }
}

impl<'g> Siblings<'g> {
    /// How far they are from the leaves.
    pub(super) fn level(&self) -> u8 {
        // SAFETY: nodes side by side are new, or valid for `'g`.
        unsafe { self.nodes[0].as_ref() }.level
    }

    /// Puts others in the place of some.
    pub(super) fn replace(&mut self, range: std::ops::Range<usize>, others: Siblings<'g>) {
        let between = range.start..range.end - 1;
        self.separators.splice(between, others.separators);
        self.nodes.splice(range, others.nodes);
    }

    /// Adds others behind, which a separator is between.
    pub(super) fn append(&mut self, separator: &'g [u8], mut others: Siblings<'g>) {
        self.separators.push(separator);
        self.separators.append(&mut others.separators);
        self.nodes.append(&mut others.nodes);
    }

    /// Makes parents for them: one if they are not too many for that, else some of equal
    /// size; or full ones, but for the last, if more are to be added behind.
    pub(super) fn make_parents(&self, level: u8, at_end: bool) -> Siblings<'g> {
        let size = piece_len(self.nodes.len(), FANOUT, at_end);
        let mut parents = Siblings { nodes: Vec::new(), separators: Vec::new() };
        for (i, children) in self.nodes.chunks(size).enumerate() {
            let first = i * size;
            if first > 0 {
                parents.separators.push(self.separators[first - 1]);
            }
            let between = &self.separators[first..first + children.len() - 1];
            parents.nodes.push(make(level, children, between));
        }
        parents
    }
}

/// How many of some go into each new node, of which one holds so many at most.
pub(super) fn piece_len(count: usize, most: usize, at_end: bool) -> usize {
    if at_end { most } else { count.div_ceil(count.div_ceil(most).max(1)).max(1) }
}
