//! Reads and writes of keys drawn by Zipf's law, by threads at once.

mod phase;
mod report;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::Result;
use crate::caches::{Cache, MantisDb, Moka, QuickCache};
use crate::work::Random;
use mantisdb_peers::locked_version;
use phase::{Draws, Mix, Outcome};

#[derive(clap::Args)]
pub struct Options {
    /// Distinct keys.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1000..=1 << 30))]
    keys: u32,
    /// How many of a hundred keys there is room for; 100 and more: for all.
    #[arg(long, value_delimiter = ',', default_value = "10,100", value_parser = clap::value_parser!(u64).range(1..))]
    percent: Vec<u64>,
    /// Threads.
    #[arg(long, value_delimiter = ',', default_value = "1,2,16", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Vec<u32>,
    /// What is done with each key that is drawn.
    #[arg(
        long,
        value_delimiter = ',',
        value_enum,
        default_value = "reads,three-quarters-reads,read-through"
    )]
    mixes: Vec<Mix>,
    /// Which caches.
    #[arg(long, value_delimiter = ',', default_value = "mantisdb-core,quick_cache,moka")]
    caches: Vec<String>,
    /// Operations of a phase, over all its threads.
    #[arg(long, default_value_t = 4_000_000, value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    operations: u64,
    /// The exponent of Zipf's law.
    #[arg(long, default_value_t = 0.99)]
    exponent: f64,
    /// How often all is done, in another order of caches each time.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Determines every choice of keys.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where a line of JSON for each phase is appended.
    #[arg(long)]
    records: Option<PathBuf>,
}

/// One measured phase.
#[derive(Serialize)]
struct Record {
    cache: &'static str,
    version: &'static str,
    mix: Mix,
    threads: u32,
    keys: u32,
    /// Keys that there is room for.
    room: u64,
    exponent: f64,
    round: u32,
    /// Seconds since 1970.
    at: u64,

    operations: u64,
    seconds: f64,
    /// Of all threads together.
    operations_per_second: f64,
    /// Processor time of an operation, over all threads.
    cpu_ns: f64,
    lookups: u64,
    hits: u64,
    /// After the phase.
    entries: u64,
}

/// A cache that phases can be done with, one of several types.
trait Subject {
    fn package(&self) -> &'static str;
    fn entries(&self) -> u64;
    fn run(&self, mix: Mix, threads: u32, draws: &Draws) -> Result<Outcome>;
    fn fill(&self, draws: &Draws, all: bool);
}

impl<C: Cache> Subject for C {
    fn package(&self) -> &'static str {
        C::PACKAGE
    }

    fn entries(&self) -> u64 {
        Cache::entries(self)
    }

    fn run(&self, mix: Mix, threads: u32, draws: &Draws) -> Result<Outcome> {
        phase::run(self, mix, threads, draws)
    }

    fn fill(&self, draws: &Draws, all: bool) {
        phase::fill(self, draws, all);
    }
}

fn open(package: &str, room: u64) -> Result<Box<dyn Subject>> {
    Ok(match package {
        MantisDb::PACKAGE => Box::new(MantisDb::with_room_for(room)?),
        QuickCache::PACKAGE => Box::new(QuickCache::with_room_for(room)?),
        Moka::PACKAGE => Box::new(Moka::with_room_for(room)?),
        other => return Err(format!("no cache {other:?} in this program").into()),
    })
}

pub fn run(options: &Options) -> Result<()> {
    let draws = Draws::new(options.keys, options.operations, options.exponent, options.seed);
    let mut file = options
        .records
        .as_ref()
        .map(|path| File::options().append(true).create(true).open(path))
        .transpose()?;
    let (mut records, mut order) = (Vec::new(), Random::new(options.seed, 1));
    for round in 1..=options.rounds {
        for &percent in &options.percent {
            let all = percent >= 100;
            // Caches of several shards keep all of some keys only with room for more.
            let room = u64::from(options.keys) * if all { 125 } else { percent } / 100;
            let mut subjects: Vec<_> =
                options.caches.iter().map(|c| open(c, room)).collect::<Result<_>>()?;
            subjects.iter().for_each(|subject| subject.fill(&draws, all));
            for &mix in &options.mixes {
                for &threads in &options.threads {
                    for left in (1..=subjects.len()).rev() {
                        subjects.swap(left - 1, order.below(left as u64) as usize);
                    }
                    for subject in &subjects {
                        let outcome = subject.run(mix, threads, &draws)?;
                        let record = options.record(
                            subject.as_ref(),
                            mix,
                            threads,
                            room,
                            round,
                            &outcome,
                        )?;
                        if let Some(file) = &mut file {
                            writeln!(file, "{}", serde_json::to_string(&record)?)?;
                        }
                        records.push(record);
                    }
                }
            }
        }
        eprintln!("round {round} of {}", options.rounds);
    }
    print!("{}", report::markdown(options, &records));
    Ok(())
}

impl Options {
    fn record(
        &self,
        subject: &dyn Subject,
        mix: Mix,
        threads: u32,
        room: u64,
        round: u32,
        outcome: &Outcome,
    ) -> Result<Record> {
        Ok(Record {
            cache: subject.package(),
            version: locked_version(subject.package()).unwrap_or("unknown"),
            mix,
            threads,
            keys: self.keys,
            room,
            exponent: self.exponent,
            round,
            at: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
            operations: outcome.operations,
            seconds: outcome.seconds,
            operations_per_second: outcome.operations as f64 / outcome.seconds,
            cpu_ns: outcome.cpu_nanos as f64 / outcome.operations as f64,
            lookups: outcome.lookups,
            hits: outcome.hits,
            entries: subject.entries(),
        })
    }
}
