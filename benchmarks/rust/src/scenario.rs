//! What a store is put through. Each scenario runs in a process of its own, on a
//! directory of its own, and measures some phases. The Go half does the same.

mod clients;
mod pace;
mod phases;
mod recovery;
mod throughput;

use std::fs;
use std::io::ErrorKind;
use std::thread;
use std::time::Duration;

use crate::engine::{Config, Engine, Kind, find};
use crate::measure::{Record, Watch, disk_bytes, now};
use crate::{Options, Result};

use clients::{Client, Load};

/// One run of a scenario.
struct Runner {
    options: Options,
    kind: &'static Kind,
    config: Config,
}

/// Runs the scenario that `options` name and writes a record a line to standard
/// output.
pub fn run(options: Options) -> Result<()> {
    let kind = find(&options.engine)?;
    let config = Config { dir: options.dir.clone(), sync: false, limit: 0, write_buffer: 0 };
    let mut runner = Runner { options, kind, config };
    let scenario = match runner.options.scenario.as_str() {
        "sync" => Runner::sync,
        "memory" => Runner::memory,
        "larger" => Runner::larger,
        "compaction" => Runner::compaction,
        "recovery" => Runner::recovery,
        "fill" => Runner::fill, // what recovery kills
        name => return Err(format!("no scenario {name:?}").into()),
    };
    match fs::remove_dir_all(&runner.config.dir) {
        Err(err) if err.kind() != ErrorKind::NotFound => return Err(err.into()),
        _ => fs::create_dir_all(&runner.config.dir)?,
    }
    let done = scenario(&mut runner);
    if !runner.options.keep_dir {
        fs::remove_dir_all(&runner.config.dir)?;
    }
    done
}

impl Runner {
    /// The length of all keys and values.
    fn data_bytes(&self) -> u64 {
        self.options.keys * (crate::work::KEY_LEN + self.options.value_size) as u64
    }

    /// Opens the store with a budget, unless the run has its own.
    fn open(&mut self, sync: bool, limit: u64) -> Result<Box<dyn Engine>> {
        let given = self.options.memory_limit;
        self.config.sync = sync;
        self.config.limit = if given == 0 { limit } else { given };
        (self.kind.open)(&self.config)
    }

    /// Runs a load and writes its record.
    fn phase<F>(
        &self,
        store: &dyn Engine,
        workload: &'static str,
        load: Load,
        step: F,
    ) -> Result<()>
    where
        F: Fn(&mut Client, u64) -> Result<()> + Sync,
    {
        let watch = Watch::start()?;
        let (taken, seconds) =
            self.repeat(store, &load, step).map_err(|err| format!("{workload}: {err}"))?;
        let mut record = self.record(workload, load.threads, seconds);
        taken.fill(&mut record);
        watch.finish(&mut record, &self.config.dir)?;
        emit(&record)
    }

    /// Writes the record of how the store settles, with what it then takes.
    fn settle(&self, store: &mut dyn Engine) -> Result<()> {
        let watch = Watch::start()?;
        let start = now();
        store.settle().map_err(|err| format!("settle: {err}"))?;
        self.await_disk()?;
        let mut record = self.record("settled", 1, (now() - start) as f64 / 1e9);
        watch.finish(&mut record, &self.config.dir)?;
        emit(&record)
    }

    /// Waits until the directory has taken as much disk for a second, for a
    /// minute at most: stores remove files in the background.
    fn await_disk(&self) -> Result<()> {
        const LOOKS: usize = 5;
        let (mut last, mut same) = (0, 0);
        for _ in 0..60 * LOOKS {
            let bytes = disk_bytes(&self.config.dir)?;
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
    fn record(&self, workload: &'static str, threads: u32, seconds: f64) -> Record {
        Record {
            engine: self.options.engine.clone(),
            version: self.kind.version(),
            language: "rust",
            settings: (self.kind.settings)(&self.config),
            scenario: self.options.scenario.clone(),
            workload,
            durability: if self.config.sync { "sync" } else { "buffered" },
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

fn emit(record: &Record) -> Result<()> {
    println!("{}", serde_json::to_string(record)?);
    Ok(())
}
