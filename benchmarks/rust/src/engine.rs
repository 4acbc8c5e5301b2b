//! The stores that Rust programs embed, behind one interface.

mod budget;
mod fjall;
mod redb;
#[cfg(feature = "rocksdb")]
mod rocksdb;

use std::path::PathBuf;

use mantisdb_peers::locked_version;

use crate::Result;

/// An open store. All but [`Engine::settle`] may be called by many threads at
/// once.
pub trait Engine: Send + Sync {
    /// Stores `value` under `key` at the durability the store was opened with.
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()>;
    /// Puts the value of `key` in `out`, which is cleared first, and tells
    /// whether there is one.
    fn get(&self, key: &[u8], out: &mut Vec<u8>) -> Result<bool>;
    /// Puts on disk what was acknowledged as buffered.
    fn sync_log(&self) -> Result<()>;
    /// Writes out what is in memory and compacts, so that what is left on disk is
    /// what the data takes.
    fn settle(&mut self) -> Result<()>;
}

/// How to open a store.
#[derive(Clone)]
pub struct Config {
    /// The data directory.
    pub dir: PathBuf,
    /// Acknowledges a write when it is on disk; otherwise when the operating
    /// system has it, or the nearest to that which the store offers.
    pub sync: bool,
    /// The memory budget in bytes, of write buffers and caches together.
    pub limit: u64,
    /// If not 0, how many bytes of writes must stay in the log without being
    /// written to tables, whatever `limit` says.
    pub write_buffer: u64,
}

/// A store that can be measured.
pub struct Kind {
    /// Its name here and on crates.io.
    pub name: &'static str,
    /// What differs from its defaults, in a line.
    pub settings: fn(&Config) -> String,
    /// Opens or creates it.
    pub open: fn(&Config) -> Result<Box<dyn Engine>>,
}

/// All stores in the program.
pub const KINDS: &[Kind] = &[
    fjall::KIND,
    redb::KIND,
    #[cfg(feature = "rocksdb")]
    rocksdb::KIND,
];

/// The store of that name.
pub fn find(name: &str) -> Result<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| {
        let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        format!("no engine {name:?} in this program: it has {names:?}").into()
    })
}

impl Kind {
    /// The version that this program was built with, as its lock file says.
    pub fn version(&self) -> String {
        let of = |package| locked_version(package).unwrap_or("unknown");
        match self.name {
            // The binding's version says nothing of what it binds to.
            "rocksdb" => {
                let (_, rocksdb) = of("librocksdb-sys").split_once('+').unwrap_or(("", "unknown"));
                format!("v{rocksdb}")
            }
            name => format!("v{}", of(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, find};

    #[test]
    fn every_engine_knows_its_version() {
        for kind in KINDS {
            let version = kind.version();
            assert!(
                version.split('.').count() == 3 && !version.contains("unknown"),
                "{}: {version}",
                kind.name
            );
        }
        assert!(find("none").is_err());
    }
}
