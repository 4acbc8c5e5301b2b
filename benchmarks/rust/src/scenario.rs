//! What a store is put through. Each scenario runs in a process of its own, on a
//! directory of its own, and measures some phases. The Go half does the same.

mod clients;
mod embedded;
mod pace;
mod page;
mod phase;
mod phases;
mod recovery;
mod ycsb;

use std::fs;
use std::io::ErrorKind;
use std::sync::atomic::AtomicU64;

use crate::engine::{Config, Engine, Kind, find};
use crate::measure::now;
use crate::work::{KEY_LEN, Popular};
use crate::{Options, Result};

use phases::Salt;

/// A way to run a store.
struct Scenario {
    name: &'static str,
    run: fn(&mut Runner) -> Result<()>,
    /// Without a directory; all others are with one.
    in_memory: bool,
}

/// All that can be asked for.
const SCENARIOS: &[Scenario] = &[
    Scenario { name: "memory", run: Runner::memory, in_memory: true },
    Scenario { name: "buffered", run: Runner::buffered, in_memory: false },
    Scenario { name: "larger", run: Runner::larger, in_memory: false },
    Scenario { name: "sync", run: Runner::sync, in_memory: false },
    Scenario { name: "large", run: Runner::large, in_memory: false },
    Scenario { name: "recovery", run: Runner::recovery, in_memory: false },
    Scenario { name: "compaction", run: Runner::compaction, in_memory: false },
];

/// What the recovery kills.
const FILLING: Scenario = Scenario { name: "fill", run: Runner::fill, in_memory: false };

/// The scenarios that a store can run.
fn suitable(kind: &Kind) -> impl Iterator<Item = &'static Scenario> {
    let in_memory = kind.in_memory;
    SCENARIOS.iter().filter(move |scenario| in_memory || !scenario.in_memory)
}

/// The names of the scenarios that a store can run.
pub fn names(kind: &Kind) -> Vec<&'static str> {
    suitable(kind).map(|scenario| scenario.name).collect()
}

/// One run of a scenario.
struct Runner {
    options: Options,
    kind: &'static Kind,
    config: Config,
    popular: Popular,
    /// The number of the next key that is inserted.
    inserted: AtomicU64,
    /// When what is buffered was last put on disk.
    synced: AtomicU64,
}

/// Runs the scenario that `options` name and writes a record a line to standard
/// output.
pub fn run(options: Options) -> Result<()> {
    let kind = find(&options.engine)?;
    let mut all = suitable(kind).chain([&FILLING]);
    let scenario = all.find(|scenario| scenario.name == options.scenario).ok_or_else(|| {
        format!("no scenario {:?} for {}, which has {:?}", options.scenario, kind.name, names(kind))
    })?;
    let mut runner = Runner::new(options, kind);
    let dir = runner.options.dir.clone();
    match fs::remove_dir_all(&dir) {
        Err(err) if err.kind() != ErrorKind::NotFound => return Err(err.into()),
        _ => fs::create_dir_all(&dir)?,
    }
    let done = (scenario.run)(&mut runner);
    if !runner.options.keep_dir {
        fs::remove_dir_all(&dir)?;
    }
    done
}

impl Runner {
    fn new(options: Options, kind: &'static Kind) -> Self {
        Self {
            kind,
            config: Config::default(),
            popular: Popular::new(options.keys, options.seed ^ Salt::Popular as u64),
            inserted: AtomicU64::new(options.keys),
            synced: AtomicU64::new(now()),
            options,
        }
    }

    /// The length of all keys and values.
    fn data_bytes(&self) -> u64 {
        self.options.keys * self.entry_bytes()
    }

    fn entry_bytes(&self) -> u64 {
        (KEY_LEN + self.options.value_size) as u64
    }

    /// Configures a store on disk, unless the run has a budget of its own.
    fn budget(&mut self, sync: bool, limit: u64) {
        let given = self.options.memory_limit;
        let limit = if given == 0 { limit } else { given };
        self.config = Config { dir: Some(self.options.dir.clone()), sync, limit, write_buffer: 0 };
    }

    /// Opens the store as it is configured.
    fn open(&self) -> Result<Box<dyn Engine>> {
        (self.kind.open)(&self.config)
            .map_err(|err| format!("open {}: {err}", self.kind.name).into())
    }
}
