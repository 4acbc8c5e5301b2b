//! Time for expiry.

use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

/// A wall clock in Unix milliseconds that never steps back, so that what has
/// expired once stays expired. Reading it costs a system clock read.
pub(crate) struct Clock {
    /// The latest time told. It is written at most once a millisecond.
    latest: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { latest: AtomicU64::new(0) }
    }

    /// The current time.
    pub(crate) fn now(&self) -> u64 {
        let told = self.latest.load(Relaxed);
        let system =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        if system > told { self.latest.fetch_max(system, Relaxed).max(system) } else { told }
    }

    /// Whether an expiry (0 for never) has passed. Entries without one never
    /// ask the system for the time.
    #[inline]
    pub(crate) fn has_passed(&self, expires_at: u64) -> bool {
        expires_at != 0 && expires_at <= self.now()
    }

    /// Makes the clock tell at least `now`: how tests step it forward, and
    /// the system's clock thereby back.
    #[cfg(all(test, not(feature = "shuttle")))]
    pub(crate) fn step_to(&self, now: u64) {
        self.latest.fetch_max(now, Relaxed);
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn never_steps_back() {
        let clock = Clock::new();
        let now = clock.now();
        assert!(now > 1_600_000_000_000, "not a time in milliseconds: {now}");
        clock.step_to(now + 3_600_000);
        assert!(clock.has_passed(now + 3_600_000));
        assert!(clock.now() >= now + 3_600_000);
        assert!(!clock.has_passed(0));
        assert!(!clock.has_passed(u64::MAX));
    }
}
