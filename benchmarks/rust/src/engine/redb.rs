//! redb, a copy-on-write B-tree: no log, no compression, one writer at a time.

use redb::backends::InMemoryBackend;
use redb::{Database, Durability, ReadableDatabase, TableDefinition, WriteTransaction};

use super::budget::mebibytes;
use super::{Config, Engine, Entry, Kind, Visit};
use crate::Result;

/// redb, all of whose budget is cache.
pub const KIND: Kind = Kind {
    name: "redb",
    package: Some("redb"),
    in_memory: true,
    settings: |config| match config.dir {
        Some(_) => format!("cache {}, no compression", mebibytes(config.limit)),
        None => "InMemoryBackend, its default cache, no compression".into(),
    },
    open,
};

const TABLE: TableDefinition<&[u8], &[u8]> = TableDefinition::new("data");

struct Store {
    database: Database,
    durability: Durability,
}

fn open(config: &Config) -> Result<Box<dyn Engine>> {
    let mut builder = Database::builder();
    let database = match &config.dir {
        Some(dir) => {
            builder.set_cache_size(usize::try_from(config.limit)?);
            builder.create(dir.join("redb"))?
        }
        None => builder.create_with_backend(InMemoryBackend::new())?,
    };
    // Reads need the table to be there.
    let write = database.begin_write()?;
    write.open_table(TABLE)?;
    write.commit()?;
    // There is nothing between: a commit that is not durable is not written at
    // all, and is lost with the process unless a durable one follows.
    let durability = if config.sync { Durability::Immediate } else { Durability::None };
    Ok(Box::new(Store { database, durability }))
}

impl Store {
    fn begin_write(&self) -> Result<WriteTransaction> {
        let mut write = self.database.begin_write()?;
        write.set_durability(self.durability)?;
        Ok(write)
    }
}

impl Engine for Store {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        let write = self.begin_write()?;
        write.open_table(TABLE)?.insert(key, value)?;
        Ok(write.commit()?)
    }

    fn put_batch(&self, entries: &[Entry]) -> Result<()> {
        let write = self.begin_write()?;
        let mut table = write.open_table(TABLE)?;
        for (key, value) in entries {
            table.insert(&key[..], &value[..])?;
        }
        drop(table);
        Ok(write.commit()?)
    }

    fn delete(&self, key: &[u8]) -> Result<()> {
        let write = self.begin_write()?;
        write.open_table(TABLE)?.remove(key)?;
        Ok(write.commit()?)
    }

    fn get(&self, key: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        out.clear();
        // The table keeps the read alive for as long as the value is used, which the value
        // itself does not.
        let table = self.database.begin_read()?.open_table(TABLE)?;
        let found = table.get(key)?;
        found.iter().for_each(|value| out.extend_from_slice(value.value()));
        Ok(found.is_some())
    }

    fn scan(&self, from: &[u8], most: usize, visit: &mut Visit) -> Result<()> {
        let table = self.database.begin_read()?.open_table(TABLE)?;
        for entry in table.range(from..)?.take(most) {
            let (key, value) = entry?;
            visit(key.value(), value.value())?;
        }
        Ok(())
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
