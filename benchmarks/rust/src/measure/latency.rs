//! Time, and latencies.

use std::sync::LazyLock;
use std::time::Instant;

use hdrhistogram::Histogram;

use super::Record;
use crate::Result;

/// The longest latency that is told apart, in nanoseconds.
const LONGEST: u64 = 600_000_000_000;
/// The digits that are kept of each.
const DIGITS: u8 = 3;

/// What [`now`] counts from.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A moment of the monotonic clock in nanoseconds, read once an operation: an
/// operation ends when the next one begins.
pub fn now() -> u64 {
    START.elapsed().as_nanos() as u64
}

/// Latencies of one client.
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// None yet.
    pub fn new() -> Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, LONGEST, DIGITS)?))
    }

    /// Adds one in nanoseconds. What is outside the range counts at its end.
    pub fn add(&mut self, nanos: u64) {
        self.0.saturating_record(nanos.max(1));
    }

    /// Adds what another client counted.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        Ok(self.0.add(&other.0)?)
    }

    /// Sets a record's latencies.
    pub fn fill(&self, record: &mut Record) {
        record.p50_ns = self.0.value_at_quantile(0.5);
        record.p99_ns = self.0.value_at_quantile(0.99);
        record.p999_ns = self.0.value_at_quantile(0.999);
        record.max_ns = self.0.max();
    }
}
