//! A random order without memory.

use super::random::mix;

/// Puts the numbers below n in a random order: a Feistel network of four rounds
/// over the least even number of bits that holds n, walked until it comes back
/// below n.
pub struct Permutation {
    n: u64,
    half: u32,
    keys: [u64; 4],
}

impl Permutation {
    /// The order of the numbers below `n`, at least 1, that `seed` chooses.
    pub fn new(n: u64, seed: u64) -> Self {
        let bits = u64::BITS - (n - 1).leading_zeros();
        let keys = [0, 1, 2, 3].map(|i| mix(seed.wrapping_add(i)));
        Self { n, half: bits.div_ceil(2).max(1), keys }
    }

    /// The number in place `i`, which is below n.
    pub fn at(&self, mut i: u64) -> u64 {
        loop {
            i = self.shuffle(i);
            if i < self.n {
                return i;
            }
        }
    }

    fn shuffle(&self, i: u64) -> u64 {
        let mask = (1 << self.half) - 1;
        let (mut left, mut right) = (i >> self.half, i & mask);
        for key in self.keys {
            (left, right) = (right, left ^ mix(right.wrapping_add(key)) & mask);
        }
        left << self.half | right
    }
}
