//! LRU: the entry that was not read for longest leaves. The yardstick: each hit writes to
//! a shared queue, and a scan sweeps out all.

use super::queues::Queues;
use super::{Entries, Policy, Token};

/// Least recently used.
pub struct Lru {
    queues: Queues<1>,
}

impl Policy for Lru {
    const NAME: &'static str = "lru";
    const MAX_HITS: u8 = 0;
    const SEES_HITS: bool = true;

    fn new(_capacity: u64) -> Self {
        Self { queues: Queues::new() }
    }

    fn set_capacity(&mut self, _capacity: u64) {}

    fn insert(&mut self, token: Token, _entries: &impl Entries) {
        self.queues.push(0, token);
    }

    fn hit(&mut self, token: Token) {
        self.queues.renew(0, token);
    }

    fn replace(&mut self, token: Token, _old_weight: u64, _entries: &impl Entries) {
        self.queues.renew(0, token);
    }

    fn remove(&mut self, token: Token, _entries: &impl Entries) {
        self.queues.remove(token);
    }

    fn evict(&mut self, _entries: &impl Entries) -> Option<Token> {
        let token = self.queues.oldest(0)?;
        self.queues.remove(token);
        Some(token)
    }

    fn clear(&mut self) {
        self.queues.clear();
    }

    fn footprint(&self) -> usize {
        self.queues.footprint()
    }
}
