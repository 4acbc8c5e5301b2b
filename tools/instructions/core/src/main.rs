//! Calls the core on fixed inputs, for the parent directory's program, which counts the
//! instructions.
//!
//! ```text
//! mantisdb-instructions                 prints the cases, each with the rounds that its count needs
//! mantisdb-instructions CASE ROUNDS
//! ```

mod cache;
mod case;
mod input;

use case::CASES;
use std::error::Error;
use std::{env, process};

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let result = match args.as_slice() {
        [] => {
            CASES.iter().for_each(|case| println!("{} {}", case.name, case.rounds));
            Ok(())
        }
        [name, rounds] => run(name, rounds),
        _ => Err("usage: mantisdb-instructions [CASE ROUNDS]".into()),
    };
    if let Err(e) = result {
        eprintln!("mantisdb-instructions: {e}");
        process::exit(1);
    }
}

fn run(name: &str, rounds: &str) -> Result<(), Box<dyn Error>> {
    let case = CASES.iter().find(|case| case.name == name).ok_or("no such case")?;
    let dir = tempfile::tempdir()?;
    Ok(case.run(dir.path(), rounds.parse()?)?)
}
