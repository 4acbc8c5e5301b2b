//! What threads do with a cache, and how long it takes.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use serde::Serialize;

use crate::Result;
use crate::caches::{Cache, Values, is_value_of, key};
use crate::measure::thread_cpu_nanos;
use crate::work::{Permutation, Random, Zipf};

/// What is done with each key that is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Mix {
    /// A read.
    Reads,
    /// A read for three of four, a write for the others.
    ThreeQuartersReads,
    /// A read, and a write if there was nothing.
    ReadThrough,
}

/// Keys by number, drawn before anything is timed.
pub struct Draws {
    keys: u32,
    drawn: Vec<u32>,
}

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
    pub cpu_nanos: u64,
    pub lookups: u64,
    pub hits: u64,
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

/// Does a mix on so many threads, each with its part of the draws.
pub fn run<C: Cache>(cache: &C, mix: Mix, threads: u32, draws: &Draws) -> Result<Outcome> {
    let parts = draws.drawn.chunks(draws.drawn.len().div_ceil(threads as usize));
    let barrier = &Barrier::new(parts.len() + 1);
    thread::scope(|scope| {
        let client = |part| {
            move || -> Result<Outcome> {
                barrier.wait();
                let before = thread_cpu_nanos()?;
                let outcome = work(cache, mix, part);
                Ok(Outcome { cpu_nanos: thread_cpu_nanos()? - before, ..outcome })
            }
        };
        let clients: Vec<_> = parts.map(|part| scope.spawn(client(part))).collect();
        barrier.wait();
        let start = Instant::now();
        let mut all = Outcome::default();
        for client in clients {
            let one = client.join().map_err(|_| "a client panicked")??;
            all.operations += one.operations;
            all.cpu_nanos += one.cpu_nanos;
            all.lookups += one.lookups;
            all.hits += one.hits;
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
