//! How a phase is measured.

use std::thread;
use std::time::Duration;

use super::Runner;
use super::clients::{Client, Load};
use crate::Result;
use crate::engine::Engine;
use crate::measure::{Record, Watch, disk_bytes, now};

impl Runner {
    /// Runs a load and writes its record.
    pub fn phase<F>(
        &self,
        store: &dyn Engine,
        workload: &'static str,
        load: &Load,
        step: F,
    ) -> Result<()>
    where
        F: Fn(&mut Client, u64) -> Result<u64> + Sync,
    {
        let watch = Watch::start()?;
        let did = self.repeat(store, load, step).map_err(|err| format!("{workload}: {err}"))?;
        let mut record = self.record(workload, load.threads, did.seconds);
        record.ops = did.ops;
        record.ops_per_second = did.ops as f64 / did.seconds;
        did.taken.fill(&mut record);
        self.finish(watch, record)
    }

    /// Writes the record of what the data takes.
    pub fn loaded(&self) -> Result<()> {
        self.still("loaded", || Ok(()))
    }

    /// As [`Runner::loaded`], when the store has settled.
    pub fn settled(&self, store: &mut dyn Engine) -> Result<()> {
        self.still("loaded", || {
            store.settle().map_err(|err| format!("settle: {err}"))?;
            self.await_disk()
        })
    }

    /// Writes the record of something that is no operation.
    fn still(&self, workload: &'static str, act: impl FnOnce() -> Result<()>) -> Result<()> {
        let watch = Watch::start()?;
        let start = now();
        act()?;
        self.finish(watch, self.record(workload, 1, (now() - start) as f64 / 1e9))
    }

    /// Ends the watch and writes the record, as a line.
    pub fn finish(&self, watch: Watch, mut record: Record) -> Result<()> {
        watch.finish(&mut record, &self.options.dir)?;
        println!("{}", serde_json::to_string(&record)?);
        Ok(())
    }

    /// Waits until the directory has taken as much disk for a second, for a
    /// minute at most: stores remove files in the background.
    fn await_disk(&self) -> Result<()> {
        const LOOKS: usize = 5;
        let (mut last, mut same) = (0, 0);
        for _ in 0..60 * LOOKS {
            let bytes = disk_bytes(&self.options.dir)?;
            same = if bytes == last { same + 1 } else { 0 };
            if same == LOOKS {
                break;
            }
            last = bytes;
            thread::sleep(Duration::from_secs(1) / LOOKS as u32);
        }
        Ok(())
    }

    /// A record with what all of a run's have.
    pub fn record(&self, workload: &'static str, threads: u32, seconds: f64) -> Record {
        let durability = match &self.config {
            config if config.dir.is_none() => "memory",
            config if config.sync => "sync",
            _ => "buffered",
        };
        Record {
            group: "embedded-rust",
            engine: self.kind.name,
            version: self.kind.version(),
            language: "rust",
            settings: (self.kind.settings)(&self.config),
            scenario: self.options.scenario.clone(),
            workload,
            durability,
            threads,
            keys: self.options.keys,
            value_bytes: self.options.value_size,
            memory_limit_bytes: self.config.limit,
            round: self.options.round,
            seconds,
            ..Record::default()
        }
    }
}
