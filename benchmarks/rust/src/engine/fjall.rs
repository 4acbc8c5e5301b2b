//! fjall, with its defaults but for the sizes.

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::budget::{Budget, WRITE_BUFFERS};
use super::{Config, Engine, Entry, Kind, Visit};
use crate::Result;

/// fjall, whose default is LZ4 from the second level on, and bloom filters.
pub const KIND: Kind = Kind {
    name: "fjall",
    package: Some("fjall"),
    in_memory: false,
    settings: |config| format!("{}, LZ4, its own bloom filters", Budget::of(config)),
    open,
};

struct Store {
    database: Database,
    keyspace: Keyspace,
    sync: bool,
}

fn open(config: &Config) -> Result<Box<dyn Engine>> {
    let budget = Budget::of(config);
    let journals = (budget.buffer * WRITE_BUFFERS * 2).max(512 << 20);
    let database = Database::builder(config.durable_dir()?)
        .cache_size(budget.cache)
        .max_journaling_size(journals)
        .open()?;
    let keyspace = database
        .keyspace("data", || KeyspaceCreateOptions::default().max_memtable_size(budget.buffer))?;
    Ok(Box::new(Store { database, keyspace, sync: config.sync }))
}

impl Store {
    /// Waits until what was written is on disk, if that is asked for. Otherwise it is
    /// with the operating system.
    fn acknowledge(&self) -> Result<()> {
        match self.sync {
            true => self.sync_log(),
            false => Ok(()),
        }
    }
}

impl Engine for Store {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        self.keyspace.insert(key, value)?;
        self.acknowledge()
    }

    fn put_batch(&self, entries: &[Entry]) -> Result<()> {
        let mut batch = self.database.batch();
        for (key, value) in entries {
            batch.insert(&self.keyspace, &key[..], &value[..]);
        }
        batch.commit()?;
        self.acknowledge()
    }

    fn delete(&self, key: &[u8]) -> Result<()> {
        self.keyspace.remove(key)?;
        self.acknowledge()
    }

    fn get(&self, key: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        out.clear();
        let found = self.keyspace.get(key)?;
        found.iter().for_each(|value| out.extend_from_slice(value));
        Ok(found.is_some())
    }

    fn scan(&self, from: &[u8], most: usize, visit: &mut Visit) -> Result<()> {
        for entry in self.keyspace.range(from..).take(most) {
            let (key, value) = entry.into_inner()?;
            visit(&key, &value)?;
        }
        Ok(())
    }

    fn sync_log(&self) -> Result<()> {
        Ok(self.database.persist(PersistMode::SyncData)?)
    }

    fn settle(&mut self) -> Result<()> {
        self.keyspace.rotate_memtable_and_wait()?;
        Ok(self.keyspace.major_compact()?)
    }
}
