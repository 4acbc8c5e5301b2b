//! Choices of which a few are made often, exactly by Zipf's law with any exponent.

use super::random::Random;

/// Draws ranks by Zipf's law: the rank `r`, counted from 1, with a weight of 1/r^s.
pub struct Zipf {
    /// For each rank, the weight of all up to it.
    upto: Vec<f64>,
}

impl Zipf {
    /// Of `ranks` ranks, at least 1, with the exponent `s`. It takes 8 bytes a rank.
    pub fn new(ranks: u64, s: f64) -> Self {
        let mut sum = 0.0;
        let weigh = |rank: u64| {
            sum += (rank as f64).powf(-s);
            sum
        };
        Self { upto: (1..=ranks).map(weigh).collect() }
    }

    /// The next rank, counted from 0.
    pub fn draw(&self, random: &mut Random) -> u64 {
        let unit = random.unit();
        let all = self.upto[self.upto.len() - 1];
        let rank = self.upto.partition_point(|&upto| upto <= unit * all);
        rank.min(self.upto.len() - 1) as u64
    }
}
