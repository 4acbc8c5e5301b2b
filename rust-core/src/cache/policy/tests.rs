//! Each policy beside a plain map, through random work.

use super::adaptive_s3_fifo::AdaptiveS3Fifo;
use super::lru::Lru;
use super::s3_fifo::S3Fifo;
use super::{Entries, Policy, QueueStats, Token};
use crate::test_scale::is_small;
use std::cell::Cell;
use std::collections::BTreeMap;

/// A step of SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

struct Entry {
    key: u64,
    weight: u64,
    hits: Cell<u8>,
}

/// What is in the cache.
#[derive(Default)]
struct Model {
    entries: BTreeMap<Token, Entry>,
    free: Vec<Token>,
}

impl Entries for Model {
    fn hash(&self, token: Token) -> u64 {
        self.entries[&token].key.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn weight(&self, token: Token) -> u64 {
        self.entries[&token].weight
    }

    fn hits(&self, token: Token) -> u8 {
        self.entries[&token].hits.get()
    }

    fn set_hits(&self, token: Token, hits: u8) {
        self.entries[&token].hits.set(hits);
    }
}

impl Model {
    fn weight_of_all(&self) -> u64 {
        self.entries.values().map(|entry| entry.weight).sum()
    }

    fn add(&mut self, key: u64, weight: u64) -> Token {
        let token = self.free.pop().unwrap_or(self.entries.len() as Token);
        let entry = Entry { key, weight, hits: Cell::new(0) };
        assert!(self.entries.insert(token, entry).is_none());
        token
    }

    fn drop(&mut self, token: Token) {
        assert!(self.entries.remove(&token).is_some(), "{token} is not there");
        self.free.push(token);
    }
}

/// Weights from 1 to 10^5, most of them light.
fn weight(random: u64) -> u64 {
    10_u64.pow((random % 120 / 20) as u32) + random % 7
}

/// What it tells of its queues is the weight and number of what is there, if it tells
/// anything, and of former ones no more than there were.
fn check_queues<P: Policy>(policy: &P, model: &Model) {
    let queues = policy.queues();
    let (ghosts, held): (Vec<&QueueStats>, Vec<&QueueStats>) =
        queues.iter().partition(|queue| queue.name == "ghost");
    if !queues.is_empty() {
        assert_eq!(held.iter().map(|queue| queue.entries).sum::<u64>(), model.entries.len() as u64);
        assert_eq!(held.iter().map(|queue| queue.bytes).sum::<u64>(), model.weight_of_all());
    }
    assert!(ghosts.iter().all(|ghost| ghost.entries <= ghost.bytes / 4), "{ghosts:?}");
}

fn run<P: Policy>(seed: u64, weighed: impl Fn(&P) -> Option<u64>) {
    let mut state = seed;
    let mut capacity = 2_000_000;
    let (mut model, mut policy) = (Model::default(), P::new(capacity));
    for step in 0..20_000 {
        let random = next(&mut state);
        let key = random >> 20 & (0xff | random >> 40 & 0xfff);
        let found = model.entries.iter().find(|(_, entry)| entry.key == key).map(|(&t, _)| t);
        match (found, random % 100) {
            (_, _) if step == 19_000 => {
                capacity = 2_000_000;
                policy.set_capacity(capacity);
            }
            (_, 0) if step < 19_000 => {
                capacity = 100 + next(&mut state) % 4_000_000;
                policy.set_capacity(capacity);
            }
            (Some(token), ..10) => {
                policy.remove(token, &model);
                model.drop(token);
            }
            (Some(token), 10..30) => {
                let old = model.weight(token);
                model.entries.get_mut(&token).expect("it was found").weight = weight(random >> 8);
                policy.replace(token, old, &model);
            }
            (Some(token), _) => {
                model.set_hits(token, (model.hits(token) + 1).min(P::MAX_HITS));
                policy.hit(token);
            }
            (None, _) => {
                let token = model.add(key, weight(random >> 8));
                policy.insert(token, &model);
            }
        }
        while model.weight_of_all() > capacity {
            let token = policy.evict(&model).expect("there is an entry left to evict");
            assert!(model.hits(token) <= P::MAX_HITS);
            model.drop(token);
        }
        assert_eq!(weighed(&policy).unwrap_or(model.weight_of_all()), model.weight_of_all());
        check_queues(&policy, &model);
    }
    assert!(model.entries.len() > 20, "the work leaves entries");
    // What is left comes out once each, and then nothing.
    for _ in 0..model.entries.len() {
        let token = policy.evict(&model).expect("each entry comes out");
        model.drop(token);
    }
    assert_eq!(policy.evict(&model), None);
    let token = model.add(1, 1);
    policy.insert(token, &model);
    policy.clear();
    assert_eq!(policy.evict(&model), None);
}

#[test]
fn agree_with_a_map() {
    for seed in 0..if is_small() { 2 } else { 8 } {
        run::<Lru>(seed, |_| None);
        run::<S3Fifo>(seed, |policy| Some(policy.weight()));
        run::<AdaptiveS3Fifo>(seed, |policy| Some(policy.weight()));
    }
}

/// Fills a policy with entries of weight 1 and sends twice as many through.
fn footprint<P: Policy>(entries: u64) -> usize {
    let (mut model, mut policy) = (Model::default(), P::new(entries));
    for key in 0..3 * entries {
        let token = model.add(key, 1);
        policy.insert(token, &model);
        if model.entries.len() as u64 > entries {
            let token = policy.evict(&model).expect("it is full");
            model.drop(token);
        }
    }
    policy.footprint()
}

#[test]
fn take_little_memory() {
    let entries = 100_000;
    let per_entry = |bytes: usize| bytes as f64 / entries as f64;
    let lru = per_entry(footprint::<Lru>(entries));
    assert!((8.0..8.5).contains(&lru), "{lru}");
    let s3_fifo = per_entry(footprint::<S3Fifo>(entries));
    assert!((12.0..13.5).contains(&s3_fifo), "{s3_fifo}");
    let default = per_entry(footprint::<AdaptiveS3Fifo>(entries));
    assert!((16.0..19.0).contains(&default), "{default}");
    assert!(footprint::<AdaptiveS3Fifo>(10) < 8192, "a small cache costs little");
}
