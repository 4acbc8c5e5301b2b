//! The memory of a cache: its budget, and how blocks come and go.
//!
//! What is *used* is counted to the byte: blocks in use, whether their entry is in the
//! cache or is *retired* (it left, but a reader may still have it), and the cache's own
//! tables. The content is kept a little below the budget, so that what is retired has
//! room, too.

use super::arena::Arena;
use super::entry::Entry;
use super::grace::Grace;
use super::leaving::Leaving;
use crate::memtable::prefetch;
use crossbeam_epoch::{self as epoch, Guard};
use crossbeam_utils::CachePadded;
use std::ops::Deref;
use std::ptr::NonNull;
// Also for the model checker: counts order nothing, and what is retired may be freed while
// it explores another schedule.
use std::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Relaxed},
};

/// See the module.
pub(super) struct Memory {
    pub(super) arena: Arena,
    pub(super) grace: Grace,
    budget: AtomicU64,
    counts: CachePadded<Counts>,
    /// The part of what is used that tables take.
    tables: AtomicU64,
}

/// What each put changes: in one line, which so moves between processors once.
#[derive(Default)]
struct Counts {
    used: AtomicU64,
    /// Bytes of retired blocks; and [`CLOSED`].
    retired: AtomicU64,
}

/// The cache is gone: the last retired block takes the memory along.
const CLOSED: u64 = 1 << 63;
/// This part of the budget is kept free of content.
const RESERVE: u64 = 48;
/// The budget may be passed by this part, for what is retired.
const TOLERANCE: u64 = 96;
/// If more than this part of the budget is retired, whoever retires has it freed.
const HASTE: u64 = 64;
/// Of what is retired, this part of the budget may wait in the shards for more.
const LINGER: u64 = 512;

/// The owner of a [`Memory`]. The memory itself lives until its last block is freed.
pub(super) struct Owned(NonNull<Memory>);

// SAFETY: a memory is made for many threads.
unsafe impl Send for Owned {}
// SAFETY: as above.
unsafe impl Sync for Owned {}

impl Owned {
    pub(super) fn new(budget: u64, usual_len: usize) -> Self {
        let memory = Memory {
            arena: Arena::new(budget, usual_len),
            grace: Grace::default(),
            budget: AtomicU64::new(budget),
            counts: CachePadded::default(),
            tables: AtomicU64::new(0),
        };
        Self(NonNull::from(Box::leak(Box::new(memory))))
    }
}

impl Deref for Owned {
    type Target = Memory;

    #[inline]
    fn deref(&self) -> &Memory {
        // SAFETY: it is freed no sooner than its owner is dropped.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if self.counts.retired.fetch_or(CLOSED, AcqRel) == 0 {
            // SAFETY: nothing is retired, so nobody else comes back to it.
            unsafe { Memory::free(self.0) };
        }
    }
}

impl Memory {
    /// # Safety
    /// It came from [`Owned::new`], and nobody will use it any more.
    unsafe fn free(memory: NonNull<Memory>) {
        // SAFETY: by the contract.
        drop(unsafe { Box::from_raw(memory.as_ptr()) });
    }

    /// The budget in bytes.
    pub(super) fn budget(&self) -> u64 {
        self.budget.load(Relaxed)
    }

    pub(super) fn set_budget(&self, budget: u64) {
        self.budget.store(budget, Relaxed);
    }

    /// All that counts, in bytes.
    pub(super) fn used(&self) -> u64 {
        self.counts.used.load(Relaxed)
    }

    /// The part of it that is retired.
    pub(super) fn retired(&self) -> u64 {
        self.counts.retired.load(Relaxed) & !CLOSED
    }

    /// The part of it that tables take.
    pub(super) fn tables(&self) -> u64 {
        self.tables.load(Relaxed)
    }

    /// The part of it that entries take.
    pub(super) fn content(&self) -> u64 {
        self.used().saturating_sub(self.retired()).saturating_sub(self.tables())
    }

    /// What lies between entries.
    #[inline]
    pub(super) fn slack(&self) -> u64 {
        self.arena.held().saturating_sub(self.used().saturating_sub(self.tables()))
    }

    /// Counts a table that has grown or shrunk.
    pub(super) fn count_table(&self, was: u64, is: u64) {
        // Adding what wraps is taking away.
        let more = is.wrapping_sub(was);
        if more != 0 {
            self.tables.fetch_add(more, Relaxed);
            self.counts.used.fetch_add(more, Relaxed);
        }
    }

    /// How much of the content, and of the tables, has to go.
    #[inline]
    pub(super) fn excess(&self) -> u64 {
        self.excess_with(0)
    }

    /// How much has to go if so many bytes come.
    #[inline]
    pub(super) fn excess_with(&self, bytes: i64) -> u64 {
        let content = self.used().saturating_sub(self.retired());
        content.saturating_add_signed(bytes).saturating_sub(self.room())
    }

    /// What content and tables may take.
    pub(super) fn room(&self) -> u64 {
        let budget = self.budget();
        budget - budget / RESERVE
    }

    /// Whether there is no more room for so many bytes, even after content was evicted,
    /// before what is retired is freed.
    #[inline]
    pub(super) fn is_short_of(&self, bytes: u64) -> bool {
        let budget = self.budget();
        self.used() + bytes > budget + budget / TOLERANCE
    }

    /// Whether all of the budget is used.
    pub(super) fn is_full(&self) -> bool {
        self.used() >= self.budget()
    }

    /// Counts bytes as used.
    #[inline]
    pub(super) fn count(&self, bytes: u64) {
        self.counts.used.fetch_add(bytes, Relaxed);
    }

    /// Counts bytes no more.
    #[inline]
    pub(super) fn uncount(&self, bytes: u64) {
        self.counts.used.fetch_sub(bytes, Relaxed);
    }

    /// A counted block of a length from [`Arena::block_len`].
    pub(super) fn alloc(&self, len: usize) -> Option<NonNull<u8>> {
        let block = self.arena.alloc(len)?;
        self.count(len as u64);
        Some(block)
    }

    /// The bytes that an entry takes.
    #[inline]
    pub(super) fn weight(&self, entry: &Entry) -> u64 {
        self.arena.block_len(entry.size()) as u64
    }

    /// Frees an entry that no reader ever saw, or sees any more.
    ///
    /// # Safety
    /// Its block came from [`Memory::alloc`], and nobody will use it.
    pub(super) unsafe fn free_entry(&self, entry: NonNull<Entry>) {
        // SAFETY: by the contract.
        unsafe { self.free_all(&[entry], self.weight(entry.as_ref())) };
    }

    /// # Safety
    /// As for [`Memory::free_entry`], of each; and together they weigh so much.
    unsafe fn free_all(&self, entries: &[NonNull<Entry>], bytes: u64) {
        entries.iter().for_each(|entry| prefetch::read(entry.as_ptr().cast()));
        // SAFETY: by the contract they are valid, until they are freed.
        let blocks = entries
            .iter()
            .map(|entry| unsafe { (entry.cast(), self.weight(entry.as_ref()) as usize) });
        // SAFETY: by the contract.
        unsafe { self.arena.free_all(blocks) };
        self.uncount(bytes);
    }

    /// Counts bytes of entries as retired, or, of what wraps, as not any more.
    #[inline]
    pub(super) fn count_retired(&self, more: u64) {
        if more != 0 {
            self.counts.retired.fetch_add(more, Relaxed);
        }
    }

    /// Whether the block of a retired entry may be used again for one of this length. Not if its
    /// span is being emptied: then it would never be freed.
    ///
    /// # Safety
    /// The entry is valid, and its block short.
    pub(super) unsafe fn is_reusable(&self, entry: NonNull<Entry>, len: usize) -> bool {
        // SAFETY: by the contract.
        let is_so_long = self.weight(unsafe { entry.as_ref() }) == len as u64;
        // SAFETY: by the contract, as the block is that long.
        is_so_long && !unsafe { self.arena.is_emptying(entry.cast(), len) }
    }

    /// Frees entries that were retired, and that no reader has any more.
    ///
    /// # Safety
    /// As for [`Memory::retire`]; and all who were pinned when they left are no more.
    pub(super) unsafe fn free_unwanted(&self, entries: &[NonNull<Entry>]) {
        // SAFETY: by the contract.
        unsafe { Self::free_retired(NonNull::from(self), entries, self.weight_of(entries)) };
    }

    /// # Safety
    /// They are valid.
    unsafe fn weight_of(&self, entries: &[NonNull<Entry>]) -> u64 {
        // SAFETY: by the contract.
        entries.iter().map(|entry| self.weight(unsafe { entry.as_ref() })).sum()
    }

    /// Frees entries once all that are pinned now are no more.
    ///
    /// # Safety
    /// Their blocks came from [`Memory::alloc`], they cannot be found any more, were counted
    /// as retired, and are retired once.
    pub(super) unsafe fn retire(&self, leaving: Leaving, guard: &Guard) {
        let memory = NonNull::from(self);
        for entries in leaving.parts() {
            // SAFETY: by the contract they are valid.
            let bytes = unsafe { self.weight_of(&entries) };
            // SAFETY: the memory lives until these are not counted as retired any more.
            unsafe { guard.defer_unchecked(move || Self::free_retired(memory, &entries, bytes)) };
        }
    }

    /// # Safety
    /// The entries were retired, weigh so much, and nobody can have them any more.
    unsafe fn free_retired(memory: NonNull<Memory>, entries: &[NonNull<Entry>], bytes: u64) {
        // SAFETY: the memory is freed by whoever finds that nothing is retired any more
        // and that the owner is gone; until then, it is valid.
        unsafe {
            memory.as_ref().free_all(entries, bytes);
            if memory.as_ref().counts.retired.fetch_sub(bytes, AcqRel) - bytes == CLOSED {
                Self::free(memory);
            }
        }
    }

    /// How many retired bytes may wait for more, in all shards together.
    #[inline]
    pub(super) fn linger(&self) -> u64 {
        self.budget() / LINGER
    }

    /// Has garbage collected for as long as that frees something. The caller is not
    /// pinned.
    pub(super) fn collect(&self) {
        loop {
            let before = self.retired();
            // What is collected was retired two epochs ago: a call moves on by one.
            (0..3).for_each(|_| epoch::pin().flush());
            if self.retired() >= before {
                return;
            }
        }
    }

    /// Has some garbage collected if there is any, and what the caller itself retired handed
    /// over: while it rests, nobody else could free that. The caller is not pinned.
    pub(super) fn free_some(&self) {
        if self.retired() > 0 {
            epoch::pin().flush();
        }
    }

    /// Whether much garbage waits to be collected.
    #[inline]
    pub(super) fn is_behind(&self) -> bool {
        self.retired() > self.budget() / HASTE
    }

    /// How many bytes are to be retired between two times at which garbage is collected because
    /// much waits. Each time costs a microsecond or two, and memory for what it hands over.
    #[inline]
    pub(super) fn stretch(&self) -> u64 {
        self.budget() / HASTE / 16
    }

    /// Has some garbage collected. The caller is not pinned.
    #[cold]
    pub(super) fn hurry(&self) {
        epoch::pin().flush();
    }
}
