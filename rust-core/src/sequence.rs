//! Sequence numbers: the order of all writes.
//!
//! A writer reserves a range of numbers, inserts its versions, and completes
//! the reservation. The *visible* sequence is the greatest number below which
//! every reservation is complete; reads see versions up to it and no further,
//! so a reservation is seen whole or not at all, and all readers agree on the
//! order. A writer returns only when its own range is visible.
//!
//! Completions arrive out of order. Each is left in a ring, and whoever
//! completes the range that the visible sequence waits for moves it past all
//! that are complete behind it. So one late writer costs the others a wait, but
//! no hand-over from each to the next.

use crate::error::{Error, Result};
use crate::sync::Backoff;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use crossbeam_utils::CachePadded;

/// How far in sequence numbers completions may run ahead of the visible one.
const RING: u64 = if cfg!(feature = "shuttle") { 8 } else { 4096 };

/// Gives out sequence numbers and tells which are visible.
pub(crate) struct Sequencer {
    next: CachePadded<AtomicU64>,
    visible: CachePadded<AtomicU64>,
    /// `ring[slot(first)]` is the last number of the completed range that
    /// starts at `first`, or a leftover smaller than `first`.
    ring: Box<[AtomicU64]>,
    poisoned: AtomicBool,
}

/// A reserved range of sequence numbers. It must be completed: dropping it
/// otherwise (which only a panic does) poisons the sequencer, since the visible
/// sequence could never pass the gap.
#[must_use]
pub(crate) struct Reservation<'a> {
    sequencer: &'a Sequencer,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Sequencer {
    /// A sequencer whose first number is 1.
    pub(crate) fn new() -> Self {
        Self::after(0)
    }

    /// A sequencer whose numbers start after `last`, which is visible.
    pub(crate) fn after(last: u64) -> Self {
        Self {
            next: CachePadded::new(AtomicU64::new(last + 1)),
            visible: CachePadded::new(AtomicU64::new(last)),
            ring: (0..RING).map(|_| AtomicU64::new(0)).collect(),
            poisoned: AtomicBool::new(false),
        }
    }

    /// Reserves the next `count` numbers; `count` is at least 1.
    #[inline]
    pub(crate) fn reserve(&self, count: u64) -> Reservation<'_> {
        let first = self.next.fetch_add(count, SeqCst);
        Reservation { sequencer: self, first, last: first + count - 1 }
    }

    /// The newest number that reads see.
    #[inline]
    pub(crate) fn visible(&self) -> u64 {
        self.visible.load(SeqCst)
    }

    /// The newest number reserved so far.
    pub(crate) fn reserved(&self) -> u64 {
        self.next.load(SeqCst) - 1
    }

    /// Waits until `sequence` is visible.
    #[inline]
    pub(crate) fn wait_visible(&self, sequence: u64) -> Result<()> {
        if self.visible() >= sequence { Ok(()) } else { self.wait_slowly(sequence) }
    }

    #[cold]
    fn wait_slowly(&self, sequence: u64) -> Result<()> {
        let mut backoff = Backoff::default();
        while self.visible() < sequence {
            if self.is_poisoned() {
                return Err(Error::Poisoned);
            }
            backoff.wait();
        }
        Ok(())
    }

    /// Whether a reservation was abandoned.
    pub(crate) fn is_poisoned(&self) -> bool {
        self.poisoned.load(SeqCst)
    }

    /// Makes every wait and every later write fail.
    pub(crate) fn poison(&self) {
        self.poisoned.store(true, SeqCst);
    }

    /// Neighbours in sequence go to different cache lines of the ring.
    #[inline]
    fn slot(&self, first: u64) -> &AtomicU64 {
        const LANES: u64 = 8;
        let i = first % RING;
        &self.ring[((i % (RING / LANES)) * LANES + i / (RING / LANES)) as usize]
    }

    /// Moves the visible sequence from `from`, where it was seen, past every
    /// range that is complete.
    fn advance(&self, mut from: u64) {
        loop {
            let last = self.slot(from + 1).load(SeqCst);
            // A leftover of an earlier round is below `from`.
            if last <= from {
                return;
            }
            match self.visible.compare_exchange(from, last, SeqCst, SeqCst) {
                Ok(_) => from = last,
                Err(now) => from = now,
            }
        }
    }
}

impl Reservation<'_> {
    /// Declares every version of the range inserted, and waits until the range
    /// is visible.
    #[inline]
    pub(crate) fn complete(self) -> Result<u64> {
        let (sequencer, first, last) = (self.sequencer, self.first, self.last);
        std::mem::forget(self);
        if sequencer.visible.compare_exchange(first - 1, last, SeqCst, SeqCst).is_ok() {
            sequencer.advance(last);
            return Ok(last);
        }
        // A slot is free for us once the ring's round before is visible.
        sequencer.wait_visible(first.saturating_sub(RING))?;
        sequencer.slot(first).store(last, SeqCst);
        sequencer.advance(sequencer.visible());
        sequencer.wait_visible(last)?;
        Ok(last)
    }

    /// The newest number that reads see.
    pub(crate) fn visible(&self) -> u64 {
        self.sequencer.visible()
    }

    /// Waits until every earlier reservation is visible: the state that this
    /// one's first operation follows is then final.
    pub(crate) fn wait_turn(&self) -> Result<()> {
        self.sequencer.wait_visible(self.first - 1)
    }

    /// Whether the state of [`Reservation::wait_turn`] comes as soon as earlier writers
    /// that are at work let it: nobody's processor is waited for.
    pub(crate) fn is_turn_soon(&self) -> bool {
        let mut backoff = Backoff::default();
        while self.visible() < self.first - 1 {
            if !backoff.spin() {
                return false;
            }
        }
        true
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.sequencer.poison();
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use crate::sync::scope;

    #[test]
    fn visible_waits_for_the_gap() {
        let s = Sequencer::new();
        let (a, b) = (s.reserve(3), s.reserve(2));
        assert_eq!((a.first, a.last, b.first, b.last), (1, 3, 4, 5));
        assert_eq!((s.visible(), s.reserved()), (0, 5));
        scope(|scope| {
            let late = scope.spawn(|_| b.complete());
            std::thread::sleep(std::time::Duration::from_millis(20));
            assert_eq!(s.visible(), 0, "4..=5 became visible before 1..=3");
            assert_eq!(a.complete(), Ok(3));
            assert_eq!(late.join().unwrap(), Ok(5));
        });
        assert_eq!(s.visible(), 5);
    }

    #[test]
    fn ranges_longer_than_the_ring() {
        let s = Sequencer::new();
        scope(|scope| {
            for t in 0..4 {
                let s = &s;
                scope.spawn(move |_| {
                    for i in 0..300 {
                        let r = s.reserve(1 + (t * 977 + i * 31) % (2 * RING));
                        let last = r.last;
                        assert_eq!(r.complete(), Ok(last));
                        assert!(s.visible() >= last);
                    }
                });
            }
        });
        assert_eq!(s.visible(), s.reserved());
    }

    #[test]
    fn a_turn_is_not_waited_for() {
        let s = Sequencer::new();
        let (a, b) = (s.reserve(2), s.reserve(1));
        assert!(a.is_turn_soon());
        assert!(!b.is_turn_soon(), "nobody completes what comes before");
        assert_eq!(a.complete(), Ok(2));
        assert!(b.is_turn_soon());
        assert_eq!(b.complete(), Ok(3));
    }

    #[test]
    fn an_abandoned_reservation_poisons() {
        let s = Sequencer::new();
        drop(s.reserve(1));
        assert!(s.is_poisoned());
        assert_eq!(s.reserve(1).complete(), Err(Error::Poisoned));
    }
}
