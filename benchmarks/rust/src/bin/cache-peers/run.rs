//! Reads and writes of keys drawn by Zipf's law, by threads at once: one cache in one
//! scenario, in a process of its own.

mod phase;

use std::io::{self, Write};
use std::time::Duration;

use crate::Result;
use crate::caches::{Cache, FoyerMemory, MantisDb, Moka, QuickCache, VALUE_LEN};
use crate::measure::{Record, Watch, resident_bytes};
use mantisdb_peers::locked_version;
use phase::{Draws, Mix};

/// Keys that are drawn before anything is timed. Threads go through them, each from a place
/// of its own, again and again.
const DRAWN: u64 = 1 << 22;
/// The exponent of Zipf's law.
const EXPONENT: f64 = 0.99;

#[derive(clap::Args)]
pub struct Options {
    /// The cache.
    #[arg(long)]
    engine: String,
    /// What there is room for.
    #[arg(long)]
    scenario: Scenario,
    /// Distinct keys.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1000..=1 << 30))]
    keys: u32,
    /// Seconds of each phase.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Threads of the phases.
    #[arg(long, value_delimiter = ',', default_value = "1,2,16", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Vec<u32>,
    /// Determines every choice of keys.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Written into the records.
    #[arg(long, default_value_t = 1)]
    round: u32,
}

/// What a cache has room for.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Scenario {
    /// A tenth of the keys.
    Tenth,
    /// All keys.
    All,
}

impl Scenario {
    const fn name(self) -> &'static str {
        match self {
            Self::Tenth => "tenth",
            Self::All => "all",
        }
    }

    /// Entries that there is to be room for. Caches of several shards keep all of some keys
    /// only with room for more.
    fn room(self, keys: u32) -> u64 {
        match self {
            Self::Tenth => u64::from(keys) / 10,
            Self::All => u64::from(keys) * 5 / 4,
        }
    }

    /// Where all keys are there, reading through is but reading.
    const fn mixes(self) -> &'static [Mix] {
        match self {
            Self::Tenth => &[Mix::Reads, Mix::ThreeQuartersReads, Mix::ReadThrough],
            Self::All => &[Mix::Reads, Mix::ThreeQuartersReads],
        }
    }
}

/// A cache by its name.
struct Engine {
    name: &'static str,
    run: fn(&Options) -> Result<()>,
}

const fn engine<C: Cache>() -> Engine {
    Engine { name: C::NAME, run: Options::run::<C> }
}

const ENGINES: [Engine; 4] =
    [engine::<MantisDb>(), engine::<QuickCache>(), engine::<Moka>(), engine::<FoyerMemory>()];

/// Prints a line for each cache: its name, and the scenarios that it can do.
pub fn print_engines() {
    for engine in &ENGINES {
        println!("{} {} {}", engine.name, Scenario::Tenth.name(), Scenario::All.name());
    }
}

pub fn run(options: &Options) -> Result<()> {
    let engine = ENGINES.iter().find(|engine| engine.name == options.engine);
    let engine = engine.ok_or_else(|| format!("no cache {:?} in this program", options.engine))?;
    (engine.run)(options)
}

impl Options {
    fn run<C: Cache>(&self) -> Result<()> {
        let draws = Draws::new(self.keys, DRAWN, EXPONENT, self.seed);
        let (watch, before) = (Watch::start()?, resident_bytes()?);
        let cache = C::with_room_for(self.scenario.room(self.keys))?;
        phase::fill(&cache, &draws, self.scenario == Scenario::All);
        let entries = cache.entries();
        let grown = resident_bytes()?.saturating_sub(before) as f64;
        let bytes_per_key = Some(grown / entries as f64);
        self.write(watch, Record { workload: "filled", bytes_per_key, ..self.record::<C>() })?;
        for &mix in self.scenario.mixes() {
            for &threads in &self.threads {
                let watch = Watch::start()?;
                let limit = Duration::from_secs_f64(self.seconds);
                let outcome = phase::run(&cache, mix, threads, &draws, limit)?;
                let record = Record {
                    workload: mix.name(),
                    threads,
                    ops: outcome.operations,
                    seconds: outcome.seconds,
                    ops_per_second: outcome.operations as f64 / outcome.seconds,
                    hit_ratio: Some(outcome.hits as f64 / outcome.lookups as f64),
                    ..self.record::<C>()
                };
                self.write(watch, record)?;
            }
        }
        Ok(())
    }

    /// What all records of a run have.
    fn record<C: Cache>(&self) -> Record {
        Record {
            group: "cache-rust",
            engine: C::NAME,
            version: locked_version(C::PACKAGE).unwrap_or("unknown").into(),
            language: "rust",
            settings: "defaults".into(),
            scenario: self.scenario.name().into(),
            durability: "memory",
            threads: 1,
            keys: self.keys.into(),
            value_bytes: VALUE_LEN,
            round: self.round,
            ..Record::default()
        }
    }

    /// Ends the watch and writes the record, a line of JSON.
    fn write(&self, watch: Watch, mut record: Record) -> Result<()> {
        watch.finish_without_disk(&mut record)?;
        Ok(writeln!(io::stdout(), "{}", serde_json::to_string(&record)?)?)
    }
}
