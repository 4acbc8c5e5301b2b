//! Hit ratios: recorded traces against MantisDB's cache policies and against other caches.

mod peers;
mod trace;

use std::path::PathBuf;

use mantisdb_core::cache::simulation::{POLICIES, Trace};

use crate::Result;
use peers::PEERS;
use trace::Format;

/// The parts of the footprint whose mean is told.
const MEAN_OVER: [&str; 3] = ["1%", "5%", "20%"];

/// What is replayed.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A file of requests, plain or packed as .zst or .xz; can be given many times.
    #[arg(long, required = true)]
    trace: Vec<PathBuf>,
    /// How requests are written; told by the name if it is left out: .lis is arc, .csv csv.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Sizes in entries, or in percent of the distinct keys.
    #[arg(long, value_delimiter = ',', default_values = MEAN_OVER)]
    sizes: Vec<Size>,
}

/// The size of a cache.
#[derive(Clone)]
enum Size {
    Entries(u64),
    Percent(f64),
}

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let size = match text.strip_suffix('%') {
            Some(percent) => percent.parse().ok().filter(|p| *p > 0.0).map(Self::Percent),
            None => text.parse().ok().filter(|n| *n > 0).map(Self::Entries),
        };
        size.ok_or_else(|| "a size is a number of entries or, with %, of percent".into())
    }
}

impl Size {
    fn entries(&self, trace: &Trace) -> u64 {
        match *self {
            Self::Entries(entries) => entries,
            Self::Percent(percent) => ((trace.keys() as f64 * percent / 100.0) as u64).max(1),
        }
    }
}

/// The hit ratios of one cache, in percent.
struct Column {
    name: &'static str,
    replay: Box<dyn Fn(&[u64], &Trace, u64) -> f64>,
    /// At the sizes that the mean is over.
    ratios: Vec<f64>,
}

fn columns() -> Vec<Column> {
    let ours = POLICIES.iter().map(|policy| Column {
        name: policy.name,
        replay: Box::new(|_, trace, size| 100.0 * (policy.replay)(trace, size).hit_ratio()),
        ratios: Vec::new(),
    });
    let peers = PEERS.iter().map(|peer| Column {
        name: peer.name,
        replay: Box::new(|keys, _, size| {
            100.0 * (peer.replay)(keys, size) as f64 / keys.len().max(1) as f64
        }),
        ratios: Vec::new(),
    });
    ours.chain(peers).collect()
}

/// Prints a line for each trace and size, and the means.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut columns = columns();
    print!("{:<18} {:>8}", "trace", "entries");
    columns.iter().for_each(|column| print!(" {:>16}", column.name));
    println!();
    for path in &options.trace {
        let keys = trace::read(path, options.format)?;
        let trace = Trace::new(&keys);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for size in &options.sizes {
            let entries = size.entries(&trace);
            print!("{name:<18} {entries:>8}");
            for column in &mut columns {
                let ratio = (column.replay)(&keys, &trace, entries);
                print!(" {ratio:>16.2}");
                if matches!(size, Size::Percent(_)) {
                    column.ratios.push(ratio);
                }
            }
            println!();
        }
    }
    print!("{:<27}", "mean where in percent");
    for column in &columns {
        let mean = column.ratios.iter().sum::<f64>() / column.ratios.len().max(1) as f64;
        print!(" {mean:>16.2}");
    }
    println!();
    Ok(())
}
