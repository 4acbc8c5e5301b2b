//! The slots of a table, and what stands in them.

use super::Hash;
use crate::error::{Error, Result};
use crate::memtable::entry::Entry;
use crate::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::ptr;

/// The slot was never used; a probe ends here.
pub(super) const EMPTY: u64 = 0;
/// The slot's entry is gone; a probe goes on.
pub(super) const REMOVED: u64 = 1;
/// The slot will never be used; a probe goes on in the successor.
pub(super) const CLOSED: u64 = 2;
pub(super) const TAG_MASK: u64 = 0xffff << 48;
pub(super) const LINE: usize = 8;
/// Slots of the first table.
pub(super) const INITIAL_SLOTS: usize = if cfg!(feature = "shuttle") { 8 } else { 4096 };

/// When the memory of a table is first touched, which costs a fault a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// By whoever allocates it: the janitor, on whom nobody waits.
    Now,
    /// By those who use it.
    Later,
}

/// The memory of a table: lines of slots, all empty at first.
pub(super) struct Slots {
    #[cfg(not(feature = "shuttle"))]
    memory: memmap2::MmapMut,
    #[cfg(feature = "shuttle")]
    memory: Box<[AtomicU64]>,
    count: usize,
}

impl Slots {
    /// Allocates `count` slots, a power of two of at least one line. Memory
    /// comes from the system as zeroes, and goes back to it at once, past the
    /// allocator. If it is touched here, it is in huge pages if the system has
    /// them: their first touch takes milliseconds.
    #[cfg(not(feature = "shuttle"))]
    pub(super) fn allocate(count: usize, touch: Touch) -> Result<Self> {
        const PAGE: usize = 4096;
        debug_assert!(count.is_power_of_two() && count >= LINE);
        let bytes = count.checked_mul(size_of::<u64>()).ok_or(Error::OutOfMemory)?;
        let mut memory = memmap2::MmapMut::map_anon(bytes).map_err(|_| Error::OutOfMemory)?;
        if touch == Touch::Now {
            #[cfg(target_os = "linux")]
            // Advice only: small pages serve as well, more slowly.
            let _ = memory.advise(memmap2::Advice::HugePage);
            for page in memory.chunks_mut(PAGE) {
                // Volatile, since a plain write of what is there is no write.
                // SAFETY: an exclusive reference to a byte.
                unsafe { ptr::from_mut(&mut page[0]).write_volatile(0) };
            }
        }
        Ok(Self { memory, count })
    }

    #[cfg(feature = "shuttle")]
    pub(super) fn allocate(count: usize, _touch: Touch) -> Result<Self> {
        Ok(Self { memory: (0..count).map(|_| AtomicU64::new(EMPTY)).collect(), count })
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn lines(&self) -> usize {
        self.count / LINE
    }

    /// Where a line starts, by its place in a round of all lines that is spread nearly evenly
    /// over the table at any time: the stride is whole and odd, and so not quite the ratio.
    ///
    /// Where entries leave, removed slots stay. Left line after line, those that are still
    /// there crowd ahead of whoever goes round; with what is inserted meanwhile they fill
    /// thousands of lines on end, and each probe that starts there runs through them.
    pub(super) fn scattered(&self, step: usize) -> usize {
        /// Of the golden ratio: its multiples lie evenly in what they are taken modulo of
        /// (Knuth, The Art of Computer Programming, 6.4).
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let lines = self.lines();
        // Odd, so that a round comes by each line once.
        let stride = GOLDEN.unbounded_shr(u64::BITS - lines.ilog2()) as usize | 1;
        (step.wrapping_mul(stride) & (lines - 1)) * LINE
    }

    /// Where the line of a hash starts.
    #[inline]
    pub(super) fn home(&self, hash: Hash) -> usize {
        hash.bits() as usize & (self.count - 1) & !(LINE - 1)
    }

    /// Where the line after the one at `start` starts.
    #[inline]
    pub(super) fn after(&self, start: usize) -> usize {
        (start + LINE) & (self.count - 1)
    }

    /// The line that starts at slot `start`.
    #[inline]
    pub(super) fn line(&self, start: usize) -> &[AtomicU64; LINE] {
        debug_assert!(start.is_multiple_of(LINE) && start < self.count);
        // SAFETY: callers pass what `home` and `after` return or multiples of
        // LINE below the count, so the line lies in the memory, which is
        // aligned, initialised, and only ever used as atomics.
        unsafe { &*self.memory.as_ptr().cast::<AtomicU64>().add(start).cast() }
    }
}

/// Makes sure that an empty slot stays so, and returns the entry's word if it is
/// not empty and not removed.
pub(super) fn close(slot: &AtomicU64) -> Option<u64> {
    let word = match slot.compare_exchange(EMPTY, CLOSED, SeqCst, SeqCst) {
        Ok(_) => CLOSED,
        Err(word) => word,
    };
    (word > CLOSED).then_some(word)
}

/// The slots of a table that begins to fill with `entries`, if there can be so
/// many.
pub(super) fn slots_for(entries: usize) -> Option<usize> {
    let slots = entries.checked_mul(4)?.div_ceil(3).checked_next_power_of_two()?;
    Some(slots.max(INITIAL_SLOTS))
}

/// The word of an entry's slot.
pub(super) fn word(hash: Hash, entry: &Entry) -> Result<u64> {
    let address = ptr::from_ref(entry).expose_provenance() as u64;
    // User space is within 48 bits unless a process asks for more.
    if address & TAG_MASK != 0 { Err(Error::OutOfMemory) } else { Ok(hash.tag() | address) }
}

/// The entry's address in a word.
#[inline]
pub(super) fn address(word: u64) -> *const Entry {
    ptr::with_exposed_provenance((word & !TAG_MASK) as usize)
}
