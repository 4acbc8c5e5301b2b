//! Opening a data directory: the lock, the manifest with its segments, and the
//! log, whose records go into the memtable.

use super::{Durable, Progress, Recovery};
use crate::allocator::pool;
use crate::compaction::Compactor;
use crate::error::Result;
use crate::fs::FileSystem;
use crate::segment_store::SegmentStore;
use crate::storage::Options;
use crate::sync::Mutex;
use crate::underway::Underway;
use crate::wal::{Wal, WalOptions};
use crossbeam_epoch as epoch;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// The file that stands for the lock on a data directory.
pub(crate) const LOCK_FILE: &str = "LOCK";
/// Bytes of a log file.
const LOG_FILE_LEN: u64 = 64 << 20;

impl Durable {
    /// Opens a directory, and fills the memtable with what the log has beyond
    /// the segments. Returns the last sequence number too.
    pub(crate) fn open(
        fs: Arc<dyn FileSystem>,
        dir: &Path,
        options: &Options,
        recovery: &Recovery<'_>,
    ) -> Result<(Self, u64)> {
        fs.create_dir_all(dir)?;
        let lock = fs.lock(&dir.join(LOCK_FILE))?;
        let segments = Arc::new(SegmentStore::open(Arc::clone(&fs), dir, options.store_options())?);
        let flushed = segments.flushed();
        let (recovered, pushed) = recovery.run(&*fs, dir, flushed)?;
        let last = recovered.last_sequence.max(segments.last_sequence());
        let progress = Progress {
            recovered_records: recovered.records,
            recovered_bytes: recovered.bytes,
            ..Progress::default()
        };
        let torn = recovered.torn.clone();
        let wal_options = WalOptions {
            file_len: match options.log_file_len {
                // A log of few writes that hold up a flush is not to be longer
                // than what they would take in memory.
                0 => LOG_FILE_LEN.min(options.write_buffer_len().max(1 << 20)),
                len => len,
            },
        };
        let wal = Wal::start(Arc::clone(&fs), dir, recovered, wal_options)?;
        wal.release(flushed)?;
        let complete = segments.tree(&epoch::pin()).is_empty();
        let durable = Self {
            complete: AtomicBool::new(complete),
            may_evict: Arc::new(AtomicBool::new(!complete)),
            settled: Arc::new(AtomicU64::new(flushed)),
            durability: options.durability,
            write_buffer: options.write_buffer_len(),
            memory_limit: options.memory_limit,
            budget: options.budget(),
            _pool: pool::Share::new((options.memory_limit / 8) as usize),
            compactor: Compactor::new(Arc::clone(&segments), options.compaction_options()),
            lock: Mutex::new(Some(lock)),
            flush_underway: Underway::default(),
            flush_rate: AtomicU64::new(64 << 20),
            wal,
            segments,
            progress,
            torn,
            workers: Default::default(),
            dirty: Default::default(),
            flushing: Default::default(),
            flushes_fail_since: Default::default(),
            dead: Default::default(),
            unlogged: Default::default(),
            buffered: Default::default(),
            throttle: Default::default(),
            flushed_at: Default::default(),
            trouble: Default::default(),
        };
        pushed.into_iter().for_each(|entry| durable.dirty.push(entry));
        Ok((durable, last))
    }
}
