//! What a policy makes of a trace: hits and misses, without a cache.

mod bound;
#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests;

use super::policy::{Entries, Policy, Token};
use super::policy::{adaptive_s3_fifo::AdaptiveS3Fifo, lru::Lru, s3_fifo::S3Fifo};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// A sequence of requests for keys, prepared to be replayed many times.
pub struct Trace<'a> {
    /// Of each request, the number of its key.
    requests: Cow<'a, [u32]>,
    /// Of each key, its hash and its weight.
    hashes: Vec<u64>,
    weights: Cow<'a, [u64]>,
}

/// What a replay came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Requests.
    pub requests: u64,
    /// Requests for keys that were there.
    pub hits: u64,
    /// The weight of all requests.
    pub weight: u64,
    /// The weight of those that hit.
    pub hit_weight: u64,
}

impl Outcome {
    /// The part of the requests that hit, 0 to 1.
    pub fn hit_ratio(&self) -> f64 {
        self.hits as f64 / self.requests.max(1) as f64
    }
    /// The part of the weight that hit, 0 to 1.
    pub fn weight_hit_ratio(&self) -> f64 {
        self.hit_weight as f64 / self.weight.max(1) as f64
    }
    fn count(&mut self, weight: u64, is_hit: bool) {
        self.requests += 1;
        self.weight += weight;
        self.hits += u64::from(is_hit);
        self.hit_weight += if is_hit { weight } else { 0 };
    }
}

/// A key that may be there, and where.
const ABSENT: u32 = u32::MAX;

impl<'a> Trace<'a> {
    /// A trace of keys that are numbered from 0, and of each key its weight, at least 1;
    /// without weights each is 1.
    ///
    /// # Panics
    /// A replay panics if a request's number has no key, or there are 2^32 - 1 keys or more.
    pub fn numbered(requests: &'a [u32], keys: usize, weights: Option<&'a [u64]>) -> Self {
        Self {
            requests: Cow::Borrowed(requests),
            hashes: (0..keys as u64).map(|key| xxh3_64(&key.to_le_bytes())).collect(),
            weights: weights.map_or_else(|| Cow::Owned(vec![1; keys]), Cow::Borrowed),
        }
    }

    /// A trace of these keys, each of weight 1: a capacity is a number of entries.
    ///
    /// # Panics
    /// If there are 2^32 - 1 distinct keys or more.
    pub fn new(keys: &[u64]) -> Self {
        Self::with_weights(keys, &[])
    }

    /// A trace of these keys with a weight for each request, at least 1; what is missing of
    /// them is 1. A key has the weight of its first request throughout.
    ///
    /// # Panics
    /// If there are 2^32 - 1 distinct keys or more.
    pub fn with_weights(keys: &[u64], weights: &[u64]) -> Self {
        let mut numbers: HashMap<u64, u32, foldhash::fast::FixedState> = HashMap::default();
        let mut requests = Vec::with_capacity(keys.len());
        let (mut hashes, mut kept_weights) = (vec![], vec![]);
        for (i, &key) in keys.iter().enumerate() {
            let next = numbers.len() as u32;
            assert!(next < ABSENT, "too many distinct keys");
            let number = *numbers.entry(key).or_insert(next);
            requests.push(number);
            if number == next {
                hashes.push(xxh3_64(&key.to_le_bytes()));
                kept_weights.push(weights.get(i).map_or(1, |&weight| weight.max(1)));
            }
        }
        Self { requests: requests.into(), hashes, weights: kept_weights.into() }
    }

    /// The number of requests.
    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    /// The number of distinct keys.
    pub fn keys(&self) -> usize {
        self.hashes.len()
    }

    /// The weight of all distinct keys together.
    pub fn footprint(&self) -> u64 {
        self.weights.iter().sum()
    }

    /// Replays it against a policy, from empty: a miss inserts, and then entries are evicted
    /// while they weigh more than the capacity. What alone weighs more is not inserted.
    pub fn replay<P: Policy>(&self, capacity: u64) -> Outcome {
        let mut policy = P::new(capacity);
        let mut residents = Residents { trace: self, slots: Vec::new() };
        let mut places = vec![ABSENT; self.keys()];
        let (mut free, mut weight) = (Vec::new(), 0);
        let mut outcome = Outcome::default();
        for &key in &*self.requests {
            let token = places[key as usize];
            outcome.count(self.weights[key as usize], token != ABSENT);
            if token != ABSENT {
                residents.hit(token, &mut policy);
                continue;
            }
            if self.weights[key as usize] > capacity {
                continue;
            }
            let token = residents.place(key, free.pop());
            places[key as usize] = token;
            weight += self.weights[key as usize];
            policy.insert(token, &residents);
            while weight > capacity {
                let Some(token) = policy.evict(&residents) else { break };
                let key = residents.slots[token as usize].key;
                places[key as usize] = ABSENT;
                weight -= self.weights[key as usize];
                free.push(token);
            }
        }
        outcome
    }
}

/// An entry of a cache that is replayed.
struct Slot {
    key: u32,
    hits: Cell<u8>,
}

/// The entries that are there, by token.
struct Residents<'a> {
    trace: &'a Trace<'a>,
    slots: Vec<Slot>,
}

impl Residents<'_> {
    /// Puts a key into a slot that is free, or a new one.
    fn place(&mut self, key: u32, free: Option<Token>) -> Token {
        let slot = Slot { key, hits: Cell::new(0) };
        match free {
            Some(token) => self.slots[token as usize] = slot,
            None => self.slots.push(slot),
        }
        free.unwrap_or(self.slots.len() as Token - 1)
    }

    #[inline]
    fn hit<P: Policy>(&self, token: Token, policy: &mut P) {
        let hits = &self.slots[token as usize].hits;
        if hits.get() < P::MAX_HITS {
            hits.set(hits.get() + 1);
        }
        if P::SEES_HITS {
            policy.hit(token);
        }
    }
}

impl Entries for Residents<'_> {
    #[inline]
    fn hash(&self, token: Token) -> u64 {
        self.trace.hashes[self.slots[token as usize].key as usize]
    }

    #[inline]
    fn weight(&self, token: Token) -> u64 {
        self.trace.weights[self.slots[token as usize].key as usize]
    }

    #[inline]
    fn hits(&self, token: Token) -> u8 {
        self.slots[token as usize].hits.get()
    }

    #[inline]
    fn set_hits(&self, token: Token, hits: u8) {
        self.slots[token as usize].hits.set(hits);
    }
}

/// A policy by its name, for callers that cannot name its type.
pub struct Named {
    /// [`Policy::NAME`], or "belady" for the bound.
    pub name: &'static str,
    /// Replays a trace against it at a capacity.
    pub replay: fn(&Trace<'_>, u64) -> Outcome,
}

impl Named {
    const fn of<P: Policy>() -> Self {
        Self { name: P::NAME, replay: |trace, capacity| trace.replay::<P>(capacity) }
    }
}

/// All that a trace can be replayed against, the default first and the bound last.
pub const POLICIES: [Named; 4] = [
    Named::of::<AdaptiveS3Fifo>(),
    Named::of::<S3Fifo>(),
    Named::of::<Lru>(),
    Named { name: "belady", replay: |trace, capacity| trace.bound(capacity) },
];
