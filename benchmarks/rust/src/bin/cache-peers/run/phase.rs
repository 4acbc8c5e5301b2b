//! What threads do with a cache, and how long it takes.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::caches::{Cache, Values, is_value_of, key};
use crate::work::{Permutation, Random, Zipf};

/// What is done with each key that is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// A read.
    Reads,
    /// A read for three of four, a write for the others.
    ThreeQuartersReads,
    /// A read, and a write if there was nothing.
    ReadThrough,
}

impl Mix {
    /// Its workload in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::ThreeQuartersReads => "reads_75",
            Self::ReadThrough => "read_through",
        }
    }
}

/// Keys by number, drawn before anything is timed.
pub struct Draws {
    keys: u32,
    drawn: Vec<u32>,
}

/// Draws that are worked on before a thread looks whether time is up.
const CHUNK: usize = 256;

/// The draw is for a write, if it may be. A quarter are.
const WRITE: u32 = 1 << 31;

impl Draws {
    pub fn new(keys: u32, count: u64, exponent: f64, seed: u64) -> Self {
        let zipf = Zipf::new(u64::from(keys), exponent);
        // Keys that are drawn often are not neighbours.
        let order = Permutation::new(u64::from(keys), seed);
        let mut random = Random::new(seed, 0);
        let draw = |_| {
            let id = order.at(zipf.draw(&mut random)) as u32;
            if random.below(4) == 0 { id | WRITE } else { id }
        };
        Self { keys, drawn: (0..count).map(draw).collect() }
    }
}

/// What a phase came to.
#[derive(Default)]
pub struct Outcome {
    pub seconds: f64,
    pub operations: u64,
    pub lookups: u64,
    pub hits: u64,
}

impl Outcome {
    fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.lookups += other.lookups;
        self.hits += other.hits;
    }
}

/// Fills a cache: with all keys, or with what reading through the draws leaves in it.
pub fn fill(cache: &impl Cache, draws: &Draws, all: bool) {
    if all {
        let mut values = Values::new();
        let order = Permutation::new(u64::from(draws.keys), 0);
        for id in (0..u64::from(draws.keys)).map(|i| order.at(i) as u32) {
            cache.put(&key(id), values.of(id));
        }
    } else {
        work(cache, Mix::ReadThrough, &draws.drawn);
    }
}

/// Does a mix on so many threads for so long. Each begins with another part of the draws.
pub fn run<C: Cache>(
    cache: &C,
    mix: Mix,
    threads: u32,
    draws: &Draws,
    limit: Duration,
) -> Result<Outcome> {
    let (barrier, stop) = (&Barrier::new(threads as usize + 1), &AtomicBool::new(false));
    let client = |n: u32| {
        let (before, after) =
            draws.drawn.split_at(draws.drawn.len() * n as usize / threads as usize);
        move || {
            let mut all = Outcome::default();
            barrier.wait();
            for part in after.chunks(CHUNK).chain(before.chunks(CHUNK)).cycle() {
                if stop.load(Relaxed) {
                    break;
                }
                all.add(&work(cache, mix, part));
            }
            all
        }
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..threads).map(|n| scope.spawn(client(n))).collect();
        barrier.wait();
        let start = Instant::now();
        thread::sleep(limit);
        stop.store(true, Relaxed);
        let mut all = Outcome::default();
        for client in clients {
            all.add(&client.join().map_err(|_| "a client panicked")?);
        }
        all.seconds = start.elapsed().as_secs_f64();
        Ok(all)
    })
}

/// What one thread does.
fn work(cache: &impl Cache, mix: Mix, draws: &[u32]) -> Outcome {
    let (mut values, mut lookups, mut hits) = (Values::new(), 0, 0);
    for &draw in draws {
        let id = draw & !WRITE;
        let key = key(id);
        if mix == Mix::ThreeQuartersReads && draw & WRITE != 0 {
            cache.put(&key, values.of(id));
            continue;
        }
        lookups += 1;
        match cache.get(&key, |value| is_value_of(id, value)) {
            Some(right) => {
                assert!(right, "the value of another key");
                hits += 1;
            }
            None if mix == Mix::ReadThrough => cache.put(&key, values.of(id)),
            None => {}
        }
    }
    Outcome { operations: draws.len() as u64, lookups, hits, ..Outcome::default() }
}
