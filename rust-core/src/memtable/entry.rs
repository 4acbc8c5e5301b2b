//! One distinct key: its version chain and its bytes.

use super::chain::Chain;
use crate::allocator::pool;
use crate::cache::policy::Token;
use crate::error::{Error, Result};
use crate::sync::atomic::{
    AtomicU32,
    Ordering::{Relaxed, SeqCst},
};
use std::mem::size_of;
use std::ptr::{self, NonNull};

/// An entry: a header of 16 bytes, then in the same allocation the key's bytes. The hash
/// index and the order lead to it.
///
/// The key and the address are constant from creation to the end.
#[repr(C)]
pub(super) struct Entry {
    /// The key's versions.
    pub(super) chain: Chain,
    /// The flags below.
    state: AtomicU32,
    /// The key's length, and [`HAS_TOKEN`].
    meta: u32,
    // The key starts here, then the token if there is one.
}

/// In `meta`: behind the key there is room for a [`Token`].
const HAS_TOKEN: u32 = 1 << 23;
/// The entry is being removed from the indexes.
const DYING: u32 = 1 << 31;
/// The entry is in the janitor's queue.
const QUEUED: u32 = 1 << 30;
/// A thread is taking versions out of the chain.
const TRIMMING: u32 = 1 << 29;
/// The entry waits to be put in order, see [`Entry::is_unordered`].
const UNORDERED: u32 = 1 << 28;
/// The entry is in the hash index, or has been.
const INDEXED: u32 = 1 << 27;
/// Another entry of the same key was faster: this one never was in an index.
const ABANDONED: u32 = 1 << 26;
/// The entry is in the list of those with versions that are not in a segment.
const DIRTY: u32 = 1 << 25;
/// How often the entry was read since those who look for cold ones came by: a count of
/// two bits, which stays at its most.
const HITS: u32 = 3 << HITS_SHIFT;
const HITS_SHIFT: u32 = 23;
/// The most hits that are counted.
pub(super) const MAX_HITS: u8 = 3;

/// The token of an entry that has none.
pub(super) const NO_TOKEN: Token = Token::MAX;

const _: () = assert!(crate::limits::MAX_KEY_LEN < HAS_TOKEN as usize);

impl Entry {
    /// Allocates an entry for `key`, which waits to be put in order, with room for a token
    /// or without. The caller owns it.
    pub(super) fn allocate(key: &[u8], has_token: bool) -> Result<NonNull<Entry>> {
        let memory = pool::get(size(key.len(), has_token));
        let entry = NonNull::new(memory.cast::<Entry>()).ok_or(Error::OutOfMemory)?;
        let header = Entry {
            chain: Chain::new(),
            state: AtomicU32::new(UNORDERED),
            meta: key.len() as u32 | if has_token { HAS_TOKEN } else { 0 },
        };
        // SAFETY: the allocation is fresh, aligned, and has room for header, key and token,
        // in this order.
        unsafe {
            entry.write(header);
            ptr::copy_nonoverlapping(key.as_ptr(), entry.as_ptr().add(1).cast(), key.len());
            if has_token {
                Self::set_token(entry.as_ptr(), NO_TOKEN);
            }
        }
        Ok(entry)
    }

    /// Frees an entry, not its versions.
    ///
    /// # Safety
    /// It came from [`Entry::allocate`], and nobody will use it any more.
    pub(super) unsafe fn free(entry: NonNull<Entry>) {
        // SAFETY: by the contract it is valid and ours alone; its block was got
        // with the size of its key's length.
        unsafe {
            let size = entry.as_ref().footprint();
            pool::put(entry.cast(), size);
        }
    }

    #[inline]
    fn key_len(&self) -> usize {
        (self.meta & (HAS_TOKEN - 1)) as usize
    }

    #[inline]
    fn has_token(&self) -> bool {
        self.meta & HAS_TOKEN != 0
    }

    /// The bytes that the entry takes.
    pub(super) fn footprint(&self) -> usize {
        size(self.key_len(), self.has_token())
    }

    /// The entry's token; [`NO_TOKEN`] if it has none.
    ///
    /// # Safety
    /// `entry` points to a valid entry from [`Entry::allocate`]. Tokens are read and
    /// set by one thread at a time: by whoever has the order lock.
    pub(super) unsafe fn token(entry: *const Entry) -> Token {
        // SAFETY: by the contract, and the token lies behind the key if there is room
        // for it; its place need not be aligned.
        unsafe {
            match (*entry).has_token() {
                true => Self::token_place(entry).read_unaligned(),
                false => NO_TOKEN,
            }
        }
    }

    /// Sets the token of an entry that has room for one.
    ///
    /// # Safety
    /// As for [`Entry::token`], and there is room for it.
    pub(super) unsafe fn set_token(entry: *const Entry, token: Token) {
        // SAFETY: as above. Nothing else is in these bytes, and no reference reaches
        // them: one to the header ends at the key, one to the key before them.
        unsafe { Self::token_place(entry).cast_mut().write_unaligned(token) }
    }

    /// # Safety
    /// `entry` points to a valid entry with room for a token.
    unsafe fn token_place(entry: *const Entry) -> *const Token {
        // SAFETY: within the allocation.
        unsafe { entry.add(1).cast::<u8>().add((*entry).key_len()).cast() }
    }

    /// The key.
    ///
    /// # Safety
    /// `entry` points to an entry from [`Entry::allocate`] that lives for `'a`.
    #[inline]
    pub(super) unsafe fn key<'a>(entry: *const Entry) -> &'a [u8] {
        // SAFETY: the key lies in the entry's allocation behind the header; it
        // was written before the entry was published and does not change.
        unsafe { std::slice::from_raw_parts(entry.add(1).cast::<u8>(), (*entry).key_len()) }
    }

    /// Whether the entry is not in order yet. It cannot be removed then.
    pub(super) fn is_unordered(&self) -> bool {
        self.has(UNORDERED)
    }

    /// Tells that the entry is in order.
    pub(super) fn mark_ordered(&self) {
        self.state.fetch_and(!UNORDERED, SeqCst);
    }

    /// Tells that the entry is in the hash index. The mark comes a moment after
    /// the fact.
    pub(super) fn mark_indexed(&self) {
        self.state.fetch_or(INDEXED, SeqCst);
    }

    /// See [`Entry::mark_indexed`].
    pub(super) fn is_marked_indexed(&self) -> bool {
        self.has(INDEXED)
    }

    /// Gives up an entry that is in no index. Its maker does not touch it again.
    pub(super) fn abandon(&self) {
        self.state.fetch_or(ABANDONED, SeqCst);
    }

    /// See [`Entry::abandon`].
    pub(super) fn is_abandoned(&self) -> bool {
        self.has(ABANDONED)
    }

    fn has(&self, flag: u32) -> bool {
        self.state.load(SeqCst) & flag != 0
    }

    /// Claims the entry for removal, unless it is unordered, queued, dirty or
    /// being trimmed. From then on none of these can begin.
    pub(super) fn begin_dying(&self) -> bool {
        let state = self.state.load(SeqCst);
        state & !HITS == INDEXED && self.begin_dying_from(state)
    }

    /// As [`Entry::begin_dying`], but also if it is queued. It tells whether it was: then
    /// whoever has the queue frees the entry, see [`Entry::is_dying`].
    pub(super) fn begin_leaving(&self) -> Option<bool> {
        let state = self.state.load(SeqCst);
        let may_leave = state & !(HITS | QUEUED) == INDEXED && self.begin_dying_from(state);
        may_leave.then_some(state & QUEUED != 0)
    }

    fn begin_dying_from(&self, state: u32) -> bool {
        self.state.compare_exchange(state, state | DYING, SeqCst, SeqCst).is_ok()
    }

    /// Whether the entry is being removed, or has been.
    pub(super) fn is_dying(&self) -> bool {
        self.has(DYING)
    }

    /// Takes [`Entry::begin_dying`] back.
    pub(super) fn stop_dying(&self) {
        self.state.fetch_and(!DYING, SeqCst);
    }

    /// Marks the entry as queued, and tells whether the caller must queue it: it
    /// was not marked before, and is not being removed.
    pub(super) fn mark_queued(&self) -> bool {
        self.set_unless_dying(QUEUED)
    }

    /// Takes the trim lock, unless it is taken or the entry is being removed.
    pub(super) fn try_trim_lock(&self) -> bool {
        self.set_unless_dying(TRIMMING)
    }

    /// Gives the trim lock back.
    pub(super) fn trim_unlock(&self) {
        self.state.fetch_and(!TRIMMING, SeqCst);
    }

    /// Marks the entry as dirty, and tells whether the caller must list it. The
    /// caller has pushed a version, or knows of one, that is not in a segment.
    ///
    /// A claim for removal does not matter: the version makes that fail, since it
    /// is not what the claim was judged by.
    #[inline]
    pub(super) fn mark_dirty(&self) -> bool {
        self.state.load(SeqCst) & DIRTY == 0 && self.state.fetch_or(DIRTY, SeqCst) & DIRTY == 0
    }

    /// Takes the mark of [`Entry::mark_dirty`] away. What was pushed to the chain
    /// before a `mark_dirty` that said no is seen after this.
    pub(super) fn unmark_dirty(&self) {
        self.state.fetch_and(!DIRTY, SeqCst);
    }

    /// See [`Entry::mark_dirty`].
    pub(super) fn is_dirty(&self) -> bool {
        self.has(DIRTY)
    }

    /// Counts a hit, up to `most`, which is [`MAX_HITS`] or less. A hot entry's line is not
    /// written again, and a hit that meets another change of the state may be lost.
    #[inline]
    pub(super) fn note_hit(&self, most: u8) {
        let state = self.state.load(Relaxed);
        if state & HITS < u32::from(most) << HITS_SHIFT {
            let hit = state + (1 << HITS_SHIFT);
            let _ = self.state.compare_exchange(state, hit, Relaxed, Relaxed);
        }
    }

    /// How many hits are counted.
    pub(super) fn hits(&self) -> u8 {
        ((self.state.load(Relaxed) & HITS) >> HITS_SHIFT) as u8
    }

    /// Sets the count of hits, up to [`MAX_HITS`].
    pub(super) fn set_hits(&self, hits: u8) {
        let hits = u32::from(hits.min(MAX_HITS)) << HITS_SHIFT;
        let set = |state| Some((state & !HITS) | hits);
        let _ = self.state.fetch_update(Relaxed, Relaxed, set);
    }

    /// Forgets all hits, and tells whether there were any.
    pub(super) fn take_hits(&self) -> bool {
        let had = self.hits() != 0;
        if had {
            self.set_hits(0);
        }
        had
    }

    /// Sets a flag and tells whether it was clear and the entry alive.
    fn set_unless_dying(&self, flag: u32) -> bool {
        let mut state = self.state.load(SeqCst);
        while state & (flag | DYING) == 0 {
            match self.state.compare_exchange_weak(state, state | flag, SeqCst, SeqCst) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Takes the mark of [`Entry::mark_queued`] away. What was pushed to the
    /// chain before a failed `mark_queued` is seen after this.
    pub(super) fn unmark_queued(&self) {
        self.state.fetch_and(!QUEUED, SeqCst);
    }

    /// Whether the entry is in the janitor's queue.
    pub(super) fn is_queued(&self) -> bool {
        self.has(QUEUED)
    }
}

/// The size of the block of an entry.
fn size(key_len: usize, has_token: bool) -> usize {
    let token = if has_token { size_of::<Token>() } else { 0 };
    pool::rounded(size_of::<Entry>() + key_len + token)
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn a_small_entry_takes_32_bytes() {
        assert_eq!(size_of::<Entry>(), 16);
        assert_eq!(size(16, false), 32);
        assert_eq!(size(16, true), 48);
    }

    #[test]
    fn a_token_lies_behind_the_key() {
        for key in [&b"k"[..], b"of eight", b"a key of some length"] {
            let entry = Entry::allocate(key, true).unwrap();
            // SAFETY: just allocated, freed only at the end, and ours alone.
            unsafe {
                assert_eq!(Entry::token(entry.as_ptr()), NO_TOKEN);
                Entry::set_token(entry.as_ptr(), 0x0102_0304);
                assert_eq!(Entry::token(entry.as_ptr()), 0x0102_0304);
                assert_eq!(Entry::key(entry.as_ptr()), key);
                Entry::free(entry);
            }
        }
    }

    #[test]
    fn hits_are_counted_up_to_the_most() {
        let entry = Entry::allocate(b"k", false).unwrap();
        // SAFETY: just allocated, and freed only at the end.
        let e = unsafe { entry.as_ref() };
        for want in [1, 2, 2] {
            e.note_hit(2);
            assert_eq!(e.hits(), want);
        }
        e.note_hit(3);
        e.note_hit(3);
        assert_eq!(e.hits(), 3);
        assert!(!e.is_dirty(), "the count has run into another flag");
        e.set_hits(1);
        assert!(e.take_hits() && !e.take_hits());
        // SAFETY: nobody else knows it.
        unsafe { Entry::free(entry) };
    }

    #[test]
    fn dying_and_use_exclude_each_other() {
        let entry = Entry::allocate(b"some key", false).unwrap();
        // SAFETY: just allocated, and freed only at the end.
        let e = unsafe { entry.as_ref() };
        // SAFETY: as above.
        assert_eq!(unsafe { Entry::key(entry.as_ptr()) }, b"some key");
        e.mark_indexed();
        assert!(e.is_unordered() && e.is_marked_indexed() && !e.is_abandoned());
        assert!(!e.begin_dying(), "not in order yet");
        e.mark_ordered();
        assert!(e.mark_queued() && !e.mark_queued() && e.is_queued());
        assert!(!e.begin_dying(), "queued");
        e.unmark_queued();
        assert!(e.try_trim_lock() && !e.try_trim_lock());
        assert!(!e.begin_dying(), "being trimmed");
        e.trim_unlock();
        assert!(e.mark_dirty() && !e.mark_dirty());
        assert!(!e.begin_dying(), "dirty");
        e.unmark_dirty();
        e.note_hit(1);
        assert!(e.begin_dying(), "a read does not keep it");
        assert!(e.take_hits() && e.is_dying());
        assert!(!e.mark_queued() && !e.try_trim_lock() && e.mark_dirty());
        e.unmark_dirty();
        e.stop_dying();
        assert!(e.mark_queued());
        assert_eq!(e.begin_leaving(), Some(true), "the queue keeps the memory alone");
        e.stop_dying();
        e.unmark_queued();
        assert_eq!(e.begin_leaving(), Some(false));
        // SAFETY: nobody else knows it.
        unsafe { Entry::free(entry) };
    }
}
