//! Counters that threads can bump without meeting.

use crate::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use crossbeam_utils::CachePadded;
use std::cell::Cell;
use std::sync::atomic::AtomicUsize;

/// What is counted. Gauges ([`Counter::Keys`] and the two after it) go up and
/// down; the others count events since open.
#[derive(Clone, Copy)]
pub(crate) enum Counter {
    /// Keys whose newest version is a value.
    Keys,
    /// Bytes of entries and versions.
    DataBytes,
    /// Versions with an expiry.
    Expiring,
    /// Keys looked up and found.
    Hits,
    /// Keys looked up and not found.
    Misses,
    /// Values written.
    Puts,
    /// Deletions written.
    Deletes,
    /// Deletions of ranges written.
    RangeDeletes,
    /// Batches applied.
    Batches,
    /// Scans begun.
    Scans,
    /// Entries that scans yielded.
    ScanKeys,
    /// Entries reclaimed after expiry.
    Expired,
    /// Entries reclaimed after deletion.
    Reclaimed,
    /// Bytes of versions written.
    WrittenBytes,
    /// Entries that left the memtable for its budget.
    Evicted,
    /// Bytes of entries and versions that were retired, if that is asked for.
    RetiredBytes,
}

const COUNTERS: usize = Counter::RetiredBytes as usize + 1;

/// One thread's share of the counters, and its hint of the visible sequence.
#[derive(Default)]
pub(crate) struct Stripe {
    counters: [AtomicU64; COUNTERS],
    /// A lower bound of the visible sequence, see [`Stripe::visible_hint`].
    visible_hint: AtomicU64,
    /// [`Counter::WrittenBytes`] when [`Stripe::has_written`] was last true.
    noted: AtomicU64,
}

impl Stripe {
    /// Adds to a counter.
    #[inline]
    pub(crate) fn add(&self, counter: Counter, n: u64) {
        self.counters[counter as usize].fetch_add(n, Relaxed);
    }

    /// Takes from a counter. A stripe alone may wrap below zero; the sum is right.
    #[inline]
    pub(crate) fn sub(&self, counter: Counter, n: u64) {
        self.counters[counter as usize].fetch_sub(n, Relaxed);
    }

    /// Whether so many bytes were written since this was last true.
    #[inline]
    pub(crate) fn has_written(&self, bytes: u64) -> bool {
        let written = self.counters[Counter::WrittenBytes as usize].load(Relaxed);
        let is_due = written.wrapping_sub(self.noted.load(Relaxed)) >= bytes;
        if is_due {
            self.noted.store(written, Relaxed);
        }
        is_due
    }

    /// A sequence known to be visible. The visible sequence only grows, so a
    /// stale hint is still true; a reader that is satisfied by it needs not
    /// touch the line that every writer changes.
    #[inline]
    pub(crate) fn visible_hint(&self) -> u64 {
        self.visible_hint.load(Acquire)
    }

    /// Remembers a visible sequence. A racing older one only makes the hint
    /// weaker.
    #[inline]
    pub(crate) fn hint_visible(&self, sequence: u64) {
        self.visible_hint.store(sequence, Release);
    }
}

/// The counters, striped so that concurrent threads touch different cache
/// lines.
pub(crate) struct Counters {
    stripes: Box<[CachePadded<Stripe>]>,
    /// Whether [`Counter::RetiredBytes`] is counted.
    counts_retired: bool,
}

impl Counters {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(8, |n| n.get());
        let count = (2 * cores).next_power_of_two().clamp(4, 128);
        let stripes = (0..count).map(|_| CachePadded::default()).collect();
        Self { stripes, counts_retired: false }
    }

    /// Counts retired bytes too, from the start.
    pub(crate) fn with_retired(self) -> Self {
        Self { counts_retired: true, ..self }
    }

    /// How many stripes there are: so many threads count without meeting.
    pub(crate) fn stripes(&self) -> usize {
        self.stripes.len()
    }

    /// Counts bytes that were retired, if somebody wants to know.
    #[inline]
    pub(crate) fn note_retired(&self, bytes: u64) {
        if self.counts_retired {
            self.mine().add(Counter::RetiredBytes, bytes);
        }
    }

    /// The calling thread's stripe.
    #[inline]
    pub(crate) fn mine(&self) -> &Stripe {
        // The count is a power of two.
        &self.stripes[thread_number() & (self.stripes.len() - 1)]
    }

    /// The sum over all stripes; under concurrent changes, of nearly one moment.
    pub(crate) fn sum(&self, counter: Counter) -> u64 {
        let sum = self
            .stripes
            .iter()
            .fold(0u64, |sum, s| sum.wrapping_add(s.counters[counter as usize].load(Relaxed)));
        // A gauge's decrement may be seen before its increment.
        if (sum as i64) < 0 { 0 } else { sum }
    }
}

/// A small number of the calling thread, given out in order of first use.
#[inline]
pub(crate) fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    MINE.with(|mine| match mine.get() {
        usize::MAX => {
            let n = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            mine.set(n);
            n
        }
        n => n,
    })
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use crate::sync::scope;

    #[test]
    fn sums_over_threads() {
        let counters = Counters::new();
        scope(|s| {
            for _ in 0..9 {
                s.spawn(|_| {
                    for _ in 0..1000 {
                        counters.mine().add(Counter::Puts, 2);
                        counters.mine().add(Counter::Keys, 1);
                    }
                });
            }
        });
        counters.mine().sub(Counter::Keys, 8999);
        assert_eq!(counters.sum(Counter::Puts), 18_000);
        assert_eq!(counters.sum(Counter::Keys), 1);
        assert_eq!(counters.sum(Counter::Misses), 0);
    }
}
