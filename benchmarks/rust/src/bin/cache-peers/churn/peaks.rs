//! The most memory that was seen.

use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::Result;
use crate::caches::MantisDb;
use crate::measure::resident_bytes;

/// How often memory is looked at.
const SAMPLE_EVERY: Duration = Duration::from_millis(2);

/// The most that was seen of each, in bytes.
#[derive(Default, Serialize)]
pub struct Peaks {
    /// Resident, less what was before the cache.
    pub resident: u64,
    /// Counted against the budget.
    pub used: u64,
    /// Of that, of entries that left.
    pub retired: u64,
    /// Empty between entries.
    pub slack: u64,
    /// Of tables.
    pub tables: u64,
    /// Resident and neither counted nor such slack, of one moment.
    pub unknown: u64,
    pub samples: u64,
}

impl Peaks {
    /// Looks until it is `over`.
    pub fn watch(cache: &MantisDb, base: u64, over: impl Fn() -> bool) -> Result<Self> {
        let mut peaks = Self::default();
        while !over() {
            let (stats, resident) = (cache.0.stats(), resident_bytes()?.saturating_sub(base));
            peaks.resident = peaks.resident.max(resident);
            peaks.used = peaks.used.max(stats.used_bytes);
            peaks.retired = peaks.retired.max(stats.retired_bytes);
            peaks.slack = peaks.slack.max(stats.slack_bytes);
            peaks.tables = peaks.tables.max(stats.table_bytes);
            let known = stats.used_bytes + stats.slack_bytes;
            peaks.unknown = peaks.unknown.max(resident.saturating_sub(known));
            peaks.samples += 1;
            thread::sleep(SAMPLE_EVERY);
        }
        Ok(peaks)
    }
}
