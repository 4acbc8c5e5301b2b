//! Back-pressure: writers are slowed down, smoothly, when flushes or
//! compactions fall behind.
//!
//! It is a token bucket. Its rate falls from somewhat more than what flushes
//! have lately achieved, when the pressure begins, to a small part of it, when
//! the pressure is full; so the pressure finds its own level between the two,
//! and no writer is ever stopped for long.
//!
//! A write is admitted, or not now. Nobody waits in here: through the C ABI that
//! would hold a thread of the system for each waiting goroutine.

use std::sync::atomic::{
    AtomicI64, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::time::{Duration, Instant};

/// See the module's text.
pub(crate) struct Throttle {
    /// Bytes a second that writers may write; 0 while there is no pressure.
    rate: AtomicU64,
    /// Bytes that may be written at once. Negative if writers have to wait.
    tokens: AtomicI64,
    /// The sum of all waits that were told, in nanoseconds.
    waited: AtomicU64,
    /// Up to when the bucket was filled, in nanoseconds since `start`.
    filled: AtomicU64,
    start: Instant,
}

/// The lowest rate, in bytes a second.
const LEAST: f64 = 1e6;
/// The bucket holds what comes in so many seconds.
const BURST: f64 = 0.01;

impl Default for Throttle {
    fn default() -> Self {
        Self {
            rate: AtomicU64::new(0),
            tokens: AtomicI64::new(0),
            waited: AtomicU64::new(0),
            filled: AtomicU64::new(0),
            start: Instant::now(),
        }
    }
}

impl Throttle {
    /// Whether a write of `len` bytes may begin now. Then it is paid for; it may
    /// be more than there is, which those that follow wait for.
    #[inline]
    pub(crate) fn admits(&self, len: usize) -> bool {
        self.rate.load(Relaxed) == 0 || self.pay(len)
    }

    #[cold]
    fn pay(&self, len: usize) -> bool {
        let less = |now: i64| (now > 0).then(|| now.saturating_sub(len as i64));
        self.tokens.fetch_update(SeqCst, SeqCst, less).is_ok()
    }

    /// Whether there is pressure: what writers may write comes in by [`Throttle::adjust`].
    pub(crate) fn holds_back(&self) -> bool {
        self.rate.load(Relaxed) != 0
    }

    /// Counts a wait of a writer that was not admitted.
    pub(crate) fn note_wait(&self, time: Duration) {
        self.waited.fetch_add(time.as_nanos() as u64, Relaxed);
    }

    /// Nanoseconds since the throttle was made.
    pub(crate) fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Lets nobody have anything, until the next adjustment. It tells whether that is new: there
    /// was no pressure before.
    pub(crate) fn stop(&self) -> bool {
        let was_free = self.rate.swap(1, SeqCst) == 0;
        self.tokens.fetch_min(-1, SeqCst);
        was_free
    }

    /// Sets the rate by the pressure (0 for none, 1 for full, at most 2) and by what flushes
    /// achieve, in bytes a second, and fills in what came in since the last call. It tells
    /// whether there is pressure and was none before. Any thread may call it.
    pub(crate) fn adjust(&self, pressure: f64, achieved: f64) -> bool {
        let now = self.now();
        // Of two that meet here, each brings what came in since the other.
        let since = Duration::from_nanos(now.saturating_sub(self.filled.fetch_max(now, SeqCst)));
        if pressure <= 0.0 {
            self.rate.store(0, SeqCst);
            self.tokens.store(0, SeqCst);
            return false;
        }
        // 1.5 times at the onset, a tenth of it under full pressure, and less
        // than that beyond.
        let share = (1.5 * (1.0 - pressure)).max(0.1 * (2.0 - pressure).min(1.0));
        let rate = (achieved * share).max(LEAST);
        let was_free = self.rate.swap(rate as u64, SeqCst) == 0;
        let income = if was_free { 0 } else { (rate * since.as_secs_f64()) as i64 };
        let most = (rate * BURST) as i64;
        let _ = self.tokens.fetch_update(SeqCst, SeqCst, |now| Some((now + income).min(most)));
        was_free
    }

    /// The sum of all waits that were told, in nanoseconds.
    pub(crate) fn waited_nanos(&self) -> u64 {
        self.waited.load(Relaxed)
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn no_pressure_costs_no_wait() {
        let throttle = Throttle::default();
        assert!(throttle.admits(usize::MAX / 2) && throttle.admits(1));
        assert!(!throttle.holds_back());
    }

    #[test]
    fn full_pressure_brings_writers_to_the_rate() {
        let throttle = Throttle::default();
        // A tenth of 20 MB/s: what is written in 10 ms takes 10 ms to come in.
        throttle.adjust(1.0, 20e6);
        assert!(!throttle.admits(1), "there was nothing in the bucket");
        assert!(throttle.holds_back());
        let start = Instant::now();
        let mut admitted = 0;
        while admitted < 20_000 {
            std::thread::sleep(Duration::from_millis(1));
            throttle.adjust(1.0, 20e6);
            while throttle.admits(1000) {
                admitted += 1000;
            }
        }
        assert!(start.elapsed() >= Duration::from_millis(9), "{:?}", start.elapsed());
        throttle.adjust(0.0, 20e6);
        assert!(throttle.admits(1 << 40) && throttle.admits(1));
    }

    #[test]
    fn a_large_write_is_paid_for_by_those_that_follow() {
        let throttle = Throttle::default();
        throttle.adjust(1.0, 20e6);
        while !throttle.admits(100_000) {
            std::thread::sleep(Duration::from_millis(1));
            throttle.adjust(1.0, 20e6);
        }
        let start = Instant::now();
        while !throttle.admits(1) {
            std::thread::sleep(Duration::from_millis(1));
            throttle.adjust(1.0, 20e6);
        }
        assert!(start.elapsed() >= Duration::from_millis(30), "{:?}", start.elapsed());
    }

    #[test]
    fn stopped_admits_nobody() {
        let throttle = Throttle::default();
        throttle.stop();
        assert!(!throttle.admits(1));
        throttle.adjust(0.0, 1e6);
        assert!(throttle.admits(1));
    }
}
