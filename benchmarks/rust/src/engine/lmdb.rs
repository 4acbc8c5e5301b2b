//! LMDB, a copy-on-write B-tree in a mapped file: no log, no cache of its own, no
//! compression, one writer at a time.

use std::fs;
use std::ops::Bound;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions};

use super::{Config, Engine, Entry, Kind, Visit};
use crate::Result;

/// LMDB with what its manual says of each durability.
pub const KIND: Kind = Kind {
    name: "lmdb",
    package: Some("lmdb-master-sys"),
    in_memory: false,
    settings: |config| match config.sync {
        true => "the page cache alone, no compression".into(),
        false => "MDB_NOSYNC, the page cache alone, no compression".into(),
    },
    open,
};

/// Addresses for the file, more than any run writes; the file grows as it is needed.
const MAP_LEN: usize = 1 << 38;

struct Store {
    env: Env,
    database: Database<'static, Bytes, Bytes>,
}

fn open(config: &Config) -> Result<Box<dyn Engine>> {
    let dir = config.durable_dir()?;
    fs::create_dir_all(dir)?;
    let mut options = EnvOpenOptions::new();
    options.map_size(MAP_LEN);
    if !config.sync {
        // Not with MDB_WRITEMAP: it is for data that fits into memory, and takes from
        // the file what it has of consistency after a loss of power.
        // SAFETY: the flag only leaves out syncs; what a loss of power makes of the
        // file is not opened again.
        unsafe { options.flags(EnvFlags::NO_SYNC) };
    }
    // SAFETY: nothing else changes the file while it is mapped.
    let env = unsafe { options.open(dir)? };
    let write = env.write_txn()?;
    let database = env
        .create_databases_and_commit(write, |opener, write| {
            opener.create_database(write, None).map(CommitOrAbort::<_, ()>::Commit)
        })?
        .unwrap_commit();
    Ok(Box::new(Store { env, database }))
}

impl Engine for Store {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        let mut write = self.env.write_txn()?;
        self.database.put(&mut write, key, value)?;
        Ok(write.commit()?)
    }

    fn put_batch(&self, entries: &[Entry]) -> Result<()> {
        let mut write = self.env.write_txn()?;
        for (key, value) in entries {
            self.database.put(&mut write, key, value)?;
        }
        Ok(write.commit()?)
    }

    fn delete(&self, key: &[u8]) -> Result<()> {
        let mut write = self.env.write_txn()?;
        self.database.delete(&mut write, key)?;
        Ok(write.commit()?)
    }

    fn get(&self, key: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        out.clear();
        let read = self.env.read_txn()?;
        let found = self.database.get(&read, key)?;
        found.iter().for_each(|value| out.extend_from_slice(value));
        Ok(found.is_some())
    }

    fn scan(&self, from: &[u8], most: usize, visit: &mut Visit) -> Result<()> {
        let read = self.env.read_txn()?;
        let range = (Bound::Included(from), Bound::Unbounded);
        for entry in self.database.range(&read, &range)?.take(most) {
            let (key, value) = entry?;
            visit(key, value)?;
        }
        Ok(())
    }

    fn sync_log(&self) -> Result<()> {
        Ok(self.env.force_sync()?)
    }

    /// It has nothing to write out or to compact: free pages stay in the file.
    fn settle(&mut self) -> Result<()> {
        self.sync_log()
    }
}
