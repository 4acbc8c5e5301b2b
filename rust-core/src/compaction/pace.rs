//! How fast compaction writes.

use crate::error::Result;
use crate::fs::NewFile;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::time::{Duration, Instant};

/// From this pressure on, compaction is as fast as it can be.
const FULL_SPEED: f64 = 0.25;
/// Bytes are accounted for, and may be waited for, in pieces of this length.
const PIECE: u64 = 128 << 10;
/// What a pause saves up for later, as time.
const BURST: Duration = Duration::from_millis(100);

/// A token bucket for bytes, which also ends what waits for it.
///
/// Without pressure the rate is the one that was asked for, since fast writes
/// delay the syncs of the log; it grows with the pressure, to no limit.
#[derive(Clone)]
pub(super) struct Pace(Arc<Shared>);

struct Shared {
    bytes_per_second: u64,
    /// A `f64`'s bits.
    pressure: AtomicU64,
    closed: AtomicBool,
    /// When the bytes given out so far will have been written at the rate.
    paid_until: Mutex<Instant>,
    closing: Condvar,
}

impl Pace {
    /// Bytes a second; 0 for no limit.
    pub(super) fn new(bytes_per_second: u64) -> Self {
        Self(Arc::new(Shared {
            bytes_per_second,
            pressure: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            paid_until: Mutex::new(Instant::now()),
            closing: Condvar::new(),
        }))
    }

    /// Tells how far compaction is behind.
    pub(super) fn set_pressure(&self, pressure: f64) {
        self.0.pressure.store(pressure.to_bits(), Relaxed);
    }

    pub(super) fn close(&self) {
        self.0.closed.store(true, SeqCst);
        // With the lock, nobody is between looking and waiting.
        drop(self.0.paid_until.lock());
        self.0.closing.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.closed.load(SeqCst)
    }

    /// Waits until so many bytes may be written, or until the end.
    fn take(&self, bytes: u64) {
        let Some(cost) = self.cost(bytes) else { return };
        let mut paid_until = self.0.paid_until.lock();
        let earliest = Instant::now().checked_sub(BURST).unwrap_or(*paid_until);
        *paid_until = (*paid_until).max(earliest) + cost;
        let due = *paid_until;
        // The pressure may rise while we wait, so that is not long.
        while !self.is_closed()
            && self.cost(bytes).is_some()
            && !self.0.closing.wait_until(&mut paid_until, due).timed_out()
        {}
    }

    /// How long writing so many bytes takes at the rate; `None` without one.
    fn cost(&self, bytes: u64) -> Option<Duration> {
        let pressure = f64::from_bits(self.0.pressure.load(Relaxed));
        let slowness = 1.0 - pressure / FULL_SPEED;
        if self.0.bytes_per_second == 0 || slowness <= 0.0 {
            return None;
        }
        let seconds = bytes as f64 / self.0.bytes_per_second as f64 * slowness;
        Some(Duration::from_secs_f64(seconds.min(10.0)))
    }

    /// A file that is written at this pace.
    pub(super) fn wrap(&self, file: Box<dyn NewFile>) -> Box<dyn NewFile> {
        Box::new(PacedFile { file, pace: self.clone(), unpaid: 0 })
    }
}

struct PacedFile {
    file: Box<dyn NewFile>,
    pace: Pace,
    unpaid: u64,
}

impl NewFile for PacedFile {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.unpaid += bytes.len() as u64;
        if self.unpaid >= PIECE {
            self.pace.take(std::mem::take(&mut self.unpaid));
        }
        self.file.write(bytes)
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync()
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_the_rate_until_there_is_pressure() {
        let pace = Pace::new(10 << 20);
        let start = Instant::now();
        for _ in 0..30 {
            pace.take(100 << 10);
        }
        // 3000 KiB at 10 MiB a second take 293 ms, of which 100 may be saved up.
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(180), "{took:?}");
        pace.set_pressure(FULL_SPEED);
        let start = Instant::now();
        pace.take(1 << 30);
        assert!(start.elapsed() < Duration::from_secs(1), "paced under pressure");
    }

    #[test]
    fn closing_ends_a_wait() {
        let pace = Pace::new(1);
        let waiting = pace.clone();
        let start = Instant::now();
        let thread = std::thread::spawn(move || waiting.take(1 << 20));
        std::thread::sleep(Duration::from_millis(20));
        pace.close();
        thread.join().unwrap();
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}
