//! Which entry a key has: a hash table that is read without a lock, and changed by
//! whoever holds its shard's.
//!
//! A bucket is a cache line of seven slots and a link to a further one, which few have. A
//! slot is 0, or 16 bits of the key's hash over 48 bits of the entry's address. There are no
//! marks of removed entries, so a table in which entries come and go for ever needs no
//! cleaning.
//!
//! Buckets that are linked are a *chain*, and all but its last are full: when an entry
//! leaves, one from behind takes its place, and what is empty then is given up. Else further
//! buckets would stay for as long as any entry is in them. A reader whom an entry passes on
//! its way forward looks again, see [`Index::probe`].
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
const SLOTS: usize = if cfg!(feature = "shuttle") { 2 } else { 7 };
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
/// Methods that change it are called under the shard's lock only. What readers look at comes
/// first.
#[repr(C)]
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
                Entry::prefetch(entry);
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

    /// The first entry with the hash's tag that `is_it`, in the chain that the hash has among
    /// so many buckets.
    ///
    /// A pass misses an entry that is there only if this has moved to an earlier bucket
    /// meanwhile. So as many passes find it as the first one met buckets: what was behind
    /// the last of these had moved before the link to it was read.
    #[inline]
    fn probe<'g>(
        &self,
        buckets: u32,
        hash: Hash,
        guard: &'g Guard,
        is_it: impl Fn(*const Entry) -> bool,
    ) -> Option<&'g Entry> {
        let first = self.bucket(number(hash.place(), buckets));
        let (found, met) = pass(first, hash, guard, &is_it);
        found.or_else(|| (1..met).find_map(|_| pass(first, hash, guard, &is_it).0))
    }

    /// Asks for the memory where a lookup starts.
    #[inline]
    pub(super) fn prefetch(&self, hash: Hash) {
        prefetch::read(self.bucket(number(hash.place(), self.buckets.load(Acquire))).cast());
    }

    /// Asks for the entry that a key probably has.
    #[inline]
    pub(super) fn prefetch_entry(&self, hash: Hash, guard: &Guard) {
        let first = self.bucket(number(hash.place(), self.buckets.load(Acquire)));
        pass(first, hash, guard, &|entry| {
            prefetch::read(entry.cast());
            true
        });
    }

    /// Adds an entry whose key has none. If there is no memory, nothing has changed.
    pub(super) fn insert(&self, hash: Hash, entry: NonNull<Entry>, guard: &Guard) -> Result<()> {
        if entry.addr().get() as u64 & !ADDRESS != 0 {
            return Err(Error::OutOfMemory);
        }
        if self.entries.load(Relaxed) >= self.buckets.load(Relaxed).saturating_mul(LOAD) {
            // Without memory for more buckets the table is only slower.
            let _ = self.split(guard);
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
        let slot = self.slot_of(hash.place(), old).expect("the entry is in the index");
        let tag = slot.load(Relaxed) & !ADDRESS;
        slot.store(tag | new.as_ptr() as u64, Release);
    }

    /// [`Index::replace`], by the half of the hash that entries keep.
    pub(super) fn replace_at(&self, place: u32, old: NonNull<Entry>, new: NonNull<Entry>) {
        self.replace(Hash(u64::from(place) << 32), old, new);
    }

    /// Takes an entry out.
    pub(super) fn remove(&self, place: u32, entry: NonNull<Entry>, guard: &Guard) {
        let slot = self.slot_of(place, entry).expect("the entry is in the index");
        slot.store(0, Release);
        add(&self.entries, -1);
        self.pack(self.bucket(number(place, self.buckets.load(Relaxed))), guard);
    }

    /// Where an entry is.
    fn slot_of(&self, place: u32, entry: NonNull<Entry>) -> Option<&AtomicU64> {
        let bucket = self.bucket(number(place, self.buckets.load(Relaxed)));
        slots(bucket).find(|slot| address(slot.load(Relaxed)) == entry.as_ptr())
    }

    /// Moves entries forward in a chain until all of its buckets but the last are full, and
    /// gives up those that are empty then.
    fn pack(&self, first: *mut Bucket, guard: &Guard) {
        // SAFETY: a bucket in use is valid under our lock, as are those it links to.
        let mut b = unsafe { &*first };
        let mut next = b.further.load(Relaxed);
        // SAFETY: null, or valid as above.
        while let Some(further) = unsafe { next.as_ref() } {
            let vacant = b.slots.iter().filter(|slot| slot.load(Relaxed) == 0);
            let used = further.slots.iter().filter(|slot| slot.load(Relaxed) != 0);
            for (to, from) in vacant.zip(used) {
                // A reader who does not find it there any more sees that it is here.
                to.store(from.load(Relaxed), Release);
                from.store(0, Release);
            }
            if further.slots.iter().all(|slot| slot.load(Relaxed) == 0) {
                b.further.store(further.further.load(Relaxed), Release);
                add(&self.further, -1);
                // SAFETY: nothing links to it any more; who found it before is pinned.
                unsafe { guard.defer_unchecked(move || free(next, 1)) };
            } else {
                b = further;
            }
            next = b.further.load(Relaxed);
        }
    }

    /// Splits the next bucket in two.
    fn split(&self, guard: &Guard) -> Result<()> {
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
        self.pack(from, guard);
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

/// Looks for an entry in all buckets of a chain, once: the entry if it is found, and how many
/// buckets there were.
#[inline]
fn pass<'g>(
    first: *mut Bucket,
    hash: Hash,
    _guard: &'g Guard,
    is_it: &impl Fn(*const Entry) -> bool,
) -> (Option<&'g Entry>, usize) {
    let (mut bucket, mut met) = (first, 0);
    // SAFETY: null, or a bucket that is freed no sooner than the guard is dropped.
    while let Some(b) = unsafe { bucket.as_ref() } {
        // Before the slots: where it leads nowhere any more, what was there is in these.
        bucket = b.further.load(Acquire);
        met += 1;
        // Which slot it is cannot be predicted: all are compared before anything hangs on
        // that.
        let words: [u64; SLOTS] = std::array::from_fn(|n| b.slots[n].load(Acquire));
        let mut alike = words.iter().enumerate().fold(0, |alike, (n, word)| {
            alike | u32::from((word ^ hash.tag()) >> TAG_SHIFT == 0) << n
        });
        while alike != 0 {
            let entry = address(words[alike.trailing_zeros() as usize]);
            if is_it(entry) {
                // SAFETY: what is in a slot is freed only by way of the epoch.
                return (Some(unsafe { &*entry }), met);
            }
            alike &= alike - 1;
        }
    }
    (None, met)
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
