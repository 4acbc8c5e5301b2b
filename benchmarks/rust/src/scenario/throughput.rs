//! The scenarios that measure operations.

use super::phases::{SALT_PACED, SALT_WRITE};
use super::{Runner, emit};
use crate::Result;
use crate::engine::Engine;
use crate::measure::{Watch, now};

/// Budgets in bytes where the scenario is not about the budget.
const SYNC_LIMIT: u64 = 1 << 30;
const COMPACTION_LIMIT: u64 = 128 << 20;
/// The least that a store can do with; MantisDB takes no less.
const LEAST_LIMIT: u64 = 16 << 20;

impl Runner {
    /// Many clients, each of whose writes is on disk when it is acknowledged.
    pub fn sync(&mut self) -> Result<()> {
        let store = self.open(true, SYNC_LIMIT)?;
        self.writes(&*store, "sync_writes", self.timed(self.options.threads, SALT_WRITE))
    }

    /// A budget that holds all data several times over.
    pub fn memory(&mut self) -> Result<()> {
        let mut store = self.open(false, (4 * self.data_bytes()).max(1 << 30))?;
        self.load(&*store)?;
        self.settle(&mut *store)?;
        self.reads(&*store)?;
        for threads in [1, self.options.threads] {
            self.writes(&*store, "random_writes", self.timed(threads, SALT_WRITE))?;
        }
        Ok(())
    }

    /// Four times as much data as the budget.
    pub fn larger(&mut self) -> Result<()> {
        let mut store = self.open(false, (self.data_bytes() / 4).max(LEAST_LIMIT))?;
        self.load(&*store)?;
        self.settle(&mut *store)?;
        self.reads(&*store)?;
        self.closed(store)
    }

    /// Writes the record of what the closed store takes on disk, without the log
    /// files that some make ahead of their use.
    fn closed(&self, store: Box<dyn Engine>) -> Result<()> {
        let watch = Watch::start()?;
        let start = now();
        drop(store);
        let mut record = self.record("closed", 1, (now() - start) as f64 / 1e9);
        watch.finish(&mut record, &self.config.dir)?;
        emit(&record)
    }

    /// Overwrites of a data set by one client while the store compacts, as fast
    /// as they go and then at a given rate.
    pub fn compaction(&mut self) -> Result<()> {
        let store = self.open(false, COMPACTION_LIMIT)?;
        self.load(&*store)?;
        self.writes(&*store, "overwrites", self.timed(1, SALT_WRITE))?;
        let mut paced = self.timed(1, SALT_PACED);
        paced.per_second = Some(self.options.rate);
        self.writes(&*store, "paced_overwrites", paced)
    }
}
