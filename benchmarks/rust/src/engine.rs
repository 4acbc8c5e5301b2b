//! The stores that Rust programs embed, behind one interface.

mod budget;
mod fjall;
mod lmdb;
mod mantisdb;
mod redb;
#[cfg(feature = "rocksdb")]
mod rocksdb;
mod sled;

use std::path::{Path, PathBuf};
use std::time::Duration;

use mantisdb_peers::locked_version;

use crate::Result;
use crate::work::KEY_LEN;

/// A key with its value.
pub type Entry = ([u8; KEY_LEN], Vec<u8>);

/// Is given a key and its value; what it refuses ends the scan.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<()> + 'a;

/// An open store. All but [`Engine::settle`] may be called by many threads at
/// once.
pub trait Engine: Send + Sync {
    /// Stores `value` under `key` at the durability the store was opened with.
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()>;
    /// Stores entries, which have different keys, by what the store has for writes that
    /// belong together.
    fn put_batch(&self, entries: &[Entry]) -> Result<()>;
    /// Stores `value` under `key` for a time; for good, if the store has no such values.
    fn put_ttl(&self, key: &[u8], value: &[u8], _ttl: Duration) -> Result<()> {
        self.put(key, value)
    }
    /// Removes `key`, which need not be there.
    fn delete(&self, key: &[u8]) -> Result<()>;
    /// Puts the value of `key` in `out`, which is cleared first, and tells
    /// whether there is one.
    fn get(&self, key: &[u8], out: &mut Vec<u8>) -> Result<bool>;
    /// Gives `visit` at most `most` entries, at least 1, in ascending order: those whose
    /// keys are not below `from`.
    fn scan(&self, from: &[u8], most: usize, visit: &mut Visit) -> Result<()>;
    /// Puts on disk what was acknowledged as buffered.
    fn sync_log(&self) -> Result<()>;
    /// Writes out what is in memory and compacts, so that what is left on disk is
    /// what the data takes.
    fn settle(&mut self) -> Result<()>;
}

/// How to open a store.
#[derive(Clone, Default)]
pub struct Config {
    /// The data directory. Without one everything is in memory, with no log, and `sync`
    /// makes no difference.
    pub dir: Option<PathBuf>,
    /// Acknowledges a write when it is on disk; otherwise when the operating
    /// system has it, or the nearest to that which the store offers.
    pub sync: bool,
    /// The memory budget in bytes, of write buffers and caches together; 0 for none,
    /// in memory.
    pub limit: u64,
    /// If not 0, how many bytes of writes must stay in the log without being
    /// written to tables, whatever `limit` says.
    pub write_buffer: u64,
}

impl Config {
    /// The data directory, for stores that need one.
    pub fn durable_dir(&self) -> Result<&Path> {
        Ok(self.dir.as_deref().ok_or("the store needs a directory")?)
    }
}

/// A store that can be measured.
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// The package whose version is the store's; none for that of this tree.
    pub package: Option<&'static str>,
    /// Whether it can do without a directory.
    pub in_memory: bool,
    /// What differs from its defaults, in a line.
    pub settings: fn(&Config) -> String,
    /// Opens or creates it.
    pub open: fn(&Config) -> Result<Box<dyn Engine>>,
}

/// All stores in the program.
pub const KINDS: &[Kind] = &[
    mantisdb::KIND,
    fjall::KIND,
    lmdb::KIND,
    redb::KIND,
    #[cfg(feature = "rocksdb")]
    rocksdb::KIND,
    sled::KIND,
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
        let Some(package) = self.package else { return "this tree".into() };
        let locked = locked_version(package).unwrap_or("unknown");
        // A binding's own version says nothing of what it binds to.
        format!("v{}", locked.split_once('+').map_or(locked, |(_, bound)| bound))
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, find};

    #[test]
    fn every_engine_knows_its_version() {
        for kind in KINDS.iter().filter(|kind| kind.package.is_some()) {
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
