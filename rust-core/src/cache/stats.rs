//! Figures of a cache.

use super::Cache;
use super::departure::Cause;
use super::policy::{Policy, QueueStats};
use crate::stats::thread_number;
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use crossbeam_utils::CachePadded;

/// Figures of a cache, of nearly one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Entries, those that have expired and were not found to be yet among them.
    pub entries: u64,
    /// Of those, how many expire.
    pub expiring: u64,
    /// The budget in bytes.
    pub budget: u64,
    /// What counts against it: entries, retired ones, and tables.
    pub used_bytes: u64,
    /// Of that, entries that left and that a reader may still have.
    pub retired_bytes: u64,
    /// Of that, tables.
    pub table_bytes: u64,
    /// Beside what is used: bytes between entries that are kept for others to come.
    pub slack_bytes: u64,
    /// Keys and values of the entries, alone.
    pub data_bytes: u64,
    /// Lookups that found an entry.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Entries put.
    pub puts: u64,
    /// Entries that were heavier than the whole budget, and others that found no room.
    pub refused: u64,
    /// Entries that left for others.
    pub evicted: u64,
    /// Entries that expired.
    pub expired: u64,
    /// Entries whose value was replaced.
    pub replaced: u64,
    /// Entries that were removed by key.
    pub removed: u64,
    /// Entries that went with a prefix, a tag, or all.
    pub invalidated: u64,
    /// How long those that left for others had been there on average, in milliseconds.
    pub evicted_age: u64,
}

/// What a shard counts under its lock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) puts: u64,
    pub(super) data_bytes: u64,
    /// Milliseconds, of all that were evicted together.
    pub(super) evicted_age: u64,
    by_cause: [u64; 5],
}

impl Counts {
    pub(super) fn departed(&mut self, cause: Cause) {
        if let Some(count) = self.by_cause.get_mut(cause as usize) {
            *count += 1;
        }
    }

    /// Adds these to the figures of the whole.
    pub(super) fn add_to(&self, stats: &mut CacheStats) {
        let [evicted, expired, replaced, removed, invalidated] = self.by_cause;
        stats.puts += self.puts;
        stats.data_bytes += self.data_bytes;
        stats.evicted += evicted;
        stats.expired += expired;
        stats.replaced += replaced;
        stats.removed += removed;
        stats.invalidated += invalidated;
        stats.evicted_age += self.evicted_age;
    }
}

/// Hits and misses, counted where concurrent threads do not meet.
pub(super) struct Lookups {
    /// Those of the threads with the lowest numbers. Only its thread writes one, which
    /// costs no locked instruction.
    own: Box<[CachePadded<Stripe>]>,
    /// Those of all others.
    shared: Box<[CachePadded<Stripe>]>,
}

/// A part of the counts.
#[derive(Default)]
struct Stripe {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Lookups {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(8, |n| n.get());
        let count = (2 * cores).next_power_of_two().clamp(4, 128);
        let stripes = |count| (0..count).map(|_| CachePadded::default()).collect();
        Self { own: stripes(2 * count), shared: stripes(count) }
    }

    /// Counts lookups of the calling thread.
    #[inline]
    pub(super) fn count(&self, hits: u64, misses: u64) {
        let thread = thread_number();
        match self.own.get(thread) {
            Some(own) => own.add_alone(hits, misses),
            None => self.shared[thread & (self.shared.len() - 1)].add(hits, misses),
        }
    }

    /// Takes back what was counted, maybe in another stripe: only the sum counts.
    #[cold]
    pub(super) fn uncount(&self, hits: u64, misses: u64) {
        self.count(hits.wrapping_neg(), misses.wrapping_neg());
    }

    /// All hits and all misses.
    pub(super) fn sum(&self) -> (u64, u64) {
        self.own.iter().chain(&self.shared).fold((0, 0), |(hits, misses), stripe| {
            (
                hits.wrapping_add(stripe.hits.load(Relaxed)),
                misses.wrapping_add(stripe.misses.load(Relaxed)),
            )
        })
    }
}

impl Stripe {
    /// Adds what wraps, if no other thread does.
    #[inline]
    fn add_alone(&self, hits: u64, misses: u64) {
        for (count, more) in [(&self.hits, hits), (&self.misses, misses)] {
            count.store(count.load(Relaxed).wrapping_add(more), Relaxed);
        }
    }

    /// Adds what wraps.
    fn add(&self, hits: u64, misses: u64) {
        self.hits.fetch_add(hits, Relaxed);
        self.misses.fetch_add(misses, Relaxed);
    }
}

impl<P: Policy> Cache<P> {
    pub(super) fn stats(&self) -> CacheStats {
        let mut stats = CacheStats {
            budget: self.memory.budget(),
            used_bytes: self.memory.used(),
            retired_bytes: self.memory.retired(),
            table_bytes: self.memory.tables(),
            slack_bytes: self.memory.slack(),
            refused: self.refused.load(Relaxed),
            ..CacheStats::default()
        };
        for shard in 0..self.shards.len() {
            self.within(shard, |locked, _| {
                let (entries, expiring) = locked.len();
                stats.entries += entries;
                stats.expiring += expiring;
                locked.counts().add_to(&mut stats);
            });
        }
        (stats.hits, stats.misses) = self.lookups.sum();
        stats.evicted_age /= stats.evicted.max(1);
        stats
    }

    pub(super) fn queues(&self) -> Vec<QueueStats> {
        let mut sums: Vec<QueueStats> = Vec::new();
        for shard in 0..self.shards.len() {
            let queues = self.within(shard, |locked, _| locked.queues());
            if sums.is_empty() {
                sums = queues;
                continue;
            }
            for (sum, queue) in sums.iter_mut().zip(queues) {
                sum.entries += queue.entries;
                sum.bytes += queue.bytes;
            }
        }
        sums
    }
}
