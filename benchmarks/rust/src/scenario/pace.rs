//! Operations at a fixed rate.

use std::thread;
use std::time::Duration;

use super::clients::Load;
use crate::measure::now;

/// By how many nanoseconds a client that slept begins ahead of its next
/// operation's time. It may run ahead by two.
const LEAD: u64 = 10_000_000;

/// Gives operations their times. A client does what is due within two leads and
/// then sleeps until one before its next operation: so it neither spins, which
/// would take a processor from the store, nor counts the system's delay in
/// waking it. When the store stalls for longer, the latency of each operation
/// that had to wait begins at its own time, as it would for users who do not
/// wait for each other.
pub struct Pace {
    start: u64,
    interval: u64,
}

impl Pace {
    /// The pace of one of the load's clients; none if it has no rate.
    pub fn new(load: &Load, start: u64) -> Option<Self> {
        let per_second = load.per_second?;
        let interval = u64::from(load.threads) * 1_000_000_000 / u64::from(per_second);
        Some(Self { start: start + 2 * LEAD, interval })
    }

    /// Sleeps until operation `i` may begin and returns from when its latency
    /// counts.
    pub fn wait(&self, i: u64) -> u64 {
        let due = self.start + i * self.interval;
        let mut at = now();
        if at + 2 * LEAD < due {
            thread::sleep(Duration::from_nanos(due - LEAD - at));
            at = now();
        }
        at.min(due)
    }
}
