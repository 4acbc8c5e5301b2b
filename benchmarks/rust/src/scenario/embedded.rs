//! The scenarios that measure operations.

use super::Runner;
use super::phases::Salt;
use crate::Result;
use crate::engine::{Config, Engine};

/// Budgets in bytes where the scenario is not about the budget.
const AMPLE: u64 = 1 << 30;
const COMPACTION_LIMIT: u64 = 128 << 20;
/// The least that a store can do with; MantisDB takes no less.
const LEAST_LIMIT: u64 = 16 << 20;

impl Runner {
    /// Nothing on disk, no log and no limit.
    pub fn memory(&mut self) -> Result<()> {
        self.config = Config::default();
        let store = self.open()?;
        self.load(&*store)?;
        self.loaded()?;
        self.warm(&*store)?;
        self.all_mixes(&*store)?;
        self.deletes(&*store)
    }

    /// A budget that holds all data several times over.
    pub fn buffered(&mut self) -> Result<()> {
        self.budget(false, self.ample());
        let store = self.loaded_store()?;
        self.all_mixes(&*store)?;
        self.deletes(&*store)
    }

    /// Four times as much data as the budget.
    pub fn larger(&mut self) -> Result<()> {
        self.budget(false, (self.data_bytes() / 4).max(LEAST_LIMIT));
        let store = self.loaded_store()?;
        self.ycsb_c(&*store)?;
        self.ycsb_a(&*store)?;
        self.ycsb_e(&*store)?;
        self.overwrite(&*store)
    }

    /// Large values, of which the budget holds all.
    pub fn large(&mut self) -> Result<()> {
        self.budget(false, self.ample());
        let store = self.loaded_store()?;
        self.reads(&*store)?;
        self.overwrite(&*store)
    }

    /// Each write is on disk when it is acknowledged.
    pub fn sync(&mut self) -> Result<()> {
        self.budget(true, self.ample());
        let store = self.open()?;
        self.load(&*store)?;
        self.overwrite(&*store)?;
        self.ycsb_a(&*store)
    }

    /// Overwrites of a data set by one client while the store compacts, as fast
    /// as they go and then at a given rate.
    pub fn compaction(&mut self) -> Result<()> {
        self.budget(false, COMPACTION_LIMIT);
        let store = self.open()?;
        self.load(&*store)?;
        self.writes(&*store, "overwrites", &self.timed(1, Salt::Write))?;
        let mut paced = self.timed(1, Salt::Paced);
        paced.per_second = Some(self.options.rate);
        self.writes(&*store, "paced_overwrites", &paced)
    }

    fn ample(&self) -> u64 {
        (4 * self.data_bytes()).max(AMPLE)
    }

    /// Opens a store that then has all keys, settled and read once.
    fn loaded_store(&mut self) -> Result<Box<dyn Engine>> {
        let mut store = self.open()?;
        self.load(&*store)?;
        self.settled(&mut *store)?;
        self.warm(&*store)?;
        Ok(store)
    }

    /// The phases of a store that has all data in memory.
    fn all_mixes(&self, store: &dyn Engine) -> Result<()> {
        self.ycsb_c(store)?;
        self.ycsb_b(store)?;
        self.ycsb_a(store)?;
        self.ycsb_f(store)?;
        self.ycsb_d(store)?;
        self.ycsb_e(store)?;
        self.reads(store)?;
        self.overwrite(store)?;
        self.scans(store)
    }
}
