//! Plain S3-FIFO, after Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for
//! cache eviction", SOSP 2023.
//!
//! Newcomers queue up in a small queue of a tenth of the cache. Whoever was read twice there
//! goes on to the main queue, the others leave and are remembered by the ghost; whoever
//! comes back while remembered goes to main at once. Main is a FIFO queue too, at whose end
//! an entry that was read starts again, with one hit less.

use super::ghost::Ghost;
use super::queues::Queues;
use super::{Entries, Policy, Token};

const SMALL: usize = 0;
const MAIN: usize = 1;

/// Small and main FIFO queues and a ghost.
pub struct S3Fifo {
    queues: Queues<2>,
    weights: [u64; 2],
    entries: usize,
    small_share: u64,
    ghost: Ghost,
}

impl S3Fifo {
    /// The weight of all entries.
    #[cfg(all(test, not(feature = "shuttle")))]
    pub(super) fn weight(&self) -> u64 {
        self.weights.iter().sum()
    }

    fn push(&mut self, queue: usize, token: Token, weight: u64) {
        self.queues.push(queue, token);
        self.weights[queue] += weight;
    }

    fn take(&mut self, token: Token, weight: u64) {
        if let Some(queue) = self.queues.queue_of(token) {
            self.queues.remove(token);
            self.weights[queue] -= weight;
        }
    }

    /// Lets the oldest of small leave, or go on to main; whether it left.
    fn evict_small(&mut self, token: Token, entries: &impl Entries) -> bool {
        let weight = entries.weight(token);
        self.take(token, weight);
        if entries.hits(token) > 1 {
            entries.set_hits(token, 0);
            self.push(MAIN, token, weight);
            return false;
        }
        self.ghost.fit(self.entries);
        self.ghost.insert(entries.hash(token), weight);
        true
    }

    /// Lets the oldest of main leave, or start again; whether it left.
    fn evict_main(&mut self, token: Token, entries: &impl Entries) -> bool {
        let hits = entries.hits(token);
        if hits > 0 {
            entries.set_hits(token, hits - 1);
            self.queues.renew(MAIN, token);
            return false;
        }
        self.take(token, entries.weight(token));
        true
    }
}

/// The small queue's share, and the ghost's reach.
fn shares(capacity: u64) -> (u64, u64) {
    (capacity / 10, capacity - capacity / 10)
}

impl Policy for S3Fifo {
    const NAME: &'static str = "s3-fifo";
    const MAX_HITS: u8 = 3;

    fn new(capacity: u64) -> Self {
        let (small_share, reach) = shares(capacity);
        let (queues, ghost) = (Queues::new(), Ghost::new(reach));
        Self { queues, weights: [0; 2], entries: 0, small_share, ghost }
    }

    fn set_capacity(&mut self, capacity: u64) {
        let (small_share, reach) = shares(capacity);
        self.small_share = small_share;
        self.ghost.set_reach(reach);
    }

    fn insert(&mut self, token: Token, entries: &impl Entries) {
        let is_back = self.ghost.take(entries.hash(token)).is_some();
        self.push(if is_back { MAIN } else { SMALL }, token, entries.weight(token));
        self.entries += 1;
    }

    fn hit(&mut self, _token: Token) {}

    fn replace(&mut self, token: Token, old_weight: u64, entries: &impl Entries) {
        if let Some(queue) = self.queues.queue_of(token) {
            self.weights[queue] = self.weights[queue] - old_weight + entries.weight(token);
            entries.set_hits(token, (entries.hits(token) + 1).min(Self::MAX_HITS));
        }
    }

    fn remove(&mut self, token: Token, entries: &impl Entries) {
        self.take(token, entries.weight(token));
        self.entries -= 1;
    }

    fn evict(&mut self, entries: &impl Entries) -> Option<Token> {
        loop {
            let is_small = self.weights[SMALL] > self.small_share || self.weights[MAIN] == 0;
            let token = self.queues.oldest(if is_small { SMALL } else { MAIN })?;
            let left = match is_small {
                true => self.evict_small(token, entries),
                false => self.evict_main(token, entries),
            };
            if left {
                self.entries -= 1;
                return Some(token);
            }
        }
    }

    fn clear(&mut self) {
        self.queues.clear();
        (self.weights, self.entries) = ([0; 2], 0);
        self.ghost.clear();
    }

    fn footprint(&self) -> usize {
        self.queues.footprint() + self.ghost.footprint()
    }
}
