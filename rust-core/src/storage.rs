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

mod core;
mod modify;
mod options;
mod read;
mod snapshot;
mod stats;
pub(crate) mod structure;
mod transact;
mod write;

pub(crate) use core::Core;
pub use modify::{Expected, Modification, Modified};
pub use options::{Options, Prefix};
pub use snapshot::Snapshot;
pub use stats::Stats;

use crate::durable::{Durability, Durable};
use crate::error::{Error, Result};
use crate::fs::{self, FileSystem};
use crate::janitor::Janitor;
use crate::limits::{check_key, check_value};
use crate::memtable::Record;
use crate::segment::Compression;
use crate::stats::Counter;
use crate::threads;
use crossbeam_epoch as epoch;
use std::path::Path;
use std::sync::Arc;

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
        threads::spawn("mantisdb-janitor", move || janitor.run_guarded())?;
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

    /// As [`Storage::sync`], but for the writes of [`Durability::Memory`], which are not in
    /// the log.
    pub fn sync_log(&self) -> Result<u64> {
        self.core.sync(u64::MAX)
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
