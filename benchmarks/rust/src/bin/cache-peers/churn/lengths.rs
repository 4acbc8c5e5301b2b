//! How long values are.

use serde::Serialize;

use crate::work::Random;

/// A distribution of lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Lengths {
    /// From 10 bytes to a mebibyte, each order of magnitude as likely.
    Mixed,
    /// From 10 to 1000 bytes so, and one in 5000 up to a mebibyte: more than nine of ten
    /// bytes are in values of less than 1000.
    Small,
    /// Bands that follow one another.
    Shifting,
    /// 100 bytes.
    Entries,
}

/// The bands of [`Lengths::Shifting`].
const BANDS: [(u64, u64); 6] = [
    (10, 200),
    (1 << 10, 8 << 10),
    (64 << 10, 1 << 20),
    (10, 1 << 20),
    (200, 1500),
    (8 << 10, 64 << 10),
];

impl Lengths {
    /// The next length, in a phase counted from 0.
    pub fn draw(self, phase: u64, random: &mut Random) -> usize {
        match self {
            Self::Mixed => between(10, 1 << 20, random),
            Self::Small if random.below(5000) != 0 => between(10, 1000, random),
            Self::Small => between(10, 1 << 20, random),
            Self::Shifting => {
                let (low, high) = BANDS[(phase % BANDS.len() as u64) as usize];
                between(low, high, random)
            }
            Self::Entries => super::VALUE_LEN,
        }
    }

    /// The mean in a phase, about.
    pub fn mean(self, phase: u64) -> u64 {
        let mut random = Random::new(0, 0);
        (0..20_000).map(|_| self.draw(phase, &mut random) as u64).sum::<u64>() / 20_000
    }
}

/// A length between two, the logarithm of which is as likely everywhere.
fn between(low: u64, high: u64, random: &mut Random) -> usize {
    let unit = (random.draw() >> 11) as f64 / (1u64 << 53) as f64;
    (low as f64 * (high as f64 / low as f64).powf(unit)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_bytes_are_in_small_values() {
        let mut random = Random::new(3, 3);
        let lengths: Vec<_> = (0..1_000_000).map(|_| Lengths::Small.draw(0, &mut random)).collect();
        let small: usize = lengths.iter().filter(|&&length| length <= 1000).sum();
        assert!(small * 10 > lengths.iter().sum::<usize>() * 9);
        assert!(lengths.iter().any(|&length| length > 1 << 17));
    }
}
