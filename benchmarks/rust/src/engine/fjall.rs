//! fjall, with its defaults but for the sizes.

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::budget::{Budget, WRITE_BUFFERS};
use super::{Config, Engine, Kind};
use crate::Result;

/// fjall, whose default is LZ4 from the second level on, and bloom filters.
pub const KIND: Kind = Kind {
    name: "fjall",
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
    let database = Database::builder(&config.dir)
        .cache_size(budget.cache)
        .max_journaling_size(journals)
        .open()?;
    let keyspace = database
        .keyspace("data", || KeyspaceCreateOptions::default().max_memtable_size(budget.buffer))?;
    Ok(Box::new(Store { database, keyspace, sync: config.sync }))
}

impl Engine for Store {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        // The record is with the operating system when this returns.
        self.keyspace.insert(key, value)?;
        if self.sync {
            self.database.persist(PersistMode::SyncData)?;
        }
        Ok(())
    }

    fn get(&self, key: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        out.clear();
        let found = self.keyspace.get(key)?;
        found.iter().for_each(|value| out.extend_from_slice(value));
        Ok(found.is_some())
    }

    fn sync_log(&self) -> Result<()> {
        Ok(self.database.persist(PersistMode::SyncData)?)
    }

    fn settle(&mut self) -> Result<()> {
        self.keyspace.rotate_memtable_and_wait()?;
        Ok(self.keyspace.major_compact()?)
    }
}
