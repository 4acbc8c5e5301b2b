//! Making room: which shards evict how much, and who waits for what is retired.

use super::policy::Policy;
use super::{BATCH, Cache, PATIENCE};
use crate::sync::Backoff;
use crate::sync::atomic::Ordering::Relaxed;
use crossbeam_epoch as epoch;
use std::time::{Duration, Instant};

impl<P: Policy> Cache<P> {
    /// Evicts and waits until there is room for so many bytes, also for what is retired.
    #[cold]
    pub(super) fn wait_for_room(&self, bytes: u64, home: usize, patience: Duration) -> bool {
        if patience.is_zero() {
            // Evicting more would not help: what leaves is retired, and waits too.
            epoch::pin().flush();
            return !self.memory.is_short_of(bytes);
        }
        let (start, mut backoff) = (Instant::now(), Backoff::default());
        loop {
            self.make_room(bytes, home);
            self.collect();
            if !self.memory.is_short_of(bytes) {
                return true;
            }
            if start.elapsed() > patience {
                return false;
            }
            backoff.wait();
        }
    }

    /// Evicts until the content and so many bytes are within the budget, if there is
    /// anything to evict. It begins with a shard, if that has its share.
    pub(super) fn make_room(&self, bytes: u64, home: usize) {
        let (mut shard, mut idle) = (home, 0);
        while self.memory.excess_with(bytes as i64) > 0 && idle < self.shards.len() {
            if !self.is_heavy(shard) && idle + 1 < self.shards.len() {
                idle += 1;
                shard = self.hand.fetch_add(1, Relaxed) % self.shards.len();
                continue;
            }
            let freed = self.within(shard, |locked, departures| {
                let (now, mut freed) = (self.clock.now(), 0);
                for _ in 0..BATCH {
                    freed += locked.evict(now, departures).unwrap_or(0);
                    if locked.excess_with(bytes as i64) == 0 || !self.is_heavy(shard) {
                        break;
                    }
                }
                freed
            });
            idle = if freed == 0 { idle + 1 } else { 0 };
            shard = self.hand.fetch_add(1, Relaxed) % self.shards.len();
        }
    }

    /// Whether a shard has its share of the content: so shards stay of one size, and
    /// each entry competes with those that came and were hit as it was.
    pub(super) fn is_heavy(&self, shard: usize) -> bool {
        self.shards[shard].weight() * self.shards.len() as u64 * 8 >= self.memory.content() * 7
    }

    /// Has what left freed, as far as no reader has it. The caller is not pinned.
    pub(super) fn collect(&self) {
        self.hurry();
        self.memory.collect();
    }

    /// Lets what left be freed, however little that is.
    pub(super) fn hurry(&self) {
        for shard in 0..self.shards.len() {
            self.within(shard, |locked, _| locked.hurry());
        }
    }

    pub(super) fn resize(&self, budget: u64) {
        self.memory.set_budget(budget);
        self.make_room(0, 0);
        if self.memory.tables() > self.memory.room() / 4 {
            self.remove_while(|locked, departures| {
                locked.clear(departures);
                true
            });
        }
        self.wait_for_room(0, 0, PATIENCE);
    }
}
