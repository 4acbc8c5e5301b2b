//! Writes the C header of the core, from the Rust source of its C ABI.
//!
//! ```text
//! mantisdb-header <core crate> <header>
//! ```

use std::error::Error;
use std::path::Path;
use std::{env, fs, process};

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let result = match args.as_slice() {
        [core, header] => write_header(Path::new(core), Path::new(header)),
        _ => Err("usage: mantisdb-header <core crate> <header>".into()),
    };
    if let Err(e) = result {
        eprintln!("mantisdb-header: {e}");
        process::exit(1);
    }
}

fn write_header(core: &Path, header: &Path) -> Result<(), Box<dyn Error>> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("cbindgen.toml");
    let bindings = cbindgen::Builder::new()
        .with_crate(core)
        .with_config(cbindgen::Config::from_file(&config)?)
        .with_header(introduction(&core.join("src/ffi.rs"))?)
        .generate()?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    fs::write(header, text).map_err(|e| format!("{}: {e}", header.display()))?;
    Ok(())
}

/// The documentation of the ABI's module, as a C comment: the rules that hold
/// for every function.
fn introduction(module: &Path) -> Result<String, Box<dyn Error>> {
    let source = fs::read_to_string(module).map_err(|e| format!("{}: {e}", module.display()))?;
    let lines: String = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| format!(" *{line}\n"))
        .collect();
    Ok(format!("/*\n{lines} */"))
}
