//! What leaves and inner nodes have in common.

use super::inner::Inner;
use super::leaf::Leaf;
use crate::allocator::pool;
use crate::memtable::prefetch;
use crate::sync::atomic::AtomicPtr;
use std::alloc::{Layout, handle_alloc_error};
use std::ptr::NonNull;

/// What every node begins with. It is constant.
#[repr(C)]
pub(super) struct Header {
    /// 0 for a leaf, else one more than that of the children.
    pub(super) level: u8,
    /// The length of what all keys of the node begin with.
    pub(super) prefix_len: u8,
    /// How many slots were filled when a leaf was made, or how many children there are.
    pub(super) len: u8,
    /// How many slots there are beside, in a leaf.
    pub(super) room: u8,
    /// The bytes of the node.
    pub(super) size: u32,
}

/// What leads to a node.
pub(super) type Link = AtomicPtr<Header>;

/// A node, borrowed.
#[derive(Clone, Copy)]
pub(super) enum Node<'g> {
    Leaf(Leaf<'g>),
    Inner(Inner<'g>),
}

impl<'g> Node<'g> {
    /// # Safety
    /// The pointer leads to a node that lives for `'g`.
    #[inline]
    pub(super) unsafe fn at(node: NonNull<Header>) -> Self {
        // SAFETY: by the contract; the level tells what it is.
        unsafe {
            match node.as_ref().level {
                0 => Node::Leaf(Leaf::at(node)),
                _ => Node::Inner(Inner::at(node)),
            }
        }
    }
}

/// Asks for the memory that a search in a node of usual size looks at.
#[inline]
pub(super) fn prefetch_search(node: NonNull<Header>) {
    prefetch_lines(node, 5);
}

/// Asks for the memory of a node of usual size.
#[inline]
pub(super) fn prefetch_all(node: NonNull<Header>) {
    prefetch_lines(node, 13);
}

#[inline]
fn prefetch_lines(node: NonNull<Header>, count: usize) {
    for line in 0..count {
        prefetch::read(node.as_ptr().cast_const().cast::<u8>().wrapping_add(64 * line));
    }
}

/// Memory for a node of so many bytes, which is rounded up to what the allocator gives.
/// As with the library's collections, there is no going on without.
pub(super) fn allocate(size: usize) -> (NonNull<Header>, u32) {
    let size = pool::rounded(size);
    let node = NonNull::new(pool::get(size).cast());
    let no_memory = || handle_alloc_error(Layout::array::<u8>(size).expect("far below isize::MAX"));
    (node.unwrap_or_else(no_memory), size as u32)
}

/// Frees a node, not what it leads to.
///
/// # Safety
/// It came from [`allocate`], its header has the size, and nobody will use it any more.
pub(super) unsafe fn free(node: NonNull<Header>) {
    // SAFETY: by the contract.
    unsafe {
        let size = node.as_ref().size as usize;
        pool::put(node.cast(), size);
    }
}

/// The next multiple of the alignment of links and pointers.
pub(super) const fn aligned(offset: usize) -> usize {
    offset.next_multiple_of(align_of::<u64>())
}
