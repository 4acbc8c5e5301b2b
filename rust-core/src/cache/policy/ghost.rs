//! The ghost: what left not long ago, in 4 bytes an entry.

use super::mix;
use crate::memtable::prefetch;

/// The entries of a bucket, half a cache line.
const WAYS: usize = 8;
/// At least so many ticks of its clock make the reach of a large ghost, and at most twice as
/// many. Times have 16 bits: one that is older by 16 to 8 reaches would seem young again.
const TICKS: u64 = 4096;

/// Remembers the hashes of keys until others of a given weight have come after them.
///
/// A table of buckets by hash. An entry has 16 bits of fingerprint and 16 of the time at
/// which it came; 0 is none. Nothing is unlinked: what is older than the reach does not
/// count, and the oldest of a bucket makes place. One of some 8,000 keys that are not in it
/// is taken for one that is.
pub(super) struct Ghost {
    buckets: Vec<[u32; WAYS]>,
    reach: u64,
    /// The weight of all that ever came in.
    passed: u64,
    /// The weight that the clock counts as one, as a power of two.
    tick_bits: u32,
    /// How many places are taken.
    taken: u64,
}

impl Ghost {
    pub(super) fn new(reach: u64) -> Self {
        let tick_bits = (reach / TICKS).max(1).ilog2();
        Self { buckets: Vec::new(), reach, passed: 0, tick_bits, taken: 0 }
    }

    /// Changes the reach, and forgets all but the time.
    pub(super) fn set_reach(&mut self, reach: u64) {
        *self = Self { passed: self.passed, ..Self::new(reach) };
    }

    /// Forgets all but the time.
    pub(super) fn clear(&mut self) {
        self.set_reach(self.reach);
    }

    /// Makes place for so many entries. If it has to grow, it forgets all: that is rare and
    /// seldom loses much, as a cache has no ghosts until it is full for the first time.
    pub(super) fn fit(&mut self, entries: usize) {
        if entries > self.buckets.len() * WAYS {
            // Memory that is zero from the start is not touched here.
            self.taken = 0;
            self.buckets = vec![[0; WAYS]; super::with_room(entries).div_ceil(WAYS)];
        }
    }

    /// Remembers a key that left.
    pub(super) fn insert(&mut self, hash: u64, weight: u64) {
        self.passed += weight;
        let now = self.ticks() as u16;
        let (print, Some(bucket)) = self.find(hash) else { return };
        // The key's own place, else a free one, else the oldest's.
        let (mut oldest, mut most) = (0, 0);
        for (n, &slot) in bucket.iter().enumerate() {
            let age = now.wrapping_sub(slot as u16);
            let rank = if slot >> 16 == print || slot == 0 { 1 << 16 } else { u32::from(age) };
            if rank >= most {
                (oldest, most) = (n, rank);
            }
        }
        let was_free = bucket[oldest] == 0;
        bucket[oldest] = print << 16 | u32::from(now);
        self.taken += u64::from(was_free);
    }

    /// Forgets a key that came back: the weight that came in since it left, if it is
    /// remembered and that is within the reach.
    pub(super) fn take(&mut self, hash: u64) -> Option<u64> {
        let (now, tick_bits, reach) = (self.ticks() as u16, self.tick_bits, self.reach);
        let (print, Some(bucket)) = self.find(hash) else { return None };
        let slot = bucket.iter_mut().find(|slot| **slot >> 16 == print)?;
        let age = u64::from(now.wrapping_sub(*slot as u16)) << tick_bits;
        *slot = 0;
        self.taken -= 1;
        (age <= reach).then_some(age)
    }

    /// How many keys have a place, those among them that are older than the reach and have
    /// not made it for another one yet.
    pub(super) fn len(&self) -> u64 {
        self.taken
    }

    /// Asks for the memory where a key is looked up.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        let bucket = super::reduce(mix(hash) >> 32, self.buckets.len());
        if let Some(bucket) = self.buckets.get(bucket) {
            prefetch::read(bucket.as_ptr().cast());
        }
    }

    /// The time: how many ticks of weight ever came in.
    pub(super) fn ticks(&self) -> u32 {
        (self.passed >> self.tick_bits) as u32
    }

    /// The weight that makes so many ticks.
    pub(super) fn weight_of(&self, ticks: u32) -> u64 {
        u64::from(ticks) << self.tick_bits
    }

    /// The bytes of memory that it takes.
    pub(super) fn footprint(&self) -> usize {
        self.buckets.capacity() * size_of::<[u32; WAYS]>()
    }

    /// A key's fingerprint, which is not 0, and its bucket, if there is any.
    fn find(&mut self, hash: u64) -> (u32, Option<&mut [u32; WAYS]>) {
        let mixed = mix(hash);
        let bucket = super::reduce(mixed >> 32, self.buckets.len());
        ((mixed as u32 & 0xffff).max(1), self.buckets.get_mut(bucket))
    }
}
