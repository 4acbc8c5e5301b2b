//! The blocks of entries.
//!
//! Short blocks come from *spans*: pieces of memory that are cut into blocks of one class
//! of lengths. Classes are close together (an eighth apart, 16 bytes up to 256), so that
//! little is lost to rounding. Long blocks are mapped from the system one by one, and
//! given back at once.
//!
//! Entries of all lengths come and go for ever, so a class may be left with many spans
//! that are nearly empty. Entries can be moved, since only the cache knows where they are.
//! So [`Arena::sparsest`] offers a span that is better emptied; see
//! [`super::compaction`].

use super::entry::vacant;
use super::regions::{self, Regions, map, unmap};
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use crate::sync::{Mutex, MutexGuard, lock};
use std::mem::size_of;
use std::ptr::{self, NonNull};
// The model checker, whose own is larger than a note has room for, has no spans.
use std::sync::atomic::AtomicBool;

/// Where [`Arena::alloc`] has blocks from, by the block's length.
pub(super) struct Arena {
    classes: Box<[Mutex<Class>]>,
    /// Where spans come from.
    regions: Regions,
    /// Bytes of spans and of long blocks.
    held: AtomicU64,
    /// The length of spans of short blocks; a power of two.
    span_len: usize,
    /// Longer blocks are mapped one by one.
    longest: usize,
}

/// The spans of a class.
#[derive(Default)]
struct Class {
    /// Those with a free block, linked.
    partial: Spans,
    /// How many there are, but for those that are being emptied.
    spans: usize,
    /// Blocks in use in them.
    used: usize,
    /// Spans that are being emptied.
    emptying: usize,
}

/// A linked list of spans.
struct Spans {
    first: *mut Span,
    last: *mut Span,
}

/// The note that a region keeps of a span.
#[repr(C)]
struct Note {
    span: Span,
    /// The span is being emptied: none of its blocks is given out. It changes under the class's
    /// lock, and may be looked at without.
    emptying: AtomicBool,
}

/// What is known of a span. It is changed under its class's lock.
pub(super) struct Span {
    /// Where its blocks begin.
    start: *mut u8,
    next: *mut Span,
    previous: *mut Span,
    /// The first of the freed blocks, linked by their numbers; [`NONE`] for none.
    freed: u32,
    /// Blocks from here on were never used.
    fresh: u32,
    /// Blocks in use.
    used: u32,
    capacity: u32,
    block_len: u32,
}

// SAFETY: spans are reached through their class, under its lock.
unsafe impl Send for Class {}

const NONE: u32 = u32::MAX;
const _: () = assert!(size_of::<Note>() <= regions::NOTE);
const STEP: usize = 16;
/// Classes are [`STEP`] apart up to here.
const FINE: usize = 256;
/// Classes to a doubling above.
const PER_DOUBLING: usize = 8;
const PAGE: usize = 4096;
/// A span has about so many blocks at least.
const BLOCKS: usize = 8;

impl Arena {
    /// An arena for a cache of about so many bytes: spans are short beside that, since
    /// each class may have one that is nearly empty.
    ///
    /// Values of up to `usual_len` bytes, of 32 KiB at most, are not mapped one by one.
    pub(super) fn new(budget: u64, usual_len: usize) -> Self {
        let share = 1u64 << (budget / 4096).max(1).ilog2();
        let usual = usual_len.saturating_mul(2).next_power_of_two() as u64;
        let longest = share.max(usual).clamp(2 << 10, 64 << 10) as usize;
        let span_len = share.clamp(16 << 10, 64 << 10) as usize;
        let classes = (0..=class(longest)).map(|_| Mutex::default()).collect();
        Self { classes, regions: Regions::new(), held: AtomicU64::new(0), span_len, longest }
    }

    /// The length of the block that so many bytes take, its own overhead included.
    #[inline]
    pub(super) fn block_len(&self, size: usize) -> usize {
        if size <= self.longest { rounded(size) } else { size.next_multiple_of(PAGE) }
    }

    /// A block of a length from [`Arena::block_len`], without an entry, aligned to 8.
    pub(super) fn alloc(&self, len: usize) -> Option<NonNull<u8>> {
        if cfg!(feature = "shuttle") {
            return modelled::alloc(len);
        }
        if len <= self.longest {
            return self.alloc_short(len);
        }
        let block = map(len)?;
        // SAFETY: it is ours.
        unsafe { vacant::prepare(block) };
        self.held.fetch_add(len as u64, Relaxed);
        Some(block)
    }

    fn alloc_short(&self, len: usize) -> Option<NonNull<u8>> {
        let mut class = lock(&self.classes[class(len)]);
        // SAFETY: a span in the list is valid under the lock.
        let span = match unsafe { class.partial.first.as_mut() } {
            Some(span) => span,
            None => {
                let span = Span::new(&self.regions, len, self.span_len_of(len))?;
                class.spans += 1;
                self.held.fetch_add(self.span_len_of(len) as u64, Relaxed);
                // SAFETY: fresh, and in no list.
                unsafe { class.partial.push(span) };
                // SAFETY: as above.
                unsafe { &mut *span }
            }
        };
        let block = span.take();
        if span.is_full() {
            // SAFETY: it is in the list.
            unsafe { class.partial.remove(span) };
        }
        class.used += 1;
        Some(block)
    }

    /// Takes blocks back. It takes the lock of a class once for those that follow each other.
    ///
    /// # Safety
    /// Each came from [`Arena::alloc`] with its length, and nobody will use it any more.
    pub(super) unsafe fn free_all(&self, blocks: impl Iterator<Item = (NonNull<u8>, usize)>) {
        let mut held: Option<(usize, MutexGuard<'_, Class>)> = None;
        for (block, len) in blocks {
            if cfg!(feature = "shuttle") {
                // SAFETY: by the contract.
                unsafe { modelled::free(block, len) };
            } else if len > self.longest {
                // SAFETY: by the contract it was mapped with this length.
                unsafe { unmap(block, len) };
                self.held.fetch_sub(len as u64, Relaxed);
            } else {
                let number = class(len);
                // One lock at a time.
                drop(held.take_if(|(held, _)| *held != number));
                let lock = || (number, lock(&self.classes[number]));
                let (_, class) = held.get_or_insert_with(lock);
                // SAFETY: by the contract.
                unsafe { self.free_short(class, block, len) };
            }
        }
    }

    /// # Safety
    /// As for [`Arena::free_all`]; the block is of this class.
    unsafe fn free_short(&self, class: &mut MutexGuard<'_, Class>, block: NonNull<u8>, len: usize) {
        let span = self.span_of(block, len);
        // SAFETY: a span with a block in use is valid; the block is one of its own.
        unsafe {
            (*span).give_back(block);
            class.used -= usize::from(!Span::is_emptying(span));
        }
        self.settle(class, span);
    }

    /// Lists a span that has a free block, or frees one that has no other.
    fn settle(&self, class: &mut MutexGuard<'_, Class>, span: *mut Span) {
        // SAFETY: it is valid until it is freed below, and changed under the lock.
        unsafe {
            let (is_emptying, len) = (Span::is_emptying(span), (*span).block_len as usize);
            let was_full = (*span).used + 1 == (*span).capacity;
            if (*span).used == 0 {
                if is_emptying {
                    class.emptying -= 1;
                } else {
                    class.partial.remove(span);
                    class.spans -= 1;
                }
                self.held.fetch_sub(self.span_len_of(len) as u64, Relaxed);
                self.regions.free(NonNull::new_unchecked((*span).start), self.span_len_of(len));
            } else if was_full && !is_emptying {
                class.partial.push(span);
            }
        }
    }

    /// The length of a class's spans.
    fn span_len_of(&self, block_len: usize) -> usize {
        self.span_len.max((BLOCKS * block_len).next_power_of_two())
    }

    fn span_of(&self, block: NonNull<u8>, len: usize) -> *mut Span {
        regions::note_of(block, self.span_len_of(len)).cast()
    }

    /// Whether the span of a short block is being emptied.
    ///
    /// # Safety
    /// The block is in use, and so long.
    pub(super) unsafe fn is_emptying(&self, block: NonNull<u8>, len: usize) -> bool {
        // SAFETY: the span of a block in use is valid.
        !cfg!(feature = "shuttle") && unsafe { Span::is_emptying(self.span_of(block, len)) }
    }

    /// The bytes that blocks in use take, and those between them.
    #[inline]
    pub(super) fn held(&self) -> u64 {
        self.held.load(Relaxed)
    }

    /// The bytes of spans that are being emptied.
    pub(super) fn emptying(&self) -> usize {
        let of =
            |class: usize| lock(&self.classes[class]).emptying * self.span_len_of(len_of(class));
        (0..self.classes.len()).map(of).sum()
    }

    /// The bytes of other spans that no block in use takes.
    pub(super) fn slack(&self) -> usize {
        (0..self.classes.len()).map(|class| self.slack_of(class)).sum()
    }

    fn slack_of(&self, class: usize) -> usize {
        let len = len_of(class);
        let class = lock(&self.classes[class]);
        class.spans * self.span_len_of(len) - class.used * len
    }

    /// Whether a class's blocks would find room in one span less.
    fn is_sparse(&self, number: usize, class: &Class) -> bool {
        let len = len_of(number);
        let capacity = self.span_len_of(len) / len;
        class.used + capacity <= class.spans * capacity
    }

    /// Takes the emptiest span out of use, of the class with the most bytes in such; none
    /// if no class could do with one less.
    pub(super) fn sparsest(&self) -> Option<Emptying<'_>> {
        let most = (0..self.classes.len())
            .filter(|&class| self.is_sparse(class, &lock(&self.classes[class])))
            .max_by_key(|&class| self.slack_of(class))?;
        let mut class = lock(&self.classes[most]);
        let span = class.partial.emptiest()?;
        // SAFETY: it is in the list, and valid under the lock. Counting it as used by one
        // more keeps it until `Emptying` is dropped.
        unsafe {
            class.partial.remove(span);
            class.spans -= 1;
            class.used -= (*span).used as usize;
            class.emptying += 1;
            (*span.cast::<Note>()).emptying.store(true, Relaxed);
            (*span).used += 1;
        }
        Some(Emptying { arena: self, span, class: most })
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        if cfg!(feature = "shuttle") {
            return;
        }
        for class in &self.classes {
            let class = lock(class);
            debug_assert_eq!((class.spans, class.emptying), (0, 0), "a block is in use");
        }
    }
}

/// Blocks for the model checker: without locks of its own, since what is retired may be
/// freed while it explores another schedule.
mod modelled {
    use super::{NonNull, vacant};
    use std::alloc::{Layout, dealloc};

    pub(super) fn alloc(len: usize) -> Option<NonNull<u8>> {
        // SAFETY: no block's length is zero.
        let block =
            NonNull::new(unsafe { std::alloc::alloc(Layout::from_size_align(len, 64).ok()?) })?;
        // SAFETY: it is ours.
        unsafe { vacant::prepare(block) };
        Some(block)
    }

    /// # Safety
    /// The block came from [`alloc`] with this length, and nobody uses it.
    pub(super) unsafe fn free(block: NonNull<u8>, len: usize) {
        if let Ok(layout) = Layout::from_size_align(len, 64) {
            // SAFETY: by the contract.
            unsafe { dealloc(block.as_ptr(), layout) };
        }
    }
}

/// A span that is being emptied. It is freed with its last block.
pub(super) struct Emptying<'a> {
    arena: &'a Arena,
    span: *mut Span,
    class: usize,
}

impl Emptying<'_> {
    /// The blocks that may be in use, or may have been.
    pub(super) fn blocks(&self) -> impl Iterator<Item = NonNull<u8>> + use<> {
        let span = self.span;
        let count = {
            let _class = lock(&self.arena.classes[self.class]);
            // SAFETY: it is valid while we count as one of its users.
            unsafe { (*span).fresh }
        };
        // SAFETY: blocks below `fresh` lie within the span.
        (0..count).map(move |n| unsafe { Span::block(span, n) })
    }
}

impl Drop for Emptying<'_> {
    fn drop(&mut self) {
        let mut class = lock(&self.arena.classes[self.class]);
        // SAFETY: valid as above; this ends our use. It stays out of the list.
        unsafe { (*self.span).used -= 1 };
        self.arena.settle(&mut class, self.span);
    }
}

impl Span {
    /// A span of blocks of a length.
    fn new(regions: &Regions, block_len: usize, span_len: usize) -> Option<*mut Span> {
        let start = regions.alloc(span_len)?;
        let span = regions::note_of(start, span_len).cast::<Span>();
        let empty = Span {
            start: start.as_ptr(),
            next: ptr::null_mut(),
            previous: ptr::null_mut(),
            freed: NONE,
            fresh: 0,
            used: 0,
            capacity: (span_len / block_len) as u32,
            block_len: block_len as u32,
        };
        let note = Note { span: empty, emptying: AtomicBool::new(false) };
        // SAFETY: the note is ours, as the span is.
        unsafe { span.cast::<Note>().write(note) };
        Some(span)
    }

    /// # Safety
    /// The span is valid.
    unsafe fn is_emptying(span: *mut Span) -> bool {
        // SAFETY: by the contract; the span lies at the start of its note.
        unsafe { (*span.cast::<Note>()).emptying.load(Relaxed) }
    }

    /// # Safety
    /// The span is valid, and has so many blocks.
    unsafe fn block(span: *mut Span, number: u32) -> NonNull<u8> {
        // SAFETY: by the contract the block lies within the span.
        unsafe {
            let offset = number as usize * (*span).block_len as usize;
            NonNull::new_unchecked((*span).start.add(offset))
        }
    }

    fn is_full(&self) -> bool {
        self.freed == NONE && self.fresh == self.capacity
    }

    /// A free block of a span that has one.
    fn take(&mut self) -> NonNull<u8> {
        self.used += 1;
        if self.freed == NONE {
            self.fresh += 1;
            // SAFETY: there was a block that was never used; it is marked before anybody
            // learns of it.
            return unsafe {
                let block = Self::block(self, self.fresh - 1);
                vacant::prepare(block);
                block
            };
        }
        // SAFETY: the number is that of a block which was given back.
        unsafe {
            let block = Self::block(self, self.freed);
            self.freed = vacant::link(block);
            block
        }
    }

    /// # Safety
    /// The block is one of the span's, and nobody will use it any more.
    unsafe fn give_back(&mut self, block: NonNull<u8>) {
        let offset = (block.addr().get() - self.start.addr()) as u32;
        // SAFETY: it is free from now on.
        unsafe { vacant::set_link(block, self.freed) };
        self.freed = offset / self.block_len;
        self.used -= 1;
    }
}

impl Default for Spans {
    fn default() -> Self {
        Self { first: ptr::null_mut(), last: ptr::null_mut() }
    }
}

impl Spans {
    /// Puts a span first: it is the next one to be filled.
    ///
    /// # Safety
    /// The span is valid, of this list's class, and in no list.
    unsafe fn push(&mut self, span: *mut Span) {
        // SAFETY: by the contract, and spans in the list are valid.
        unsafe {
            (*span).next = self.first;
            (*span).previous = ptr::null_mut();
            match self.first.as_mut() {
                Some(first) => first.previous = span,
                None => self.last = span,
            }
        }
        self.first = span;
    }

    /// # Safety
    /// The span is in the list.
    unsafe fn remove(&mut self, span: *mut Span) {
        // SAFETY: by the contract, and its neighbours are in the list, too.
        unsafe {
            let (next, previous) = ((*span).next, (*span).previous);
            match previous.as_mut() {
                Some(previous) => previous.next = next,
                None => self.first = next,
            }
            match next.as_mut() {
                Some(next) => next.previous = previous,
                None => self.last = previous,
            }
        }
    }

    /// A span with few blocks in use: of those that have had a free block for longest, the
    /// one with the fewest.
    fn emptiest(&self) -> Option<*mut Span> {
        /// How many are looked at.
        const OLDEST: usize = 64;
        // SAFETY: spans in the list are valid under the class's lock.
        let last = unsafe { self.last.as_ref() };
        // SAFETY: as above.
        std::iter::successors(last, |span| unsafe { span.previous.as_ref() })
            .take(OLDEST)
            .min_by_key(|span| span.used)
            .map(|span| ptr::from_ref(span).cast_mut())
    }
}

/// The class of a length, which is not zero.
fn class(len: usize) -> usize {
    if len <= FINE {
        return len.div_ceil(STEP) - 1;
    }
    let power = (len - 1).ilog2() as usize;
    let above = FINE.ilog2() as usize;
    let eighth = ((len - 1) >> (power - PER_DOUBLING.ilog2() as usize)) & (PER_DOUBLING - 1);
    FINE / STEP + (power - above) * PER_DOUBLING + eighth
}

/// The length of a class's blocks.
fn len_of(class: usize) -> usize {
    match class.checked_sub(FINE / STEP) {
        None => (class + 1) * STEP,
        Some(above) => {
            let doubled = FINE << (above / PER_DOUBLING);
            doubled + (above % PER_DOUBLING + 1) * doubled / PER_DOUBLING
        }
    }
}

/// A length rounded up to that of its class, which is not zero: `len_of(class(len))`, in a
/// few instructions.
#[inline]
fn rounded(len: usize) -> usize {
    let step = 1 << ((len - 1) | 1).ilog2() >> PER_DOUBLING.ilog2();
    let mask = STEP.max(step) - 1;
    (len + mask) & !mask
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn classes_are_close() {
        let mut last = (usize::MAX, 0);
        for len in 1..=64 << 10 {
            let (number, rounded) = (class(len), rounded(len));
            assert!(rounded >= len, "{len}");
            assert!(rounded - len < STEP || (rounded - len) * PER_DOUBLING <= len, "{len}");
            assert_eq!((class(rounded), rounded), (number, len_of(number)), "{len}");
            assert_eq!(last.0 != number, last.1 != rounded, "{len}");
            last = (number, rounded);
        }
    }

    #[test]
    fn blocks_do_not_overlap_and_spans_are_given_back() {
        let arena = Arena::new(64 << 20, 0);
        for len in [24, 144, 1000, 4000, 15_000].map(|size| arena.block_len(size)) {
            assert!(len <= arena.longest, "the system maps it where it likes");
            let mut blocks: Vec<_> = (0..2000).map(|_| arena.alloc(len).unwrap()).collect();
            blocks.sort();
            assert!(blocks.windows(2).all(|w| w[1].addr().get() - w[0].addr().get() >= len));
            // Every second one stays; what is new takes the room of the others.
            let kept: Vec<_> = blocks.iter().copied().step_by(2).collect();
            // SAFETY: allocated with this length.
            unsafe { arena.free_all(blocks.iter().skip(1).step_by(2).map(|b| (*b, len))) };
            let again: Vec<_> = (0..1000).map(|_| arena.alloc(len).unwrap()).collect();
            assert!(again.iter().all(|block| blocks.contains(block)));
            // SAFETY: as above.
            unsafe { arena.free_all(kept.into_iter().chain(again).map(|b| (b, len))) };
            assert_eq!(arena.slack(), 0);
        }
    }

    #[test]
    fn blocks_of_all_lengths_are_freed_together() {
        let arena = Arena::new(64 << 20, 0);
        let lens = [24, 24, 144, 1 << 20, 144, 24, 70_000].map(|size| arena.block_len(size));
        let blocks = lens.map(|len| (arena.alloc(len).unwrap(), len));
        // SAFETY: allocated with these lengths.
        unsafe { arena.free_all(blocks.into_iter()) };
        assert_eq!((arena.held(), arena.slack()), (0, 0));
    }

    #[test]
    fn the_sparsest_span_gets_free() {
        let arena = Arena::new(64 << 20, 0);
        let len = arena.block_len(100);
        let blocks: Vec<_> = (0..4000).map(|_| arena.alloc(len).unwrap()).collect();
        assert!(arena.sparsest().is_none());
        let (kept, gone): (Vec<_>, Vec<_>) =
            blocks.iter().enumerate().partition(|(n, _)| n % 5 == 0);
        // SAFETY: allocated with this length.
        unsafe { arena.free_all(gone.iter().map(|(_, block)| (**block, len))) };
        let before = arena.slack();
        let emptying = arena.sparsest().expect("four of five are free");
        let there: Vec<_> =
            emptying.blocks().filter(|b| kept.iter().any(|(_, kept)| *kept == b)).collect();
        assert!(!there.is_empty());
        // SAFETY: as above.
        unsafe { arena.free_all(there.iter().map(|block| (*block, len))) };
        drop(emptying);
        assert_eq!(arena.emptying(), 0);
        assert_eq!(arena.slack() + arena.span_len, before + there.len() * len);
        let rest = kept.iter().filter(|(_, block)| !there.contains(block));
        // SAFETY: as above.
        unsafe { arena.free_all(rest.map(|(_, block)| (**block, len))) };
        assert_eq!(arena.slack(), 0);
    }
}
