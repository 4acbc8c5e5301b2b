//! redb, a copy-on-write B-tree: no log, no compression, one writer at a time.

use redb::{Database, Durability, ReadableDatabase, TableDefinition};

use super::budget::mebibytes;
use super::{Config, Engine, Kind};
use crate::Result;

/// redb, all of whose budget is cache.
pub const KIND: Kind = Kind {
    name: "redb",
    settings: |config| format!("cache {}, no compression", mebibytes(config.limit)),
    open,
};

const TABLE: TableDefinition<&[u8], &[u8]> = TableDefinition::new("data");

struct Store {
    database: Database,
    durability: Durability,
}

fn open(config: &Config) -> Result<Box<dyn Engine>> {
    let cache = usize::try_from(config.limit)?;
    let database = Database::builder().set_cache_size(cache).create(config.dir.join("redb"))?;
    // Reads need the table to be there.
    let write = database.begin_write()?;
    write.open_table(TABLE)?;
    write.commit()?;
    // There is nothing between: a commit that is not durable is not written at
    // all, and is lost with the process unless a durable one follows.
    let durability = if config.sync { Durability::Immediate } else { Durability::None };
    Ok(Box::new(Store { database, durability }))
}

impl Engine for Store {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        let mut write = self.database.begin_write()?;
        write.set_durability(self.durability)?;
        write.open_table(TABLE)?.insert(key, value)?;
        Ok(write.commit()?)
    }

    fn get(&self, key: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        out.clear();
        let found = self.database.begin_read()?.open_table(TABLE)?.get(key)?;
        found.iter().for_each(|value| out.extend_from_slice(value.value()));
        Ok(found.is_some())
    }

    fn sync_log(&self) -> Result<()> {
        Ok(self.database.begin_write()?.commit()?) // durable, with all before it
    }

    fn settle(&mut self) -> Result<()> {
        self.sync_log()?;
        self.database.compact()?;
        Ok(())
    }
}
