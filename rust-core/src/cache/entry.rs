//! One entry: a header, the key and the value in one block of memory.

use super::policy::Token;
use crate::memtable::prefetch;
use crate::sync::atomic::{
    AtomicU8, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use std::mem::size_of;
use std::ptr::{self, NonNull};

/// The header of an entry; the key and then the value follow it in its block.
///
/// All but the atomics is constant from before the entry can be found until its block
/// is freed.
#[repr(C)]
pub(super) struct Entry {
    /// When it came and when it expires, see [`Times`].
    times: Times,
    /// The upper half of the key's hash. It is written before `token` is.
    place: AtomicU32,
    /// Its token while it is in the cache, else [`NO_TOKEN`]. It changes under the
    /// shard's lock.
    token: AtomicU32,
    value_len: u32,
    key_len: u16,
    /// Bit 16 of the key's length.
    key_len_high: u8,
    hits: AtomicU8,
}

/// The token of an entry, or of a block, that is not in the cache.
pub(super) const NO_TOKEN: Token = Token::MAX;

#[cfg(not(feature = "shuttle"))]
const _: () = assert!(size_of::<Entry>() == 24);
const _: () = assert!(crate::limits::MAX_KEY_LEN < 1 << 17);

/// When an entry came, in ticks of [`Times::AGE_UNIT`] milliseconds modulo 2^24, below
/// when it expires, in milliseconds on the cache's clock; 0 for never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times(u64);

impl Times {
    const AGE_BITS: u32 = 24;
    /// The unit of ages, in milliseconds.
    const AGE_UNIT: u64 = 256;
    /// Deadlines are earlier: 34 years after the cache was opened.
    pub(super) const END: u64 = 1 << (64 - Self::AGE_BITS);

    /// An entry that comes at `now` and expires at `deadline`, which is below
    /// [`Times::END`].
    pub(super) fn new(now: u64, deadline: u64) -> Self {
        debug_assert!(deadline < Self::END);
        Self(deadline << Self::AGE_BITS | Self::ticks(now))
    }

    fn ticks(now: u64) -> u64 {
        (now / Self::AGE_UNIT) & ((1 << Self::AGE_BITS) - 1)
    }

    /// When it expires; 0 for never.
    #[inline]
    pub(super) fn deadline(self) -> u64 {
        self.0 >> Self::AGE_BITS
    }

    /// Milliseconds since it came, to a quarter of a second; of ages over 49 days what
    /// is left of them after whole 49 days.
    pub(super) fn age(self, now: u64) -> u64 {
        let came = self.0 & ((1 << Self::AGE_BITS) - 1);
        (Self::ticks(now).wrapping_sub(came) & ((1 << Self::AGE_BITS) - 1)) * Self::AGE_UNIT
    }
}

impl Entry {
    /// The bytes that an entry needs.
    pub(super) fn size_of(key_len: usize, value_len: usize) -> usize {
        size_of::<Entry>() + key_len + value_len
    }

    /// Asks for the cache lines behind an entry's first one, where most values lie: who
    /// reads would ask for them only once the first one has come, which tells the lengths.
    #[inline]
    pub(super) fn prefetch(entry: *const Entry) {
        const LINE: usize = 64;
        prefetch::read(entry.wrapping_byte_add(LINE).cast());
        prefetch::read(entry.wrapping_byte_add(2 * LINE).cast());
    }

    /// Writes an entry that is not in the cache yet.
    ///
    /// # Safety
    /// `block` was prepared, has room for [`Entry::size_of`] bytes, is aligned to 8, and
    /// nobody else uses it, apart from who looks at its token. The lengths are within the limits.
    pub(super) unsafe fn write(
        block: NonNull<u8>,
        place: u32,
        times: Times,
        key: &[u8],
        value: &[u8],
    ) -> NonNull<Entry> {
        let entry = block.cast::<Entry>();
        let e = entry.as_ptr();
        // SAFETY: by the contract there is room. Fields are written one by one, and the
        // atomics as such: others may look at those at any time.
        unsafe {
            (*e).token.store(NO_TOKEN, Relaxed);
            (*e).place.store(place, Relaxed);
            (*e).hits.store(0, Relaxed);
            (&raw mut (*e).times).write(times);
            (&raw mut (*e).value_len).write(value.len() as u32);
            (&raw mut (*e).key_len).write(key.len() as u16);
            (&raw mut (*e).key_len_high).write((key.len() >> 16) as u8);
            let bytes = e.add(1).cast::<u8>();
            ptr::copy_nonoverlapping(key.as_ptr(), bytes, key.len());
            ptr::copy_nonoverlapping(value.as_ptr(), bytes.add(key.len()), value.len());
        }
        entry
    }

    /// The key's length in bytes.
    #[inline]
    pub(super) fn key_len(&self) -> usize {
        usize::from(self.key_len) | usize::from(self.key_len_high) << 16
    }

    /// The bytes that the entry needs.
    #[inline]
    pub(super) fn size(&self) -> usize {
        Self::size_of(self.key_len(), self.value_len as usize)
    }

    /// The key's and the value's bytes together.
    pub(super) fn data_len(&self) -> usize {
        self.key_len() + self.value_len as usize
    }

    /// The key.
    ///
    /// # Safety
    /// `entry` was made by [`Entry::write`], and its block lives for `'a`.
    #[inline]
    pub(super) unsafe fn key<'a>(entry: *const Entry) -> &'a [u8] {
        // SAFETY: the key lies behind the header and does not change.
        unsafe { std::slice::from_raw_parts(entry.add(1).cast::<u8>(), (*entry).key_len()) }
    }

    /// The value.
    ///
    /// # Safety
    /// As for [`Entry::key`].
    #[inline]
    pub(super) unsafe fn value<'a>(entry: *const Entry) -> &'a [u8] {
        // SAFETY: the value lies behind the key and does not change.
        unsafe {
            let value = entry.add(1).cast::<u8>().add((*entry).key_len());
            std::slice::from_raw_parts(value, (*entry).value_len as usize)
        }
    }

    /// When it came and when it expires.
    #[inline]
    pub(super) fn times(&self) -> Times {
        self.times
    }

    /// The upper half of the key's hash.
    #[inline]
    pub(super) fn place(&self) -> u32 {
        self.place.load(Relaxed)
    }

    /// The entry's token; [`NO_TOKEN`] if it is not in the cache.
    pub(super) fn token(&self) -> Token {
        self.token.load(Acquire)
    }

    /// Gives the entry its token, or takes it away. The caller holds the shard's lock.
    pub(super) fn set_token(&self, token: Token) {
        self.token.store(token, Release);
    }

    /// Hits, as far as they were counted.
    #[inline]
    pub(super) fn hits(&self) -> u8 {
        self.hits.load(Relaxed)
    }

    /// Sets the count of hits.
    pub(super) fn set_hits(&self, hits: u8) {
        self.hits.store(hits, Relaxed);
    }

    /// Counts a hit up to `max`. Once there, it writes nothing.
    #[inline]
    pub(super) fn count_hit(&self, max: u8) {
        let hits = self.hits.load(Relaxed);
        if hits < max {
            // Hits of one moment may count as one.
            self.hits.store(hits + 1, Relaxed);
        }
    }
}

/// A block as the arena sees it while no entry is in it: the field of the place links
/// free blocks, and the token says that there is no entry.
pub(super) mod vacant {
    use super::{AtomicU8, AtomicU32, Entry, NO_TOKEN, NonNull, Relaxed, Release};

    /// Prepares a block of fresh memory.
    ///
    /// # Safety
    /// The block is valid, has room for a header, and nobody knows it.
    pub(in super::super) unsafe fn prepare(block: NonNull<u8>) {
        let entry = block.cast::<Entry>().as_ptr();
        // SAFETY: by the contract.
        unsafe {
            (&raw mut (*entry).token).write(AtomicU32::new(NO_TOKEN));
            (&raw mut (*entry).place).write(AtomicU32::new(0));
            (&raw mut (*entry).hits).write(AtomicU8::new(0));
        }
    }

    /// Marks a block as without an entry and sets its link.
    ///
    /// # Safety
    /// The block was prepared, and holds no entry that anybody uses.
    pub(in super::super) unsafe fn set_link(block: NonNull<u8>, link: u32) {
        let entry = block.cast::<Entry>().as_ptr();
        // SAFETY: by the contract; only atomics are touched, others may look at them.
        unsafe {
            (*entry).token.store(NO_TOKEN, Release);
            (*entry).place.store(link, Relaxed);
        }
    }

    /// The link of a block.
    ///
    /// # Safety
    /// It was set, and no entry was written into the block since.
    pub(in super::super) unsafe fn link(block: NonNull<u8>) -> u32 {
        // SAFETY: by the contract.
        unsafe { (*block.cast::<Entry>().as_ptr()).place.load(Relaxed) }
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (key_len, value_len) in [(1, 0), (3, 100), (crate::limits::MAX_KEY_LEN, 70_000)] {
            let (key, value) = (vec![7; key_len], vec![9; value_len]);
            let mut memory = vec![0u64; Entry::size_of(key_len, value_len).div_ceil(8)];
            let block = NonNull::new(memory.as_mut_ptr()).unwrap().cast();
            // SAFETY: there is room, and the block is ours.
            unsafe { vacant::prepare(block) };
            // SAFETY: as above.
            let entry = unsafe { Entry::write(block, 5, Times::new(1000, 77), &key, &value) };
            // SAFETY: just written.
            let e = unsafe { entry.as_ref() };
            assert_eq!((e.place(), e.token(), e.times().deadline()), (5, NO_TOKEN, 77));
            assert_eq!(e.size(), 24 + key_len + value_len);
            // SAFETY: as above.
            unsafe {
                assert_eq!(Entry::key(entry.as_ptr()), key);
                assert_eq!(Entry::value(entry.as_ptr()), value);
            }
            (0..5).for_each(|_| e.count_hit(3));
            assert_eq!(e.hits(), 3);
        }
    }

    #[test]
    fn ages_go_round() {
        let day = 86_400_000;
        assert_eq!(Times::new(0, 0).age(10_000) / 256, 10_000 / 256);
        assert_eq!(Times::new(49 * day, 0).age(50 * day) / 256, day / 256);
        assert_eq!(Times::new(5, Times::END - 1).deadline(), Times::END - 1);
    }
}
