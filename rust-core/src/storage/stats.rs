//! What a storage tells of itself.

/// Figures of one moment. Counters count since open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Stats {
    /// Live keys; expired ones count until they are reclaimed.
    pub keys: u64,
    /// Bytes of entries, versions and indexes.
    pub memory_bytes: u64,
    /// The newest visible sequence number.
    pub last_sequence: u64,
    /// Snapshots that are open.
    pub open_snapshots: u64,
    /// Keys looked up.
    pub gets: u64,
    /// Of those, found.
    pub get_hits: u64,
    /// Values written.
    pub puts: u64,
    /// Deletions of keys written.
    pub deletes: u64,
    /// Batches applied.
    pub batches: u64,
    /// Scans begun.
    pub scans: u64,
    /// Entries that scans yielded.
    pub scan_keys: u64,
    /// Entries reclaimed after expiry.
    pub expired: u64,
    /// Entries reclaimed after deletion.
    pub reclaimed: u64,
    /// Bytes that the allocator holds from the system; 0 if it cannot tell.
    pub allocator_bytes: u64,
    /// 1 if [`Stats::keys`] is an estimate: not all keys are in memory.
    pub keys_estimated: u64,
    /// Bytes of all files of the data directory, those below included.
    pub disk_bytes: u64,
    /// Bytes of the log that recovery would read.
    pub log_bytes: u64,
    /// Segments.
    pub segments: u64,
    /// Bytes of the segments.
    pub segment_bytes: u64,
    /// The newest sequence number up to which every logged write is on disk.
    pub durable_sequence: u64,
    /// Bytes of versions that were written since the last flush began.
    pub dirty_bytes: u64,
    /// Flushes done.
    pub flushes: u64,
    /// Bytes of segments that flushes wrote.
    pub flushed_bytes: u64,
    /// Compactions done.
    pub compactions: u64,
    /// Bytes of segments that compactions wrote.
    pub compacted_bytes: u64,
    /// Nanoseconds that writers waited for flushes, compactions, evictions and files of the log,
    /// in sum.
    pub stalled_nanos: u64,
    /// Entries that left memory for its budget.
    pub evicted: u64,
    /// Records that recovery read from the log when the storage was opened.
    pub recovered_records: u64,
    /// Bytes of those records.
    pub recovered_bytes: u64,
    /// Bytes that recovery dropped at the end of the log: a write that was under
    /// way when the process or the power went.
    pub torn_bytes: u64,
    /// [`Options::memory_limit`].
    pub memory_limit: u64,
    /// Flushes, compactions and the like that failed, and are tried again.
    pub background_errors: u64,
    /// Deletions of ranges written.
    pub range_deletes: u64,
    /// Blocks of segments that were found decompressed in the cache.
    pub block_cache_hits: u64,
    /// Blocks that were not, and had to be decompressed. What is stored uncompressed is
    /// read in place, and counts as neither.
    pub block_cache_misses: u64,
    /// Bytes that the cache of blocks takes.
    pub block_cache_bytes: u64,
    /// Bytes of filters and indexes of segments that are locked into memory.
    pub pinned_bytes: u64,
    /// The sequence number of the oldest snapshot that is open; 0 if none is.
    pub oldest_snapshot: u64,
    /// 1 if no more writes are accepted, since a write or a sync of the log failed.
    pub writes_failed: u64,
}
