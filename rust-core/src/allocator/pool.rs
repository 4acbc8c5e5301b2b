//! Memory of entries and versions that were freed, for those that are made next.
//!
//! A storage with a memory budget makes entries on the threads of its writers and
//! frees them, at the same rate, on others. An allocator with a heap a thread
//! leaves pages half empty then: twice and three times the budget was resident
//! (see `docs/performance.md`). So blocks go round here instead. It is for storages
//! that evict; without one, all goes to the allocator.
//!
//! Sizes are rounded up to the allocator's own classes, four to a power of two, so
//! that a block serves every length of its class, and what is counted is what is
//! taken.

use parking_lot::Mutex;
use std::alloc::{Layout, alloc, dealloc};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Longer blocks are not kept: the share is small beside them. Those below are, though the
/// allocator has pages of their own for the longer ones: it would give these back to the
/// system at once, and each write of a large value would have to get them anew.
const LONGEST: usize = 1 << 20;
/// Alignment of all blocks.
const ALIGN: usize = 8;
const CLASSES: usize = class(LONGEST) + 1;

/// How many bytes may be kept, for all storages together.
static CAPACITY: AtomicUsize = AtomicUsize::new(0);
/// How many are kept.
static KEPT: AtomicUsize = AtomicUsize::new(0);
/// The kept blocks of each class.
static KEPT_BLOCKS: [Mutex<Vec<Block>>; CLASSES] = [const { Mutex::new(Vec::new()) }; CLASSES];

/// A block that nobody uses.
struct Block(NonNull<u8>);

// SAFETY: whoever takes it owns it alone.
unsafe impl Send for Block {}

/// A right to keep blocks, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Share(usize);

impl Share {
    /// Lets so many bytes be kept.
    pub(crate) fn new(bytes: usize) -> Self {
        if bytes != 0 {
            super::give_back_at_once();
        }
        CAPACITY.fetch_add(bytes, Relaxed);
        Self(bytes)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if CAPACITY.fetch_sub(self.0, Relaxed) == self.0 {
            give_back_all();
        }
    }
}

/// The number of a size's class: sizes up to 64 by 16, then four a doubling.
const fn class(size: usize) -> usize {
    if size <= 64 {
        return size.div_ceil(16);
    }
    let power = (size - 1).ilog2() as usize;
    (power - 6) * 4 + ((size - 1) >> (power - 2)) + 1
}

/// A size rounded up to that of its class.
pub(crate) const fn rounded(size: usize) -> usize {
    if size <= 64 {
        return size.next_multiple_of(16);
    }
    size.next_multiple_of(1 << ((size - 1).ilog2() - 2))
}

/// The layout of a block of a rounded size.
fn layout(size: usize) -> Layout {
    debug_assert_eq!(size, rounded(size));
    Layout::from_size_align(size, ALIGN).expect("lengths were checked to be far below isize::MAX")
}

/// Gets a block of a rounded size, which is not zero. Null if there is no memory.
#[inline]
pub(crate) fn get(size: usize) -> *mut u8 {
    if size <= LONGEST
        && CAPACITY.load(Relaxed) != 0
        && let Some(Block(block)) = KEPT_BLOCKS[class(size)].lock().pop()
    {
        KEPT.fetch_sub(size, Relaxed);
        return block.as_ptr();
    }
    // SAFETY: the size is not zero.
    unsafe { alloc(layout(size)) }
}

/// Takes a block back.
///
/// # Safety
/// It came from [`get`] with this size, and nobody will use it any more.
#[inline]
pub(crate) unsafe fn put(block: NonNull<u8>, size: usize) {
    if size <= LONGEST && KEPT.load(Relaxed) + size <= CAPACITY.load(Relaxed) {
        KEPT.fetch_add(size, Relaxed);
        KEPT_BLOCKS[class(size)].lock().push(Block(block));
    } else {
        // SAFETY: by the contract.
        unsafe { dealloc(block.as_ptr(), layout(size)) };
    }
}

/// Gives every kept block to the allocator.
fn give_back_all() {
    let sizes = std::iter::successors(Some(rounded(1)), |&size| Some(rounded(size + 1)));
    for size in sizes.take_while(|&size| size <= LONGEST) {
        let blocks = std::mem::take(&mut *KEPT_BLOCKS[class(size)].lock());
        KEPT.fetch_sub(blocks.len() * size, Relaxed);
        for Block(block) in blocks {
            // SAFETY: it was given back to be kept, with this size.
            unsafe { dealloc(block.as_ptr(), layout(size)) };
        }
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn classes_are_their_sizes() {
        let mut last = (0, 0);
        for size in 1..=LONGEST {
            let (class, rounded) = (class(size), rounded(size));
            assert!(rounded >= size && (size <= 64 || rounded - size <= size / 4), "{size}");
            assert_eq!(super::rounded(rounded), rounded);
            assert_eq!(super::class(rounded), class, "{size}");
            assert_eq!(last.0 != class, last.1 != rounded, "{size}");
            assert!(class < CLASSES);
            last = (class, rounded);
        }
        assert_eq!([1, 64, 65, 128, 129, 1052].map(rounded), [16, 64, 80, 128, 160, 1280]);
    }

    #[test]
    fn blocks_go_round_within_the_share() {
        let _share = Share::new(1 << 20);
        let size = rounded(5000);
        let first = NonNull::new(get(size)).unwrap();
        // SAFETY: just got, with this size.
        unsafe { put(first, size) };
        let second = NonNull::new(get(size)).unwrap();
        let blocks: Vec<_> = (0..1000).map(|_| NonNull::new(get(size)).unwrap()).collect();
        for block in blocks.into_iter().chain([second]) {
            // SAFETY: as above.
            unsafe { put(block, size) };
        }
        // Other tests keep some, too; nobody keeps more than may be kept.
        assert!(KEPT.load(Relaxed) <= CAPACITY.load(Relaxed) + (1 << 20));
        assert!(KEPT_BLOCKS[class(size)].lock().len() * size <= CAPACITY.load(Relaxed) + (1 << 20));
    }
}
