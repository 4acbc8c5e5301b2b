//! The Rust half of the comparison: Rust's embedded stores, with the work that
//! the Go half gives MantisDB, and records of the same form.

mod engine;
mod scenario;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mantisdb_peers::{Result, measure, work};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// One scenario, records as JSON lines.
    Run(Options),
    /// The engines of this program, one a line, each with the scenarios that it can run.
    Engines,
}

/// What a run is given: the same flags as in the Go half.
#[derive(clap::Args, Clone)]
struct Options {
    /// The store.
    #[arg(long)]
    engine: String,
    /// One of those that `engines` names.
    #[arg(long)]
    scenario: String,
    /// Data directory, emptied first and removed at the end.
    #[arg(long, default_value = "/tmp/mantisdb-peers")]
    dir: PathBuf,
    /// Leave the directory.
    #[arg(long)]
    keep_dir: bool,
    /// Distinct keys.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    keys: u64,
    /// Bytes of a value.
    #[arg(long, default_value_t = 100, value_parser = value_size)]
    value_size: usize,
    /// Memory budget in bytes; 0 is the scenario's.
    #[arg(long, default_value_t = 0)]
    memory_limit: u64,
    /// Seconds of each timed phase.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Clients of the concurrent phases.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    threads: u32,
    /// Writes a second of the paced phase.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Bytes of keys and values written before the kill.
    #[arg(long, default_value_t = 1 << 30)]
    log_bytes: u64,
    /// Determines every choice of keys.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Written into the records.
    #[arg(long, default_value_t = 1)]
    round: u32,
}

/// A value's length, at least what its check takes.
fn value_size(text: &str) -> std::result::Result<usize, String> {
    match text.parse() {
        Ok(n) if n >= work::MIN_VALUE_LEN => Ok(n),
        _ => Err(format!("at least {}", work::MIN_VALUE_LEN)),
    }
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(options) => scenario::run(options),
        Command::Engines => {
            for kind in engine::KINDS {
                println!("{} {}", kind.name, scenario::names(kind).join(" "));
            }
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("mantisdb-peers: {err}");
            ExitCode::FAILURE
        }
    }
}
