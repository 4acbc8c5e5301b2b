//! The sketch: about how often keys came lately, whether they are here or not.

use super::mix;

/// The words of a block, one cache line: 124 counters of 4 bits and the age of the block.
const WORDS: usize = 8;
const COUNTERS: usize = 124;
/// Counters an entry.
const COUNTERS_PER_ENTRY: usize = 8;
/// All counts are halved after so many additions an entry.
const SAMPLE_PER_ENTRY: u64 = 10;
const LOW_THREE_BITS: u64 = 0x7777_7777_7777_7777;
const AGE_SHIFT: u32 = 48;

/// Counts of keys by their hash, up to [`Sketch::MAX`], too high where keys collide.
///
/// A key has four counters in one block, the smallest of which is its count; only those
/// that are the smallest are raised. Halving is counted in halvings, and a block catches up
/// with it when it is touched: nobody waits for a sweep.
pub(super) struct Sketch {
    blocks: Vec<[u64; WORDS]>,
    /// How often all was halved.
    age: u16,
    additions: u64,
    sample: u64,
}

impl Sketch {
    /// What counts go up to.
    pub(super) const MAX: u8 = 15;

    pub(super) const fn new() -> Self {
        Self { blocks: Vec::new(), age: 0, additions: 0, sample: 0 }
    }

    /// Makes place for so many entries. If it has to grow, it forgets all.
    pub(super) fn fit(&mut self, entries: usize) {
        if entries as u64 * SAMPLE_PER_ENTRY > self.sample {
            let entries = super::with_room(entries);
            let blocks = (entries * COUNTERS_PER_ENTRY).div_ceil(COUNTERS);
            self.blocks = vec![[0; WORDS]; blocks];
            self.sample = entries as u64 * SAMPLE_PER_ENTRY;
        }
    }

    /// Adds to a key's count, and tells it.
    pub(super) fn add(&mut self, hash: u64, times: u8) -> u8 {
        if self.blocks.is_empty() {
            return 0;
        }
        let (block, places) = self.find(hash);
        let count = places.map(|place| counter(block, place)).into_iter().min().unwrap_or(0);
        let raised = (count + times).min(Self::MAX);
        for place in places {
            if counter(block, place) < raised {
                let word = &mut block[place / 16];
                let shift = place % 16 * 4;
                *word = *word & !(0xf << shift) | u64::from(raised) << shift;
            }
        }
        self.additions += u64::from(times);
        if self.additions >= self.sample {
            self.additions /= 2;
            self.age = self.age.wrapping_add(1);
        }
        raised
    }

    /// A key's count.
    pub(super) fn count(&mut self, hash: u64) -> u8 {
        self.add(hash, 0)
    }

    /// The bytes of memory that it takes.
    pub(super) fn footprint(&self) -> usize {
        self.blocks.capacity() * size_of::<[u64; WORDS]>()
    }

    /// A key's block, halved as often as is due, and its counters in it.
    fn find(&mut self, hash: u64) -> (&mut [u64; WORDS], [usize; 4]) {
        let mixed = mix(hash ^ 0x5851_f42d_4c95_7f2d);
        let index = super::reduce(mixed >> 32, self.blocks.len());
        let block = &mut self.blocks[index];
        let due = self.age.wrapping_sub((block[WORDS - 1] >> AGE_SHIFT) as u16);
        if due > 0 {
            for _ in 0..due.min(4) {
                block.iter_mut().for_each(|word| *word = *word >> 1 & LOW_THREE_BITS);
            }
            let last = block[WORDS - 1] << 16 >> 16;
            block[WORDS - 1] = last | u64::from(self.age) << AGE_SHIFT;
        }
        let place =
            |i: u32| super::reduce(u64::from(mixed as u32 >> (8 * i) & 0xff) << 24, COUNTERS);
        (block, [place(0), place(1), place(2), place(3)])
    }
}

/// A counter of a block.
fn counter(block: &[u64; WORDS], place: usize) -> u8 {
    (block[place / 16] >> (place % 16 * 4) & 0xf) as u8
}
