//! Choices of which a few are made often, without memory.

use super::permutation::Permutation;
use super::random::Random;

/// The exponent of YCSB's choices.
const THETA: f64 = 0.99;

/// Draws ranks by Zipf's law: the rank `r`, counted from 0, with a weight of
/// 1/(r+1)^theta. It is YCSB's generator (Gray et al., "Quickly generating
/// billion-record synthetic databases", 1994): exact for the first two ranks, a
/// continuous approximation for the others.
///
/// The halves compute with the powers of their own libraries, which may differ in
/// the last bit: a rank at an edge between two can then be one more or less.
pub(super) struct Ranks {
    n: f64,
    /// The sum of all weights.
    zeta: f64,
    /// That of the first two ranks.
    two: f64,
    alpha: f64,
    eta: f64,
}

impl Ranks {
    /// Of `n` ranks, at least 1, with a `theta` between 0 and 1. It sums up `n`
    /// powers.
    pub(super) fn new(n: u64, theta: f64) -> Self {
        let zeta = (1..=n).map(|rank| (rank as f64).powf(-theta)).sum();
        let (n, two) = (n as f64, 1.0 + 0.5f64.powf(theta));
        let eta = (1.0 - (2.0 / n).powf(1.0 - theta)) / (1.0 - two / zeta);
        Self { n, zeta, two, alpha: 1.0 / (1.0 - theta), eta }
    }

    /// The next rank, below `n`.
    pub(super) fn draw(&self, random: &mut Random) -> u64 {
        let unit = random.unit();
        let at = unit * self.zeta;
        if at < 1.0 {
            return 0;
        }
        if at < self.two {
            return 1;
        }
        let rank = self.n * (self.eta * unit - self.eta + 1.0).powf(self.alpha);
        rank.min(self.n - 1.0) as u64
    }
}

/// Draws numbers below n by Zipf's law; which are drawn often is random, so that they
/// are not neighbours.
pub struct Popular {
    ranks: Ranks,
    order: Permutation,
}

impl Popular {
    /// Draws from the numbers below `n`, at least 1; `seed` chooses which are popular.
    pub fn new(n: u64, seed: u64) -> Self {
        Self { ranks: Ranks::new(n, THETA), order: Permutation::new(n, seed) }
    }

    /// The next number.
    pub fn draw(&self, random: &mut Random) -> u64 {
        self.order.at(self.ranks.draw(random))
    }

    /// Draws, of the `count` numbers from 0 on, which are at least n, one of the last
    /// n: the last most often, by Zipf's law over how many come after it.
    pub fn latest(&self, random: &mut Random, count: u64) -> u64 {
        count - 1 - self.ranks.draw(random)
    }
}
