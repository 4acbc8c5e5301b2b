//! Which entry a key has: a hash table that is read without a lock, and changed by
//! whoever holds its shard's.
//!
//! A bucket is a cache line of seven slots and a link to a further one, which few have. A
//! slot is 0, or 16 bits of the key's hash over 48 bits of the entry's address. Entries
//! stay in their slot until they leave: there are no marks of removed ones, so a table in
//! which entries come and go for ever needs no cleaning.
//!
//! It grows by linear hashing (Litwin, VLDB 1980): a bucket at a time is split, so that
//! nobody waits for all the others. The entries that a split moves are in the new bucket
//! before the count of buckets tells of it, and leave the old one after that. So a reader
//! who misses one sees another count than before, and looks again.

use super::entry::Entry;
use super::regions;
use crate::error::{Error, Result};
use crate::memtable::prefetch;
use crate::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use crossbeam_epoch::Guard;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::mem::size_of;
use std::ptr::{self, NonNull};

/// The hash of a key. Its upper half is the place: the highest bits choose the shard, the
/// lowest the bucket. The lowest bits of the other half are the tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hash(pub(super) u64);

impl Hash {
    /// The half that entries keep.
    #[inline]
    pub(super) fn place(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline]
    fn tag(self) -> u64 {
        // Not 0, which is a free slot.
        (self.0 << TAG_SHIFT).max(1 << TAG_SHIFT)
    }
}

const TAG_SHIFT: u32 = 48;
const ADDRESS: u64 = (1 << TAG_SHIFT) - 1;
const SLOTS: usize = 7;
/// Buckets of the first segment. The k-th after it has as many as all before it.
const FIRST: u32 = if cfg!(feature = "shuttle") { 1 } else { 8 };
const SEGMENTS: usize = 27;
/// Segments of so many bytes and more are mapped.
const MAPPED: usize = 64 << 10;
/// Entries to a bucket, on average, from which on the table grows.
const LOAD: u32 = if cfg!(feature = "shuttle") { 2 } else { 6 };

#[repr(C, align(64))]
struct Bucket {
    slots: [AtomicU64; SLOTS],
    further: AtomicPtr<Bucket>,
}

/// The table of a shard.
///
/// Methods that change it are called under the shard's lock only.
pub(super) struct Index {
    /// How many buckets are in use, at least [`FIRST`].
    buckets: AtomicU32,
    segments: [AtomicPtr<Bucket>; SEGMENTS],
    entries: AtomicU32,
    /// Buckets that others link to.
    further: AtomicU32,
}

impl Index {
    pub(super) fn new() -> Result<Self> {
        let index = Self {
            buckets: AtomicU32::new(FIRST),
            segments: [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS],
            entries: AtomicU32::new(0),
            further: AtomicU32::new(0),
        };
        index.ensure_segment(0)?;
        Ok(index)
    }

    /// The entry of a key. It lives as long as the guard.
    #[inline]
    pub(super) fn get<'g>(&self, hash: Hash, key: &[u8], guard: &'g Guard) -> Option<&'g Entry> {
        let mut buckets = self.buckets.load(Acquire);
        loop {
            let found = self.probe(buckets, hash, guard, |entry| {
                // SAFETY: entries that are found live as long as the guard.
                unsafe { Entry::key(entry) == key }
            });
            if found.is_some() {
                return found;
            }
            let now = self.buckets.load(Acquire);
            if now == buckets {
                return None;
            }
            buckets = now;
        }
    }

    /// The first entry with the hash's tag that `is_it`, in the bucket that the hash has
    /// among so many.
    #[inline]
    fn probe<'g>(
        &self,
        buckets: u32,
        hash: Hash,
        _guard: &'g Guard,
        is_it: impl Fn(*const Entry) -> bool,
    ) -> Option<&'g Entry> {
        let mut bucket = self.bucket(number(hash.place(), buckets));
        // SAFETY: null, or a bucket that is freed no sooner than the guard is dropped.
        while let Some(b) = unsafe { bucket.as_ref() } {
            // Which slot it is cannot be predicted: all are compared before anything hangs
            // on that.
            let words: [u64; SLOTS] = std::array::from_fn(|n| b.slots[n].load(Acquire));
            let mut alike = words.iter().enumerate().fold(0, |alike, (n, word)| {
                alike | u32::from((word ^ hash.tag()) >> TAG_SHIFT == 0) << n
            });
            while alike != 0 {
                let entry = address(words[alike.trailing_zeros() as usize]);
                if is_it(entry) {
                    // SAFETY: what is in a slot is freed only by way of the epoch.
                    return Some(unsafe { &*entry });
                }
                alike &= alike - 1;
            }
            bucket = b.further.load(Acquire);
        }
        None
    }

    /// Asks for the memory where a lookup starts.
    #[inline]
    pub(super) fn prefetch(&self, hash: Hash) {
        prefetch::read(self.bucket(number(hash.place(), self.buckets.load(Acquire))).cast());
    }

    /// Asks for the entry that a key probably has.
    #[inline]
    pub(super) fn prefetch_entry(&self, hash: Hash, guard: &Guard) {
        let entry = self.probe(self.buckets.load(Acquire), hash, guard, |entry| {
            prefetch::read(entry.cast());
            true
        });
        let _ = entry;
    }

    /// Adds an entry whose key has none. If there is no memory, nothing has changed.
    pub(super) fn insert(&self, hash: Hash, entry: NonNull<Entry>) -> Result<()> {
        if entry.addr().get() as u64 & !ADDRESS != 0 {
            return Err(Error::OutOfMemory);
        }
        if self.entries.load(Relaxed) >= self.buckets.load(Relaxed).saturating_mul(LOAD) {
            // Without memory for more buckets the table is only slower.
            let _ = self.split();
        }
        let bucket = self.bucket(number(hash.place(), self.buckets.load(Relaxed)));
        self.place(bucket, hash.tag() | entry.as_ptr() as u64)?;
        add(&self.entries, 1);
        Ok(())
    }

    /// Puts a word into a free slot of a bucket or of one it links to.
    fn place(&self, bucket: *mut Bucket, word: u64) -> Result<()> {
        // SAFETY: buckets in use are valid, and nobody frees them under our lock.
        let mut b = unsafe { &*bucket };
        loop {
            if let Some(slot) = b.slots.iter().find(|slot| slot.load(Relaxed) == 0) {
                slot.store(word, Release);
                return Ok(());
            }
            // SAFETY: null, or valid as above.
            b = match unsafe { b.further.load(Relaxed).as_ref() } {
                Some(further) => further,
                None => {
                    let further = allocate(1)?;
                    // SAFETY: fresh and zeroed, which is an empty bucket.
                    unsafe { (*further).slots[0].store(word, Relaxed) };
                    b.further.store(further, Release);
                    add(&self.further, 1);
                    return Ok(());
                }
            };
        }
    }

    /// Lets an entry take another one's slot, that of the same key.
    pub(super) fn replace(&self, hash: Hash, old: NonNull<Entry>, new: NonNull<Entry>) {
        let (slot, _) = self.slot_of(hash.place(), old).expect("the entry is in the index");
        let tag = slot.load(Relaxed) & !ADDRESS;
        slot.store(tag | new.as_ptr() as u64, Release);
    }

    /// [`Index::replace`], by the half of the hash that entries keep.
    pub(super) fn replace_at(&self, place: u32, old: NonNull<Entry>, new: NonNull<Entry>) {
        self.replace(Hash(u64::from(place) << 32), old, new);
    }

    /// Takes an entry out.
    pub(super) fn remove(&self, place: u32, entry: NonNull<Entry>, guard: &Guard) {
        let (slot, bucket) = self.slot_of(place, entry).expect("the entry is in the index");
        slot.store(0, Release);
        add(&self.entries, -1);
        self.trim(place, bucket, guard);
    }

    /// Where an entry is.
    fn slot_of(&self, place: u32, entry: NonNull<Entry>) -> Option<(&AtomicU64, &Bucket)> {
        let mut bucket = self.bucket(number(place, self.buckets.load(Relaxed)));
        // SAFETY: null, or valid under our lock.
        while let Some(b) = unsafe { bucket.as_ref() } {
            let is_it = |slot: &&AtomicU64| address(slot.load(Relaxed)) == entry.as_ptr();
            if let Some(slot) = b.slots.iter().find(is_it) {
                return Some((slot, b));
            }
            bucket = b.further.load(Relaxed);
        }
        None
    }

    /// Gives up a bucket that others link to, once it is empty.
    fn trim(&self, place: u32, emptied: &Bucket, guard: &Guard) {
        let first = self.bucket(number(place, self.buckets.load(Relaxed)));
        if ptr::eq(first, emptied) || emptied.slots.iter().any(|slot| slot.load(Relaxed) != 0) {
            return;
        }
        // SAFETY: valid under our lock, as are those it links to.
        let mut b = unsafe { &*first };
        loop {
            let next = b.further.load(Relaxed);
            if ptr::eq(next, emptied) {
                b.further.store(emptied.further.load(Relaxed), Release);
                add(&self.further, -1);
                // SAFETY: nothing links to it any more; who found it before is pinned.
                unsafe { guard.defer_unchecked(move || free(next, 1)) };
                return;
            }
            // SAFETY: as above.
            match unsafe { next.as_ref() } {
                Some(further) => b = further,
                None => return,
            }
        }
    }

    /// Splits the next bucket in two.
    fn split(&self) -> Result<()> {
        let buckets = self.buckets.load(Relaxed);
        let half = 1 << buckets.ilog2();
        let (segment, _) = location(buckets);
        if segment >= SEGMENTS {
            return Ok(());
        }
        self.ensure_segment(segment)?;
        let (from, to) = (self.bucket(buckets - half), self.bucket(buckets));
        let moves = |word: u64| {
            // SAFETY: an entry in a slot is valid under our lock.
            word != 0 && number(unsafe { (*address(word)).place() }, buckets + 1) == buckets
        };
        for word in words(from).filter(|&word| moves(word)) {
            self.place(to, word).inspect_err(|_| self.empty(to))?;
        }
        self.buckets.store(buckets + 1, Release);
        for slot in slots(from).filter(|slot| moves(slot.load(Relaxed))) {
            slot.store(0, Release);
        }
        Ok(())
    }

    /// Takes back what was put into a bucket that no reader knows yet.
    fn empty(&self, bucket: *mut Bucket) {
        slots(bucket).for_each(|slot| slot.store(0, Relaxed));
    }

    /// Takes everything out, and gives up what the table has grown to.
    pub(super) fn clear(&self, guard: &Guard) {
        let buckets = self.buckets.swap(FIRST, Release);
        for n in 0..buckets {
            let bucket = self.bucket(n);
            // SAFETY: a bucket in use until now.
            let mut further = unsafe { (*bucket).further.swap(ptr::null_mut(), Release) };
            slots(bucket).for_each(|slot| slot.store(0, Release));
            while !further.is_null() {
                // SAFETY: as above; it was linked until now.
                let next = unsafe { (*further).further.load(Relaxed) };
                let bucket = further;
                // SAFETY: nothing links to it any more; who found it before is pinned.
                unsafe { guard.defer_unchecked(move || free(bucket, 1)) };
                further = next;
            }
        }
        for (k, segment) in self.segments.iter().enumerate().skip(1) {
            let segment = segment.swap(ptr::null_mut(), Release);
            if !segment.is_null() {
                // SAFETY: as above.
                unsafe { guard.defer_unchecked(move || free(segment, segment_len(k))) };
            }
        }
        self.entries.store(0, Relaxed);
        self.further.store(0, Relaxed);
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> u32 {
        self.entries.load(Relaxed)
    }

    /// The bytes that the table takes.
    pub(super) fn footprint(&self) -> usize {
        let buckets = self.buckets.load(Relaxed) + self.further.load(Relaxed);
        buckets as usize * size_of::<Bucket>()
    }

    /// A bucket in use; null for one that was given up since the caller counted them.
    #[inline]
    fn bucket(&self, number: u32) -> *mut Bucket {
        let (segment, offset) = location(number);
        let segment = self.segments[segment].load(Acquire);
        if segment.is_null() {
            return segment;
        }
        // SAFETY: the segment has so many, by `location`.
        unsafe { segment.add(offset as usize) }
    }

    fn ensure_segment(&self, number: usize) -> Result<()> {
        if self.segments[number].load(Relaxed).is_null() {
            self.segments[number].store(allocate(segment_len(number))?, Release);
        }
        Ok(())
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        for n in 0..self.buckets.load(Relaxed) {
            // SAFETY: a bucket in use; nobody else has the table any more.
            let mut further = unsafe { (*self.bucket(n)).further.load(Relaxed) };
            while !further.is_null() {
                // SAFETY: as above.
                let next = unsafe { (*further).further.load(Relaxed) };
                free(further, 1);
                further = next;
            }
        }
        for (k, segment) in self.segments.iter().enumerate() {
            let segment = segment.load(Relaxed);
            if !segment.is_null() {
                free(segment, segment_len(k));
            }
        }
    }
}

/// Adds to a count that only who holds the shard's lock writes.
fn add(count: &AtomicU32, more: i32) {
    count.store(count.load(Relaxed).wrapping_add_signed(more), Relaxed);
}

/// The bucket of a place among so many.
#[inline]
fn number(place: u32, buckets: u32) -> u32 {
    let half = 1 << buckets.ilog2();
    let number = place & (2 * half - 1);
    if number < buckets { number } else { number & (half - 1) }
}

/// A bucket's segment, and its number there.
#[inline]
fn location(number: u32) -> (usize, u32) {
    if number < FIRST {
        return (0, number);
    }
    let power = number.ilog2();
    ((power - FIRST.ilog2() + 1) as usize, number - (1 << power))
}

fn segment_len(segment: usize) -> usize {
    (FIRST as usize) << segment.saturating_sub(1)
}

#[inline]
fn address(word: u64) -> *mut Entry {
    (word & ADDRESS) as *mut Entry
}

/// The slots of a bucket and of those it links to. The caller holds the shard's lock.
fn slots<'a>(bucket: *mut Bucket) -> impl Iterator<Item = &'a AtomicU64> {
    // SAFETY: null, or valid under the shard's lock.
    let first = unsafe { bucket.as_ref() };
    // SAFETY: as above.
    std::iter::successors(first, |b| unsafe { b.further.load(Relaxed).as_ref() })
        .flat_map(|b| &b.slots)
}

fn words(bucket: *mut Bucket) -> impl Iterator<Item = u64> {
    slots(bucket).map(|slot| slot.load(Relaxed))
}

fn layout(buckets: usize) -> Result<Layout> {
    Layout::array::<Bucket>(buckets).map_err(|_| Error::OutOfMemory)
}

/// Empty buckets.
fn allocate(buckets: usize) -> Result<*mut Bucket> {
    let layout = layout(buckets)?;
    let memory = match layout.size() {
        // Pages take memory when their buckets come into use.
        size if size >= MAPPED => regions::map(size),
        // SAFETY: the size is not zero.
        _ => NonNull::new(unsafe { alloc_zeroed(layout) }),
    };
    let first = memory.ok_or(Error::OutOfMemory)?.cast::<Bucket>();
    if cfg!(feature = "shuttle") {
        // The model checker's atomics are not all zeros.
        for n in 0..buckets {
            let (slots, further) = Default::default();
            // SAFETY: there is room for so many.
            unsafe { first.add(n).write(Bucket { slots, further }) };
        }
    }
    Ok(first.as_ptr())
}

/// Frees what [`allocate`] gave for so many.
fn free(bucket: *mut Bucket, buckets: usize) {
    if let (Ok(layout), Some(memory)) = (layout(buckets), NonNull::new(bucket.cast())) {
        // SAFETY: every caller frees what it alone has, with the count it was made with.
        unsafe {
            match layout.size() {
                size if size >= MAPPED => regions::unmap(memory, size),
                _ => dealloc(memory.as_ptr(), layout),
            }
        }
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn buckets_have_places_of_their_own() {
        let mut seen = std::collections::HashSet::new();
        for n in 0..5000 {
            let (segment, offset) = location(n);
            assert!((offset as usize) < segment_len(segment), "{n}");
            assert!(seen.insert((segment, offset)));
        }
        for buckets in FIRST..200 {
            for place in 0..1000u32 {
                let now = number(place, buckets);
                let then = number(place, buckets + 1);
                assert!(now < buckets && (then == now || then == buckets), "{place} {buckets}");
            }
        }
    }
}
