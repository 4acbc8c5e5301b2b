//! RocksDB, with what its authors advise for point reads.

use std::path::Path;

use rocksdb::{
    BlockBasedOptions, BottommostLevelCompaction, Cache, CompactOptions, DB, DBCompressionType,
    Env, Options, WaitForCompactOptions, WriteBatch, WriteOptions,
};

use super::budget::{Budget, WRITE_BUFFERS};
use super::{Config, Engine, Entry, Kind, Visit};
use crate::Result;

/// RocksDB with LZ4 on every level, bloom filters, and its lock-free cache.
pub const KIND: Kind = Kind {
    name: "rocksdb",
    package: Some("librocksdb-sys"),
    in_memory: true,
    settings: |config| {
        let (place, compression) = match config.dir {
            Some(_) => ("", "LZ4"),
            None => ("in memory by NewMemEnv, no log, ", "no compression"),
        };
        format!(
            "{place}{}, {compression}, bloom filters of 10 bits, HyperClockCache, indexes in the cache",
            Budget::of(config)
        )
    },
    open,
};

struct Store {
    db: DB,
    write: WriteOptions,
}

fn open(config: &Config) -> Result<Box<dyn Engine>> {
    let budget = Budget::of(config);
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&Cache::new_hyper_clock_cache(usize::try_from(budget.cache)?, 0));
    table.set_bloom_filter(10.0, false);
    // Indexes and filters count against the budget.
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_size(usize::try_from(budget.buffer)?);
    options.set_max_write_buffer_number(WRITE_BUFFERS as i32);
    let mut write = WriteOptions::default();
    let dir = match &config.dir {
        Some(dir) => {
            options.set_compression_type(DBCompressionType::Lz4);
            write.set_sync(config.sync);
            dir
        }
        None => {
            options.set_env(&Env::mem_env()?);
            options.set_compression_type(DBCompressionType::None);
            write.disable_wal(true);
            Path::new("/memory") // a name in an environment of its own
        }
    };
    Ok(Box::new(Store { db: DB::open(&options, dir)?, write }))
}

impl Engine for Store {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        Ok(self.db.put_opt(key, value, &self.write)?)
    }

    fn put_batch(&self, entries: &[Entry]) -> Result<()> {
        let mut batch = WriteBatch::default();
        entries.iter().for_each(|(key, value)| batch.put(key, value));
        Ok(self.db.write_opt(batch, &self.write)?)
    }

    fn delete(&self, key: &[u8]) -> Result<()> {
        Ok(self.db.delete_opt(key, &self.write)?)
    }

    fn get(&self, key: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        out.clear();
        let found = self.db.get_pinned(key)?;
        found.iter().for_each(|value| out.extend_from_slice(value));
        Ok(found.is_some())
    }

    fn scan(&self, from: &[u8], most: usize, visit: &mut Visit) -> Result<()> {
        let mut entries = self.db.raw_iterator();
        entries.seek(from);
        for _ in 0..most {
            let Some((key, value)) = entries.item() else { break };
            visit(key, value)?;
            entries.next();
        }
        Ok(entries.status()?)
    }

    fn sync_log(&self) -> Result<()> {
        Ok(self.db.flush_wal(true)?)
    }

    fn settle(&mut self) -> Result<()> {
        self.db.flush()?;
        let mut all = CompactOptions::default();
        all.set_bottommost_level_compaction(BottommostLevelCompaction::ForceOptimized);
        self.db.compact_range_opt(None::<&[u8]>, None::<&[u8]>, &all);
        Ok(self.db.wait_for_compact(&WaitForCompactOptions::default())?)
    }
}
