//! Back-pressure: writers are slowed down, smoothly, when flushes or
//! compactions fall behind.
//!
//! It is a token bucket. Its rate falls from somewhat more than what flushes
//! have lately achieved, when the pressure begins, to a small part of it, when
//! the pressure is full; so the pressure finds its own level between the two,
//! and no writer is ever stopped for long.

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
    /// The sum of all waits, in nanoseconds.
    waited: AtomicU64,
    /// Up to when the bucket was filled, in nanoseconds since `start`.
    filled: AtomicU64,
    start: Instant,
}

/// The longest single wait; after it a writer looks again.
const STEP: Duration = Duration::from_millis(1);
/// No write waits longer than that in all.
const PATIENCE: Duration = Duration::from_secs(1);
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
    /// Waits until `len` bytes may be written, and tells whether that was so
    /// before it lost patience.
    #[inline]
    pub(crate) fn wait(&self, len: usize) -> bool {
        self.rate.load(Relaxed) == 0 || self.wait_for_tokens(len)
    }

    #[cold]
    fn wait_for_tokens(&self, len: usize) -> bool {
        self.tokens.fetch_sub(len as i64, SeqCst);
        let (mut waited, mut in_time) = (Duration::ZERO, false);
        while waited < PATIENCE {
            let rate = self.rate.load(SeqCst);
            let missing = -self.tokens.load(SeqCst);
            in_time = rate == 0 || missing <= 0;
            if in_time {
                break;
            }
            let step = Duration::from_secs_f64(missing as f64 / rate as f64).min(STEP);
            std::thread::sleep(step);
            waited += step;
        }
        self.waited.fetch_add(waited.as_nanos() as u64, Relaxed);
        in_time
    }

    /// Lets nobody have anything, until the next adjustment.
    pub(crate) fn stop(&self) {
        self.rate.store(1, SeqCst);
        self.tokens.fetch_min(-1, SeqCst);
    }

    /// Sets the rate by the pressure (0 for none, 1 for full) and by what flushes
    /// achieve, in bytes a second, and fills in what came in since the last call. Any
    /// thread may call it.
    pub(crate) fn adjust(&self, pressure: f64, achieved: f64) {
        let now = self.start.elapsed().as_nanos() as u64;
        // Of two that meet here, each brings what came in since the other.
        let since = Duration::from_nanos(now.saturating_sub(self.filled.fetch_max(now, SeqCst)));
        if pressure <= 0.0 {
            self.rate.store(0, SeqCst);
            self.tokens.store(0, SeqCst);
            return;
        }
        // 1.5 times at the onset, a tenth of it under full pressure.
        let share = (1.5 * (1.0 - pressure)).max(0.1);
        let rate = (achieved * share).max(LEAST);
        let was_free = self.rate.swap(rate as u64, SeqCst) == 0;
        let income = if was_free { 0 } else { (rate * since.as_secs_f64()) as i64 };
        let most = (rate * BURST) as i64;
        let _ = self.tokens.fetch_update(SeqCst, SeqCst, |now| Some((now + income).min(most)));
    }

    /// The sum of all waits, in nanoseconds.
    pub(crate) fn waited_nanos(&self) -> u64 {
        self.waited.load(Relaxed)
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn no_pressure_costs_no_wait() {
        let throttle = Throttle::default();
        throttle.wait(usize::MAX / 2);
        assert_eq!(throttle.waited_nanos(), 0);
    }

    #[test]
    fn full_pressure_brings_writers_to_the_rate() {
        let throttle = Throttle::default();
        // A tenth of 20 MB/s: 20,000 bytes take 10 ms.
        throttle.adjust(1.0, 20e6);
        let (start, done) = (Instant::now(), AtomicBool::new(false));
        crate::sync::scope(|scope| {
            scope.spawn(|_| {
                throttle.wait(20_000);
                done.store(true, SeqCst);
            });
            while !done.load(SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
                throttle.adjust(1.0, 20e6);
            }
        });
        assert!(start.elapsed() >= Duration::from_millis(9), "{:?}", start.elapsed());
        assert!(throttle.waited_nanos() > 0);
        throttle.adjust(0.0, 20e6);
        throttle.wait(1 << 40);
    }
}
