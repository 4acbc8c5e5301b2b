//! What threads do to a cache so that its entries come and go.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use mantisdb_core::cache::PutOptions;

use super::Options;
use super::lengths::Lengths;
use crate::caches::MantisDb;
use crate::work::Random;

/// Threads that read keys, some more often than others, and put what is not there. Of
/// all operations a sixteenth writes anew what may be there, with another length, and a
/// sixty-fourth removes. An eighth of the entries expires within seconds.
pub struct Clients {
    lengths: Lengths,
    budget: u64,
    times: u64,
    seed: u64,
    /// Where values come from.
    bytes: Vec<u8>,
    /// Distinct keys of each phase.
    keys: Vec<u64>,
}

/// Lengths, and keys, are others after this part of the run.
const PHASES: u64 = 12;

impl Clients {
    pub fn new(options: &Options) -> Self {
        let budget = options.budget << 20;
        // Four times what the budget holds.
        let keys = |phase| (4 * budget / options.lengths.mean(phase)).max(16);
        Self {
            lengths: options.lengths,
            budget,
            times: options.times,
            seed: options.seed,
            bytes: vec![0xa5; 1 << 20],
            keys: (0..PHASES).map(keys).collect(),
        }
    }

    /// Works as client number `n` until enough was written by all.
    pub fn run(&self, n: u32, cache: &MantisDb, written: &AtomicU64) {
        let mut random = Random::new(self.seed, u64::from(n));
        loop {
            let so_far = written.load(Relaxed);
            if so_far >= self.budget * self.times {
                return;
            }
            let phase = so_far * PHASES / (self.budget * self.times);
            written.fetch_add(self.step(cache, phase, &mut random), Relaxed);
        }
    }

    /// One operation. Tells how many bytes it wrote.
    fn step(&self, cache: &MantisDb, phase: u64, random: &mut Random) -> u64 {
        // What is below a low bound is drawn more often.
        let bound = 1 + random.below(self.keys[phase as usize]);
        let key = (random.below(bound) | phase << 48).to_be_bytes();
        match random.below(64) {
            0 => {
                cache.0.remove(&key);
                return 0;
            }
            1..=4 => {}
            _ if cache.0.contains(&key) => return 0,
            _ => {}
        }
        let length = self.lengths.draw(phase, random);
        let ttl = if random.below(8) == 0 { 1 + random.below(5000) } else { 0 };
        let options = PutOptions { ttl, ..PutOptions::default() };
        cache.0.put(&key, &self.bytes[..length], options).expect("there is room for an entry");
        (key.len() + length) as u64
    }
}
