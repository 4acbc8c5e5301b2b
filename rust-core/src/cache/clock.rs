//! The cache's clock.

use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Milliseconds since a cache was opened, to about four: reading it is a matter of
/// nanoseconds. It never steps back, whatever happens to the time of day.
pub(super) struct Clock {
    origin: u64,
    /// How far it was put forward.
    ahead: AtomicU64,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { origin: system(), ahead: AtomicU64::new(0) }
    }

    /// The time.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        system() - self.origin + self.ahead.load(Relaxed)
    }

    /// Puts the clock forward.
    pub(super) fn advance(&self, milliseconds: u64) {
        self.ahead.fetch_add(milliseconds, Relaxed);
    }
}

/// The system's time since some moment, in milliseconds.
#[cfg(target_os = "linux")]
fn system() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
}

/// The system's time since some moment, in milliseconds.
#[cfg(not(target_os = "linux"))]
fn system() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
}
