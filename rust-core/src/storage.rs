//! The storage: an ordered map from keys to values with versions.
//!
//! # Order
//! Every write has a sequence number, and all readers agree that writes happen
//! in that order (see [`crate::sequence`]). A write returns when it is visible.
//! A batch takes a range of numbers that becomes visible at once. Conditional
//! writes wait until all earlier numbers are visible before they judge.
//!
//! # Reclamation
//! A write drops the versions that it supersedes, unless an open [`Snapshot`]
//! needs them. Dead entries are removed by the janitor in the background.
//!
//! # Durability
//! A storage in a directory also has a log and segments, see
//! [`crate::durable`]. Both kinds read and write by the same code.

mod modify;
mod read;
mod snapshot;
mod transact;
mod write;

pub use modify::{Expected, Modification, Modified};
pub use snapshot::Snapshot;

use crate::budget::Budget;
use crate::clock::Clock;
use crate::durable::{Durability, Durable, Recovery};
use crate::error::{Error, Result};
use crate::feed::Feed;
use crate::fs::{self, FileSystem};
use crate::janitor::{Janitor, Mailbox};
use crate::limits::{check_key, check_value};
use crate::memtable::{COUNTED_HITS, Memtable, Record};
use crate::segment::Compression;
use crate::sequence::Sequencer;
use crate::snapshot::Snapshots;
use crate::stats::{Counter, Counters};
use crossbeam_epoch as epoch;
use std::path::Path;
use std::sync::Arc;

/// What keys begin with: up to 16 bytes, none of no key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prefix {
    bytes: [u8; 16],
    len: u8,
}

impl Prefix {
    /// The prefix of so many bytes.
    pub fn new(prefix: &[u8]) -> Result<Self> {
        let mut bytes = [0; 16];
        let place = bytes.get_mut(..prefix.len());
        place.ok_or(Error::InvalidArgument("a prefix of over 16 bytes"))?.copy_from_slice(prefix);
        Ok(Self { bytes, len: prefix.len() as u8 })
    }

    /// Whether a key begins with it.
    pub(crate) fn begins(&self, key: &[u8]) -> bool {
        self.len != 0 && key.starts_with(&self.bytes[..self.len.into()])
    }
}

/// How to open a storage. The zero value of each is a good choice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// How many keys the hash index has room for from the start. It grows in any
    /// case; this spares the copying when the number is known.
    pub expected_keys: usize,
    /// When writes count as done that do not say it themselves.
    pub durability: Durability,
    /// Bytes that the storage may take in memory; 0 for any number. In a directory, what
    /// has no room is read from there. In memory alone, the storage becomes a cache: when
    /// it is full, live entries leave for good, which a policy chooses; the least limit is
    /// 1 MiB.
    pub memory_limit: u64,
    /// The keys that never leave a cache: those that begin with it.
    pub pinned: Prefix,
    /// Bytes of new versions after which they are flushed to a segment; 0 for 64
    /// MiB. It is at most a quarter of the memory limit.
    pub write_buffer: u64,
    /// How segments are compressed.
    pub compression: Compression,
    /// Bytes of a log file; 0 for 64 MiB.
    pub log_file_len: u64,
    /// Bytes of changes that are kept in memory while somebody watches; 0 for 16 MiB.
    /// It is at most a sixteenth of the memory limit.
    pub watch_buffer: u64,
    /// Bytes of blocks of segments that are kept decompressed, within the memory limit;
    /// `None` for an eighth of that, or 128 MiB if there is none. It is at most a quarter
    /// of the limit, and none below 256 KiB. Nothing is taken before the first compressed
    /// block is read.
    pub block_cache: Option<u64>,
}

/// A value as a read finds it; its bytes are borrowed during the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueRef<'a> {
    /// The value's bytes.
    pub bytes: &'a [u8],
    /// The sequence number of the write.
    pub sequence: u64,
    /// Unix milliseconds; 0 for never.
    pub expires_at: u64,
}

/// How a conditional write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutIfAbsent {
    /// The value was stored under this sequence number.
    Stored(u64),
    /// The key has a live value; nothing was written.
    Exists,
}

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
    /// Nanoseconds that writers waited for flushes, compactions and evictions, in sum.
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
}

/// What a storage consists of, shared with its snapshots and its threads.
pub(crate) struct Core {
    pub(crate) sequencer: Sequencer,
    pub(crate) snapshots: Snapshots,
    pub(crate) clock: Clock,
    pub(crate) counters: Counters,
    pub(crate) memtable: Memtable,
    pub(crate) mailbox: Mailbox,
    pub(crate) feed: Feed,
    /// The log and the segments; none for a storage in memory only.
    pub(crate) durable: Option<Durable>,
    /// The memory limit of a storage in memory only, if it has one.
    pub(crate) budget: Option<Budget>,
    /// Up to where reads count in an entry, for those who look for cold ones; 0 if nobody
    /// does.
    pub(crate) counted_hits: u8,
}

/// An open storage, in memory or in a directory. It may be used from any number
/// of threads.
///
/// Dropping it closes it: what is buffered is made durable, the directory is
/// unlocked. Memory is freed in the background, once the last [`Snapshot`] is gone
/// too.
pub struct Storage {
    core: Arc<Core>,
}

impl Storage {
    /// Opens an empty storage in memory with the default options.
    pub fn open() -> Result<Self> {
        Self::open_with(Options::default())
    }

    /// Opens an empty storage in memory.
    pub fn open_with(options: Options) -> Result<Self> {
        Self::start(Core::in_memory(options)?)
    }

    /// Opens the storage in a directory, which is made if there is none. Only one
    /// may be open in a directory at a time.
    pub fn open_dir(dir: &Path, options: Options) -> Result<Self> {
        Self::open_on(Arc::new(fs::Disk), dir, options)
    }

    /// Opens the storage in a directory of a file system.
    pub fn open_on(fs: Arc<dyn FileSystem>, dir: &Path, options: Options) -> Result<Self> {
        Self::start(Core::in_dir(fs, dir, options)?)
    }

    fn start(core: Core) -> Result<Self> {
        let storage = Self { core: Arc::new(core) };
        let janitor = Janitor::new(Arc::clone(&storage.core));
        std::thread::Builder::new()
            .name("mantisdb-janitor".into())
            .spawn(move || janitor.run_guarded())
            .map_err(|e| Error::ThreadSpawn(e.to_string()))?;
        Durable::start_workers(&storage.core)?;
        Ok(storage)
    }

    /// A storage in memory whose janitor is stepped by hand.
    #[cfg(all(test, feature = "shuttle"))]
    pub(crate) fn open_stepped(options: Options) -> Result<(Self, Janitor)> {
        let core = Arc::new(Core::in_memory(options)?);
        let janitor = Janitor::new(Arc::clone(&core));
        Ok((Self { core }, janitor))
    }

    /// What this storage shares with its snapshots and threads.
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Reads the newest value of `key` and gives it to `read`; `None` if there
    /// is none.
    #[inline]
    pub fn get<R>(&self, key: &[u8], read: impl FnOnce(ValueRef<'_>) -> R) -> Result<Option<R>> {
        check_key(key)?;
        self.core.get(key, read)
    }

    /// The newest value of `key`, copied.
    pub fn get_vec(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.get(key, |value| value.bytes.to_vec())
    }

    /// Reads many keys as of one moment; `each` receives every key's place in
    /// `keys` and its value, in that order, once.
    ///
    /// Most calls take one pass under no snapshot. If a key's version of that
    /// moment may have been dropped in between, `restart` is called, and all
    /// keys are read again under a snapshot.
    pub fn multi_get<T>(
        &self,
        keys: &[&[u8]],
        target: &mut T,
        mut each: impl FnMut(&mut T, usize, Option<ValueRef<'_>>),
        mut restart: impl FnMut(&mut T),
    ) -> Result<()> {
        keys.iter().try_for_each(|key| check_key(key))?;
        let guard = &epoch::pin();
        if self.core.multi_get_at_once(keys, guard, |i, v| each(target, i, v))? {
            return Ok(());
        }
        restart(target);
        let snapshot = self.snapshot()?;
        for (i, key) in keys.iter().enumerate() {
            let found =
                self.core.get_at(snapshot.sequence, key, guard, |v| each(target, i, Some(v)))?;
            if found.is_none() {
                each(target, i, None);
            }
        }
        Ok(())
    }

    /// Stores `value` under `key` until `expires_at` (Unix milliseconds, 0 for
    /// never), and returns the write's sequence number once it is as durable as
    /// the storage was opened for.
    #[inline]
    pub fn put(&self, key: &[u8], value: &[u8], expires_at: u64) -> Result<u64> {
        self.put_with(key, value, expires_at, Durability::Default)
    }

    /// As [`Storage::put`], as durable as is asked for.
    #[inline]
    pub fn put_with(
        &self,
        key: &[u8],
        value: &[u8],
        expires_at: u64,
        durability: Durability,
    ) -> Result<u64> {
        let sequence = self.in_time(|| self.put_visible(key, value, expires_at, durability))?;
        self.core.wait_durable(sequence, durability)
    }

    /// Stores `value` under `key` if the key has no live value.
    pub fn put_if_absent(&self, key: &[u8], value: &[u8], expires_at: u64) -> Result<PutIfAbsent> {
        let put = || self.put_if_absent_visible(key, value, expires_at, Durability::Default);
        let end = self.in_time(put)?;
        if let PutIfAbsent::Stored(sequence) = end {
            self.core.wait_durable(sequence, Durability::Default)?;
        }
        Ok(end)
    }

    /// Changes the value of `key` in one step, and gives the value before, if it
    /// was there, to `before`; that may be called more than once, and the last
    /// call counts. Later writes wait for it meanwhile, so it must not write to the
    /// storage; if it panics, the storage is poisoned.
    pub fn modify(
        &self,
        key: &[u8],
        modification: &Modification<'_>,
        before: impl FnMut(Option<ValueRef<'_>>),
    ) -> Result<Modified> {
        self.modify_with(key, modification, Durability::Default, before)
    }

    /// As [`Storage::modify`], as durable as is asked for.
    pub fn modify_with(
        &self,
        key: &[u8],
        modification: &Modification<'_>,
        durability: Durability,
        mut before: impl FnMut(Option<ValueRef<'_>>),
    ) -> Result<Modified> {
        let modified = loop {
            match self.modify_visible(key, modification, durability, &mut before) {
                Err(Error::Busy) => self.core.rest_of_writer(),
                done => break done?,
            }
        };
        if modified.sequence != 0 {
            self.core.wait_durable(modified.sequence, durability)?;
        }
        Ok(modified)
    }

    /// Removes `key`, which need not exist, and returns the write's sequence
    /// number.
    pub fn delete(&self, key: &[u8]) -> Result<u64> {
        self.delete_with(key, Durability::Default)
    }

    /// As [`Storage::delete`], as durable as is asked for.
    pub fn delete_with(&self, key: &[u8], durability: Durability) -> Result<u64> {
        let sequence = self.in_time(|| self.delete_visible(key, durability))?;
        self.core.wait_durable(sequence, durability)
    }

    /// Applies a packed batch (see [`crate::batch`]), whole or not at all, and
    /// returns the sequence number of its last operation; 0 for an empty one.
    pub fn write(&self, packed: &[u8]) -> Result<u64> {
        self.write_with(packed, Durability::Default)
    }

    /// As [`Storage::write`], as durable as is asked for.
    pub fn write_with(&self, packed: &[u8], durability: Durability) -> Result<u64> {
        let sequence = self.in_time(|| self.write_visible(packed, durability))?;
        self.core.wait_durable(sequence, durability)
    }

    /// Tries a write again as long as it is to wait.
    #[inline]
    fn in_time<R>(&self, write: impl Fn() -> Result<R>) -> Result<R> {
        loop {
            match write() {
                Err(Error::Busy) => self.core.rest_of_writer(),
                done => return done,
            }
        }
    }

    /// As [`Storage::put_with`], but returns once the write is visible, durable or
    /// not; or with [`Error::Busy`].
    #[inline]
    pub(crate) fn put_visible(
        &self,
        key: &[u8],
        value: &[u8],
        expires_at: u64,
        durability: Durability,
    ) -> Result<u64> {
        check_key(key)?;
        check_value(value)?;
        self.core.put(key, value, expires_at, durability)
    }

    /// As [`Storage::put_visible`], for [`Storage::put_if_absent`].
    pub(crate) fn put_if_absent_visible(
        &self,
        key: &[u8],
        value: &[u8],
        expires_at: u64,
        durability: Durability,
    ) -> Result<PutIfAbsent> {
        check_key(key)?;
        check_value(value)?;
        self.core.put_if_absent(key, value, expires_at, durability)
    }

    /// As [`Storage::put_visible`], for [`Storage::modify`].
    pub(crate) fn modify_visible(
        &self,
        key: &[u8],
        modification: &Modification<'_>,
        durability: Durability,
        before: impl FnMut(Option<ValueRef<'_>>),
    ) -> Result<Modified> {
        check_key(key)?;
        self.core.modify(key, modification, durability, before)
    }

    /// As [`Storage::put_visible`], for [`Storage::delete_with`].
    pub(crate) fn delete_visible(&self, key: &[u8], durability: Durability) -> Result<u64> {
        check_key(key)?;
        self.core.delete(key, durability)
    }

    /// As [`Storage::put_visible`], for [`Storage::write_with`].
    pub(crate) fn write_visible(&self, packed: &[u8], durability: Durability) -> Result<u64> {
        self.core.write(packed, durability)
    }

    /// Freezes the state as of the call.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let sequence = self.core.snapshots.open(&self.core.sequencer)?;
        Ok(Snapshot { core: Arc::clone(&self.core), sequence })
    }

    /// Makes every write that was acknowledged so far durable, and returns the
    /// newest durable sequence number. Nothing is to be done in memory.
    pub fn sync(&self) -> Result<u64> {
        self.core.sync(0)
    }

    /// Writes what the log holds into segments, so that the log may go.
    pub fn flush(&self) -> Result<()> {
        self.core.flush()
    }

    /// Flushes, and then compacts until there is nothing left to gain.
    pub fn compact(&self) -> Result<()> {
        self.core.compact()
    }

    /// Sets how the blocks of segments are compressed that hold keys with a prefix, from
    /// the next flush or compaction on; `None` is as those of all other keys. It is not
    /// stored: it holds until the storage is closed. No such prefix may begin with
    /// another one. In memory it makes no difference.
    pub fn set_compression(&self, prefix: &[u8], compression: Option<Compression>) -> Result<()> {
        check_key(prefix)?;
        if let Some(durable) = &self.core.durable {
            durable.segments.set_compression(prefix, compression);
        }
        Ok(())
    }

    /// Makes a copy of the storage as of now in another directory, which must not
    /// exist or be empty. Files are shared by hard links where that is possible.
    /// Writes go on meanwhile.
    pub fn checkpoint(&self, dir: &Path) -> Result<()> {
        self.core.checkpoint(dir)
    }

    /// What went wrong last in the background: a flush, a compaction. It is tried
    /// again.
    pub fn background_error(&self) -> Option<Error> {
        self.core.background_error()
    }

    /// How often something went wrong in the background.
    pub(crate) fn background_failures(&self) -> u64 {
        self.core.background_failures()
    }

    /// Takes lookups back from the counts: those whose answers did not reach the
    /// caller, who will ask again.
    pub(crate) fn uncount_gets(&self, keys: u64, hits: u64) {
        let stripe = self.core.counters.mine();
        stripe.sub(Counter::Hits, hits);
        stripe.sub(Counter::Misses, keys - hits);
    }

    /// Figures of this moment.
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }

    /// Ends the background work, makes durable what is buffered, and unlocks the
    /// directory, also after an error: then something acknowledged may be lost,
    /// see [`Core::shut_down`]. Once; later calls do nothing. No other call may be
    /// in flight but reads. The janitor frees everything once nobody uses it any
    /// more.
    pub(crate) fn close(&self) -> Result<()> {
        self.core.mailbox.close();
        self.core.shut_down()
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        // Who drops it without closing it cannot be told.
        let _ = self.close();
    }
}

impl<'a> From<Record<'a>> for ValueRef<'a> {
    #[inline]
    fn from(record: Record<'a>) -> Self {
        Self { bytes: record.value(), sequence: record.sequence(), expires_at: record.expires_at() }
    }
}

impl Core {
    fn in_memory(options: Options) -> Result<Self> {
        let Options { expected_keys, memory_limit, pinned, .. } = options;
        if memory_limit == 0 {
            return Ok(Self::with(Memtable::new(expected_keys)?, Counters::new(), options));
        }
        let counters = Counters::new().with_retired();
        let budget = Budget::new(memory_limit, counters.stripes())?;
        let memtable = Memtable::with_budget(expected_keys, budget.capacity(), pinned)?;
        let mut core = Self::with(memtable, counters, options);
        core.budget = Some(budget);
        core.counted_hits = COUNTED_HITS;
        Ok(core)
    }

    fn with(memtable: Memtable, counters: Counters, options: Options) -> Self {
        Self {
            sequencer: Sequencer::new(),
            snapshots: Snapshots::new(),
            clock: Clock::new(),
            counters,
            memtable,
            mailbox: Mailbox::default(),
            feed: Feed::new(options.watch_buffer, options.memory_limit),
            durable: None,
            budget: None,
            counted_hits: 0,
        }
    }

    fn in_dir(fs: Arc<dyn FileSystem>, dir: &Path, options: Options) -> Result<Self> {
        let memtable = Memtable::new(options.expected_keys)?;
        let mut core = Self::with(memtable, Counters::new(), options);
        let recovery = Recovery::new(&core.memtable, &core.counters);
        let (durable, last) = Durable::open(fs, dir, &options, &recovery)?;
        core.sequencer = Sequencer::after(last);
        core.counted_hits = u8::from(options.memory_limit != 0);
        core.durable = Some(durable);
        if core.memtable.deletions.load(&epoch::pin()).is_some() {
            // Until they are flushed, what they delete takes memory, and counts.
            core.note_dead();
        }
        Ok(core)
    }

    /// Bytes of entries, versions and indexes, and of all else that a budget counts.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let index = self.memtable.index_bytes(&epoch::pin()) as u64;
        let beside = self.budget.as_ref().map_or(0, |budget| budget.beside(self));
        self.counters.sum(Counter::DataBytes) + index + beside
    }

    fn stats(&self) -> Stats {
        let sum = |counter| self.counters.sum(counter);
        let hits = sum(Counter::Hits);
        let mut stats = Stats {
            keys: sum(Counter::Keys),
            memory_bytes: self.memory_bytes(),
            last_sequence: self.sequencer.visible(),
            open_snapshots: self.snapshots.count(),
            gets: hits + sum(Counter::Misses),
            get_hits: hits,
            puts: sum(Counter::Puts),
            deletes: sum(Counter::Deletes),
            batches: sum(Counter::Batches),
            scans: sum(Counter::Scans),
            scan_keys: sum(Counter::ScanKeys),
            expired: sum(Counter::Expired),
            reclaimed: sum(Counter::Reclaimed),
            allocator_bytes: crate::allocator::committed_bytes(),
            evicted: sum(Counter::Evicted),
            range_deletes: sum(Counter::RangeDeletes),
            ..Stats::default()
        };
        if let Some(durable) = &self.durable {
            durable.tell(self, &mut stats);
        }
        if let Some(budget) = &self.budget {
            stats.memory_limit = budget.limit;
            stats.stalled_nanos = budget.waited_nanos();
        }
        stats
    }
}
