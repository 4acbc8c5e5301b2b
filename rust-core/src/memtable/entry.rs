//! One distinct key: its version chain, its place in the skiplist, its bytes.

use super::chain::Chain;
use crate::allocator::pool;
use crate::error::{Error, Result};
use crate::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Relaxed, SeqCst},
};
use std::mem::{align_of, size_of};
use std::ptr::{self, NonNull};

/// The most levels that an entry can have in the skiplist.
pub(super) const MAX_HEIGHT: usize = 24;

/// An entry: a header of 16 bytes, then in the same allocation the skiplist
/// tower (`height` links) and the key's bytes. It is both the hash index's
/// target and the skiplist's node.
///
/// The key, the height and the address are constant from creation to the end.
#[repr(C)]
pub(super) struct Entry {
    /// The key's versions.
    pub(super) chain: Chain,
    /// The flags below.
    state: AtomicU32,
    /// The key's length, and the height from bit [`HEIGHT_SHIFT`] on.
    meta: u32,
    // The tower starts here, then the key.
}

/// A link of the skiplist; bit 0 marks the entry that holds it as removed.
pub(super) type Link = AtomicPtr<Entry>;

const HEIGHT_SHIFT: u32 = 24;
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
/// The entry was read since the search for cold ones last came by.
const REFERENCED: u32 = 1 << 24;

const _: () = assert!(size_of::<Entry>().is_multiple_of(align_of::<Link>()));
const _: () = assert!(crate::limits::MAX_KEY_LEN < 1 << HEIGHT_SHIFT);

impl Entry {
    /// Allocates an entry for `key` with `height` null links, which waits to be
    /// put in order. The caller owns it.
    pub(super) fn allocate(key: &[u8], height: usize) -> Result<NonNull<Entry>> {
        debug_assert!((1..=MAX_HEIGHT).contains(&height));
        let memory = pool::get(size(key.len(), height));
        let entry = NonNull::new(memory.cast::<Entry>()).ok_or(Error::OutOfMemory)?;
        let header = Entry {
            chain: Chain::new(),
            state: AtomicU32::new(UNORDERED),
            meta: key.len() as u32 | (height as u32) << HEIGHT_SHIFT,
        };
        // SAFETY: the allocation is fresh, aligned, and has room for header,
        // tower and key, in this order.
        unsafe {
            entry.write(header);
            let tower = entry.as_ptr().add(1).cast::<Link>();
            for level in 0..height {
                tower.add(level).write(Link::new(ptr::null_mut()));
            }
            ptr::copy_nonoverlapping(key.as_ptr(), tower.add(height).cast(), key.len());
        }
        Ok(entry)
    }

    /// Frees an entry, not its versions.
    ///
    /// # Safety
    /// It came from [`Entry::allocate`], and nobody will use it any more.
    pub(super) unsafe fn free(entry: NonNull<Entry>) {
        // SAFETY: by the contract it is valid and ours alone; its block was got
        // with the size of its key's length and height.
        unsafe {
            let e = entry.as_ref();
            pool::put(entry.cast(), size(e.key_len(), e.height()));
        }
    }

    /// The number of levels in the skiplist.
    #[inline]
    pub(super) fn height(&self) -> usize {
        (self.meta >> HEIGHT_SHIFT) as usize
    }

    #[inline]
    fn key_len(&self) -> usize {
        (self.meta & ((1 << HEIGHT_SHIFT) - 1)) as usize
    }

    /// The bytes that the entry takes.
    pub(super) fn footprint(&self) -> usize {
        size(self.key_len(), self.height())
    }

    /// The key.
    ///
    /// # Safety
    /// `entry` points to an entry from [`Entry::allocate`] that lives for `'a`.
    #[inline]
    pub(super) unsafe fn key<'a>(entry: *const Entry) -> &'a [u8] {
        // SAFETY: the key lies in the entry's allocation behind the tower; it
        // was written before the entry was published and does not change.
        unsafe {
            let key = entry.add(1).cast::<Link>().add((*entry).height());
            std::slice::from_raw_parts(key.cast::<u8>(), (*entry).key_len())
        }
    }

    /// The tower: `height` links.
    ///
    /// # Safety
    /// `entry` points to an entry from [`Entry::allocate`].
    #[inline]
    pub(super) unsafe fn tower(entry: *const Entry) -> *const Link {
        // SAFETY: the tower directly follows the header in the allocation.
        unsafe { entry.add(1).cast::<Link>() }
    }

    /// Whether the entry is not in the skiplist yet. It cannot be removed then.
    pub(super) fn is_unordered(&self) -> bool {
        self.has(UNORDERED)
    }

    /// Tells that the entry is in the skiplist.
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
        state & !REFERENCED == INDEXED
            && self.state.compare_exchange(state, state | DYING, SeqCst, SeqCst).is_ok()
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

    /// Notes that the entry was read. A hot entry's line is not written again.
    #[inline]
    pub(super) fn mark_referenced(&self) {
        if self.state.load(Relaxed) & REFERENCED == 0 {
            self.state.fetch_or(REFERENCED, Relaxed);
        }
    }

    /// Forgets that the entry was read, and tells whether it was.
    pub(super) fn take_referenced(&self) -> bool {
        let was = self.state.load(Relaxed) & REFERENCED != 0;
        if was {
            self.state.fetch_and(!REFERENCED, Relaxed);
        }
        was
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
fn size(key_len: usize, height: usize) -> usize {
    pool::rounded(size_of::<Entry>() + height * size_of::<Link>() + key_len)
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn a_small_entry_fits_48_bytes() {
        assert_eq!(size_of::<Entry>(), 16);
        assert_eq!(size(16, 1), 48);
        assert_eq!(size(16, 2), 48);
    }

    #[test]
    fn dying_and_use_exclude_each_other() {
        let entry = Entry::allocate(b"some key", 3).unwrap();
        // SAFETY: just allocated, and freed only at the end.
        let e = unsafe { entry.as_ref() };
        // SAFETY: as above.
        assert_eq!(unsafe { Entry::key(entry.as_ptr()) }, b"some key");
        assert_eq!(e.height(), 3);
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
        e.mark_referenced();
        assert!(e.begin_dying(), "a read does not keep it");
        assert!(e.take_referenced() && !e.take_referenced());
        assert!(!e.mark_queued() && !e.try_trim_lock() && e.mark_dirty());
        e.unmark_dirty();
        e.stop_dying();
        assert!(e.mark_queued());
        // SAFETY: nobody else knows it.
        unsafe { Entry::free(entry) };
    }
}
