//! MantisDB's cache beside those that Rust programs embed, and alone where others
//! promise nothing.

mod caches;
mod churn;
mod hit_ratios;
mod run;
mod waits;

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
    /// One cache in one scenario, records as JSON lines.
    Run(run::Options),
    /// The caches that `run` takes, each with its scenarios.
    Engines,
    /// Hit ratios of cache policies and caches on recorded traces.
    HitRatios(hit_ratios::Options),
    /// Whether reads of 16 threads wait for anything while others write.
    Waits(waits::Options),
    /// What MantisDB's cache takes of memory while entries of all lengths come and go.
    Churn(churn::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(options) => run::run(&options),
        Command::Engines => {
            run::print_engines();
            Ok(())
        }
        Command::HitRatios(options) => hit_ratios::run(&options),
        Command::Waits(options) => waits::run(&options),
        Command::Churn(options) => churn::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("cache-peers: {err}");
            ExitCode::FAILURE
        }
    }
}
