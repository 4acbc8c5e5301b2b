//! sled, a B-link tree over a log-structured file.

use sled::{Batch, Config as Options, Db, Mode};

use super::budget::mebibytes;
use super::{Config, Engine, Entry, Kind, Visit};
use crate::Result;

/// sled, all of whose budget is cache, made for throughput.
pub const KIND: Kind = Kind {
    name: "sled",
    package: Some("sled"),
    in_memory: false,
    settings: |config| format!("cache {}, HighThroughput, no compression", mebibytes(config.limit)),
    open,
};

struct Store {
    db: Db,
    sync: bool,
}

fn open(config: &Config) -> Result<Box<dyn Engine>> {
    let db = Options::new()
        .path(config.durable_dir()?)
        .cache_capacity(config.limit)
        .mode(Mode::HighThroughput)
        .flush_every_ms(None) // `sync_log` is called instead
        .open()?;
    Ok(Box::new(Store { db, sync: config.sync }))
}

impl Store {
    /// Waits until what was written is on disk, if that is asked for.
    fn acknowledge(&self) -> Result<()> {
        match self.sync {
            true => self.sync_log(),
            false => Ok(()),
        }
    }
}

impl Engine for Store {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        self.db.insert(key, value)?;
        self.acknowledge()
    }

    fn put_batch(&self, entries: &[Entry]) -> Result<()> {
        let mut batch = Batch::default();
        for (key, value) in entries {
            batch.insert(&key[..], &value[..]);
        }
        self.db.apply_batch(batch)?;
        self.acknowledge()
    }

    fn delete(&self, key: &[u8]) -> Result<()> {
        self.db.remove(key)?;
        self.acknowledge()
    }

    fn get(&self, key: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        out.clear();
        let found = self.db.get(key)?;
        found.iter().for_each(|value| out.extend_from_slice(value));
        Ok(found.is_some())
    }

    fn scan(&self, from: &[u8], most: usize, visit: &mut Visit) -> Result<()> {
        for entry in self.db.range(from..).take(most) {
            let (key, value) = entry?;
            visit(&key, &value)?;
        }
        Ok(())
    }

    fn sync_log(&self) -> Result<()> {
        self.db.flush()?;
        Ok(())
    }

    /// It cleans its file as it writes, and has no call for it.
    fn settle(&mut self) -> Result<()> {
        self.sync_log()
    }
}
