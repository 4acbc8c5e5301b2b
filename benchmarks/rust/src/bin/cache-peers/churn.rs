//! The memory that MantisDB's cache takes while entries of all lengths come and go.
//!
//! An hour-equivalent is an hour in which the whole content is replaced once a minute:
//! sixty times the budget is written.

mod clients;
mod lengths;
mod peaks;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use serde::Serialize;

use crate::Result;
use crate::caches::{Cache, KEY_LEN, MantisDb, VALUE_LEN, Values, key};
use crate::measure::resident_bytes;
use lengths::Lengths;
use peaks::Peaks;

#[derive(clap::Args)]
pub struct Options {
    /// The budget in MiB.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    budget: u64,
    /// How often the budget is written.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    times: u64,
    /// Lengths of values: mixed, small, shifting, or entries for what one takes beside
    /// a key of 16 and a value of 100 bytes.
    #[arg(long, default_value = "mixed")]
    lengths: Lengths,
    /// Threads that write.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,
    /// Determines all choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What was seen, in bytes unless told otherwise.
#[derive(Serialize)]
struct Record {
    lengths: Lengths,
    budget: u64,
    times: u64,
    threads: u32,
    seconds: f64,
    puts: u64,
    written: u64,
    /// Resident before the cache was opened.
    base: u64,
    peaks: Peaks,
    entries: u64,
    data: u64,
    tables: u64,
    used: u64,
    resident: u64,
}

pub fn run(options: &Options) -> Result<()> {
    let budget = options.budget << 20;
    if options.lengths == Lengths::Entries {
        return overhead(budget);
    }
    let (clients, base) = (clients::Clients::new(options), resident_bytes()?);
    let cache = MantisDb::with_budget(budget)?;
    let (start, written) = (Instant::now(), AtomicU64::new(0));
    let peaks = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            Peaks::watch(&cache, base, || written.load(Relaxed) >= budget * options.times)
        });
        for n in 0..options.threads {
            let (cache, clients, written) = (&cache, &clients, &written);
            scope.spawn(move || clients.run(n, cache, written));
        }
        watch.join().map_err(|_| "the watch panicked")?
    })?;
    let stats = cache.0.stats();
    let record = Record {
        lengths: options.lengths,
        budget,
        times: options.times,
        threads: options.threads,
        seconds: start.elapsed().as_secs_f64(),
        puts: stats.puts,
        written: written.load(Relaxed),
        base,
        peaks,
        entries: stats.entries,
        data: stats.data_bytes,
        tables: stats.table_bytes,
        used: stats.used_bytes,
        resident: resident_bytes()? - base,
    };
    println!("{}", serde_json::to_string(&record)?);
    eprintln!(
        "{:?}, {} MiB: resident at most {:.3} of the budget, counted at most {:.3}; {} puts in {:.0} s",
        options.lengths,
        options.budget,
        record.peaks.resident as f64 / budget as f64,
        record.peaks.used as f64 / budget as f64,
        record.puts,
        record.seconds,
    );
    Ok(())
}

/// What an entry takes beside its key and value, once others have left for it.
fn overhead(budget: u64) -> Result<()> {
    let base = resident_bytes()?;
    let (cache, mut values) = (MantisDb::with_budget(budget)?, Values::new());
    let count = budget / (KEY_LEN + VALUE_LEN) as u64 * 3;
    (0..count as u32).for_each(|id| cache.put(&key(id), values.of(id)));
    let (stats, resident) = (cache.0.stats(), resident_bytes()? - base);
    let each = |bytes: u64| (bytes as f64 - stats.data_bytes as f64) / stats.entries as f64;
    println!(
        "{} entries of {KEY_LEN}+{VALUE_LEN} bytes: {:.1} bytes beside each as counted, {:.1} with what is retired, {:.1} resident",
        cache.entries(),
        each(stats.used_bytes - stats.retired_bytes),
        each(stats.used_bytes),
        each(resident),
    );
    Ok(())
}
