//! SplitMix64.

/// The generator's step.
pub const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// SplitMix64's output for the state `x`: every bit of `x` changes about half of
/// the result's.
pub fn mix(x: u64) -> u64 {
    let mut x = x.wrapping_add(GOLDEN);
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

/// A generator of eight bytes, so that what draws keys does not compete with the
/// store for the cache.
pub struct Random {
    state: u64,
}

impl Random {
    /// The generator of one client of a workload: the same for the same seed and
    /// client, another for another.
    pub fn new(seed: u64, client: u64) -> Self {
        Self { state: mix(seed ^ mix(client)) }
    }

    /// The next number, each of 64 bits as likely.
    pub fn draw(&mut self) -> u64 {
        let n = mix(self.state);
        self.state = self.state.wrapping_add(GOLDEN);
        n
    }

    /// A number below `n`, each as likely but for one part in 2^64/n.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(n)) >> 64) as u64
    }

    /// A number from 0 to less than 1, a multiple of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64
    }
}
