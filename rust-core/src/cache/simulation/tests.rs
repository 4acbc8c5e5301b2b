//! Bars for hit ratios on generated traces, and the bound beside all choices there are.

use super::{POLICIES, Trace};
use crate::cache::policy::{Policy, adaptive_s3_fifo::AdaptiveS3Fifo, lru::Lru, s3_fifo::S3Fifo};

/// A generator of pseudorandom numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 to 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Draws ranks by Zipf's law.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(ranks: u32, skew: f64) -> Self {
        let sums = (1..=ranks).scan(0.0, |sum, rank| {
            *sum += f64::from(rank).powf(-skew);
            Some(*sum)
        });
        Self(sums.collect())
    }

    fn draw(&self, random: &mut Random) -> u64 {
        let at = random.fraction() * self.0.last().copied().unwrap_or(0.0);
        self.0.partition_point(|&sum| sum < at) as u64
    }
}

fn random() -> Random {
    Random(0x2545_f491_4f6c_dd1d)
}

fn looping(len: u64, rounds: u64) -> Trace<'static> {
    let keys: Vec<u64> = (0..len * rounds).map(|i| i % len).collect();
    Trace::new(&keys)
}

/// In percent.
fn hits<P: Policy>(trace: &Trace, capacity: u64) -> f64 {
    trace.replay::<P>(capacity).hit_ratio() * 100.0
}

#[track_caller]
fn at_least(got: f64, bar: f64) {
    assert!(got >= bar, "{got:.2} % of requests hit, and not {bar:.2}");
}

#[test]
fn counts_what_a_policy_does() {
    let trace = Trace::with_weights(&[7, 8, 7, 9, 7, 8, 9], &[5, 3, 1, 2]);
    assert_eq!((trace.requests(), trace.keys(), trace.footprint()), (7, 3, 10));
    let outcome = trace.replay::<Lru>(8);
    // 9 drives out 8, which drives out 9.
    assert_eq!((outcome.requests, outcome.hits), (7, 2));
    assert_eq!((outcome.weight, outcome.hit_weight), (25, 10));
    for policy in POLICIES {
        let all = (policy.replay)(&trace, 10);
        assert_eq!(all.hits, 4, "{}", policy.name);
        assert_eq!((policy.replay)(&trace, 0).hits, 0, "{}", policy.name);
        assert_eq!((policy.replay)(&Trace::new(&[]), 10).requests, 0);
    }
}

#[test]
fn zipf_is_near_to_the_best_set() {
    let (zipf, mut random) = (Zipf::new(50_000, 0.9), random());
    let keys: Vec<u64> = (0..500_000).map(|_| zipf.draw(&mut random)).collect();
    let trace = Trace::new(&keys);
    let (lru, default) = (hits::<Lru>(&trace, 1000), hits::<AdaptiveS3Fifo>(&trace, 1000));
    at_least(default, lru + 8.0);
    at_least(hits::<S3Fifo>(&trace, 1000), lru + 8.0);
}

#[test]
fn loops_hold() {
    for (len, bar) in [(1050, 88.0), (1200, 75.0), (1500, 57.0), (2000, 44.0), (2500, 34.0)] {
        let trace = looping(len, 100);
        assert_eq!(hits::<Lru>(&trace, 1000), 0.0);
        at_least(hits::<AdaptiveS3Fifo>(&trace, 1000), bar);
    }
}

#[test]
fn a_loop_after_other_work_holds() {
    let (zipf, mut random) = (Zipf::new(20_000, 0.9), random());
    let mut keys: Vec<u64> = (0..100_000).map(|_| zipf.draw(&mut random)).collect();
    keys.extend((0..200_000).map(|i| (1 << 40) + i % 2000));
    at_least(hits::<AdaptiveS3Fifo>(&Trace::new(&keys), 1000), 40.0);
}

#[test]
fn scans_do_not_sweep() {
    let (zipf, mut random) = (Zipf::new(20_000, 0.9), random());
    let with_scans = |i: u64, random: &mut Random| match i % 10_000 {
        ..5000 => zipf.draw(random),
        _ => (1 << 40) + i,
    };
    let keys: Vec<u64> = (0..500_000).map(|i| with_scans(i, &mut random)).collect();
    let trace = Trace::new(&keys);
    at_least(hits::<AdaptiveS3Fifo>(&trace, 1000), hits::<Lru>(&trace, 1000) + 5.0);
}

#[test]
fn work_that_moves_on_is_followed() {
    // Each key is used some times, for a while, and never again.
    let mut random = random();
    let mut draw = |i: u64| {
        let back = random.fraction() * random.fraction() * 4000.0;
        (i as f64 / 4.0 + 4000.0 - back) as u64
    };
    let keys: Vec<u64> = (0..500_000).map(&mut draw).collect();
    let trace = Trace::new(&keys);
    let lru = hits::<Lru>(&trace, 1600);
    at_least(lru - 4.0, hits::<S3Fifo>(&trace, 1600));
    at_least(hits::<AdaptiveS3Fifo>(&trace, 1600), lru - 1.5);
}

/// The most hits that any choice of evictions gives, the newcomer among those to choose from.
fn best(keys: &[u64], held: &[u64], capacity: usize) -> u64 {
    let Some((key, rest)) = keys.split_first() else { return 0 };
    if held.contains(key) {
        return 1 + best(rest, held, capacity);
    }
    let all: Vec<u64> = held.iter().copied().chain([*key]).collect();
    if all.len() <= capacity {
        return best(rest, &all, capacity);
    }
    let without = |gone: usize| {
        let kept: Vec<u64> = (0..all.len()).filter(|&i| i != gone).map(|i| all[i]).collect();
        best(rest, &kept, capacity)
    };
    (0..all.len()).map(without).max().unwrap_or(0)
}

#[test]
fn belady_is_the_best() {
    let mut random = random();
    for _ in 0..200 {
        let keys: Vec<u64> = (0..12).map(|_| random.next() % 5).collect();
        for capacity in 1..4 {
            let bound = Trace::new(&keys).bound(capacity as u64);
            assert_eq!(bound.hits, best(&keys, &[], capacity), "{keys:?} at {capacity}");
        }
    }
}

#[test]
fn no_policy_passes_the_bound() {
    let (zipf, mut random) = (Zipf::new(5000, 0.8), random());
    let keys: Vec<u64> = (0..50_000).map(|_| zipf.draw(&mut random)).collect();
    let weights: Vec<u64> = keys.iter().map(|key| 1 + key * key % 1000).collect();
    for trace in [Trace::new(&keys), Trace::with_weights(&keys, &weights)] {
        for share in [1000, 100, 10] {
            let capacity = trace.footprint() / share;
            let bound = trace.bound(capacity).hits;
            for policy in &POLICIES {
                assert!((policy.replay)(&trace, capacity).hits <= bound, "{}", policy.name);
            }
            assert!(bound < 50_000 - trace.keys() as u64, "the bound bounds");
        }
    }
}
