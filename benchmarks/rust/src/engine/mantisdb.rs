//! MantisDB's core, as a Rust program calls it.

use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use mantisdb_core::{Durability, Options, Range, Storage, WriteBatch};

use super::budget::mebibytes;
use super::{Config, Engine, Entry, Kind, Visit};
use crate::Result;

/// The core with its defaults; it splits its memory limit by itself.
pub const KIND: Kind = Kind {
    name: "mantisdb-core",
    package: None,
    in_memory: true,
    settings: |config| match config.dir {
        Some(_) => format!("memory limit {}, LZ4", mebibytes(memory_limit(config))),
        None => "in memory, no limit".into(),
    },
    open,
};

/// The core's write buffer is at most a part of its memory limit, one in so many.
const WRITE_BUFFER_PART: u64 = 4;

/// The budget, or what holds the writes that are to stay in the log.
fn memory_limit(config: &Config) -> u64 {
    config.limit.max(WRITE_BUFFER_PART * config.write_buffer)
}

struct Store(Storage);

fn open(config: &Config) -> Result<Box<dyn Engine>> {
    let Some(dir) = &config.dir else {
        return Ok(Box::new(Store(Storage::open()?)));
    };
    let options = Options {
        durability: if config.sync { Durability::Sync } else { Durability::Buffered },
        memory_limit: memory_limit(config),
        write_buffer: config.write_buffer,
        ..Options::default()
    };
    Ok(Box::new(Store(Storage::open_dir(dir, options)?)))
}

/// When what is put now for a time ends, in Unix milliseconds.
fn expiry(ttl: Duration) -> Result<u64> {
    let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)? + ttl;
    Ok(u64::try_from(at.as_millis())?)
}

impl Engine for Store {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        self.0.put(key, value, 0)?;
        Ok(())
    }

    fn put_batch(&self, entries: &[Entry]) -> Result<()> {
        let mut batch = WriteBatch::new();
        for (key, value) in entries {
            batch.put(key, value, 0)?;
        }
        self.0.write(batch.packed())?;
        Ok(())
    }

    fn put_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) -> Result<()> {
        self.0.put(key, value, expiry(ttl)?)?;
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<()> {
        self.0.delete(key)?;
        Ok(())
    }

    fn get(&self, key: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        out.clear();
        Ok(self.0.get(key, |value| out.extend_from_slice(value.bytes))?.is_some())
    }

    fn scan(&self, from: &[u8], most: usize, visit: &mut Visit) -> Result<()> {
        let range = Range { start: Some(from), ..Range::default() };
        let (mut left, mut refused) = (most, Ok(()));
        self.0.snapshot()?.scan(&range, |entry| {
            refused = visit(entry.key, entry.value);
            left -= 1;
            match left == 0 || refused.is_err() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        refused
    }

    fn sync_log(&self) -> Result<()> {
        self.0.sync()?;
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        Ok(self.0.compact()?)
    }
}
