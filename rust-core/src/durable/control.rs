//! What the user asks of a durable storage: syncs, flushes, checkpoints, the
//! close. A storage in memory has nothing to do for any of them.

use super::{Durability, Durable, Workers};
use crate::error::{Error, Result};
use crate::storage::{Core, Stats};
use crate::sync::lock;
use crossbeam_epoch as epoch;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

impl Durable {
    /// Starts the background threads of a core.
    pub(crate) fn start_workers(core: &Arc<Core>) -> Result<()> {
        Workers::start(core)
    }

    /// Fills in the figures of a durable storage.
    pub(crate) fn tell(&self, core: &Core, stats: &mut Stats) {
        let progress = &self.progress;
        let mut on_disk = 0u64;
        for level in self.segments.tree(&epoch::pin()).stats() {
            stats.segments += level.segments;
            stats.segment_bytes += level.bytes;
            // A tombstone hides an entry further down, if things went well.
            on_disk += level.entries.saturating_sub(2 * level.tombstones);
        }
        if !self.is_complete() {
            stats.keys_estimated = 1;
            stats.keys = stats.keys.max(on_disk);
        }
        let compactions = self.compactor.stats();
        stats.writes_failed = u64::from(self.wal.failure().is_some());
        stats.log_bytes = self.wal.live_bytes();
        stats.disk_bytes = self.wal.disk_bytes() + self.segments.disk_bytes();
        stats.durable_sequence = self.wal.durable();
        stats.dirty_bytes = self.dirty_bytes(core);
        stats.flushes = progress.flushes.load(Relaxed);
        stats.flushed_bytes = progress.flushed_bytes.load(Relaxed);
        stats.compactions = compactions.merges;
        stats.compacted_bytes = compactions.written;
        stats.stalled_nanos = self.throttle.waited_nanos();
        stats.recovered_records = progress.recovered_records;
        stats.recovered_bytes = progress.recovered_bytes;
        stats.torn_bytes = self.torn.as_ref().map_or(0, |torn| torn.bytes);
        stats.memory_limit = self.memory_limit;
        let blocks = self.segments.blocks().stats();
        stats.block_cache_hits = blocks.hits;
        stats.block_cache_misses = blocks.misses;
        stats.block_cache_bytes = blocks.bytes;
        stats.pinned_bytes = self.segments.pinned_bytes();
        stats.background_errors = progress.troubles.load(Relaxed);
    }
}

impl Core {
    /// The rest of a writer that is to try again. The caller is not pinned.
    #[cold]
    pub(crate) fn rest_of_writer(&self) {
        const REST: Duration = Duration::from_millis(1);
        std::thread::sleep(REST);
        if let Some(durable) = &self.durable {
            durable.throttle.note_wait(REST);
        }
        if let Some(budget) = &self.budget {
            budget.note_wait(REST);
        }
    }

    /// Waits until a write is as durable as it asked to be, and returns its
    /// sequence number. The caller is not pinned.
    #[inline]
    pub(crate) fn wait_durable(&self, sequence: u64, durability: Durability) -> Result<u64> {
        match &self.durable {
            Some(durable) if durable.level(durability) == Durability::Sync => {
                durable.sync_log(self, sequence)?;
                Ok(sequence)
            }
            _ => Ok(sequence),
        }
    }

    /// Makes every write up to a sequence durable, or for 0 all that are committed,
    /// and returns the newest durable sequence. A sequence that no write has yet stands for
    /// the newest. Only for 0 are those concerned that were not logged: they are flushed.
    /// The caller is not pinned.
    pub(crate) fn sync(&self, sequence: u64) -> Result<u64> {
        let visible = self.sequencer.visible();
        let Some(durable) = &self.durable else { return Ok(visible) };
        match sequence {
            0 if durable.has_unlogged() => {
                self.flush_dirty(durable)?;
                Ok(visible)
            }
            0 => durable.sync_log(self, visible),
            sequence => durable.sync_log(self, sequence.min(visible)),
        }
    }

    /// Flushes what is committed by now.
    pub(crate) fn flush(&self) -> Result<()> {
        match &self.durable {
            Some(durable) => self.flush_dirty(durable),
            None => Ok(()),
        }
    }

    /// Flushes, and compacts until there is nothing left to gain.
    pub(crate) fn compact(&self) -> Result<()> {
        let Some(durable) = &self.durable else { return Ok(()) };
        // The flush has the log go on in the next file, which is a short one then.
        durable.wal.trim()?;
        self.flush_dirty(durable)?;
        while durable.compact_eagerly(self)? {}
        durable.wal.trim()
    }

    /// Makes a copy in another directory, of everything that is committed by now.
    pub(crate) fn checkpoint(&self, dir: &Path) -> Result<()> {
        let Some(durable) = &self.durable else {
            return Err(Error::InvalidArgument("a database in memory has no files to share"));
        };
        self.flush_dirty(durable)?;
        durable.segments.checkpoint(dir).map(drop)
    }

    /// What went wrong last in the background.
    pub(crate) fn background_error(&self) -> Option<Error> {
        self.durable.as_ref().and_then(Durable::trouble)
    }

    /// How often something went wrong in the background.
    pub(crate) fn background_failures(&self) -> u64 {
        self.durable.as_ref().map_or(0, |durable| durable.progress.troubles.load(Relaxed))
    }

    /// Ends the background work, makes durable what is not, and unlocks the
    /// directory, also after an error. Once; later calls do nothing.
    ///
    /// It is an error if something that was acknowledged could not be made
    /// durable, and any other failure to write that comes up now. If the log had
    /// failed before, everybody was told by [`Error::WritesFailed`]; that is
    /// returned again only if something may be lost that had been acknowledged by
    /// then without waiting for the disk.
    pub(crate) fn shut_down(&self) -> Result<()> {
        let Some(durable) = &self.durable else { return Ok(()) };
        durable.compactor.close();
        durable.workers.stop();
        let Some(unlocked) = lock(&durable.lock).take() else { return Ok(()) };
        let flushed = self.last_flush(durable);
        let closed = durable.close_log(self);
        // A flush or a round that a caller began still changes the directory.
        drop(lock(&durable.flushing));
        durable.compactor.wait_closed();
        durable.segments.leave();
        drop(unlocked);
        flushed.and(closed)
    }

    /// Comes after everything that others did who had the core. The last drop of an
    /// `Arc` does so too, by a fence; that ThreadSanitizer does not see, and what is freed
    /// goes round in a pool, where it would take the next use for a race.
    pub(crate) fn follow_others(&self) {
        self.snapshots.is_any_open();
        if let Some(durable) = &self.durable {
            drop(lock(&durable.flushing));
        }
    }

    /// Flushes what a close would lose otherwise, and what would be much to
    /// recover from the log; that this fails costs nothing but time.
    fn last_flush(&self, durable: &Durable) -> Result<()> {
        let must = durable.has_unlogged();
        if !must && !durable.has_many_log_files() {
            return Ok(());
        }
        match self.flush_dirty(durable) {
            Err(error) if !must => {
                durable.note_trouble(&error);
                Ok(())
            }
            flushed => flushed,
        }
    }
}

impl Durable {
    /// Makes the log durable up to a sequence. A failure that the log does not
    /// get over is told as such to whoever comes upon it, too.
    fn sync_log(&self, core: &Core, sequence: u64) -> Result<u64> {
        let synced = self.wal.sync(&core.sequencer, sequence);
        synced.map_err(|error| self.wal.failure().unwrap_or(error))
    }

    /// Syncs the log and ends it. See [`Core::shut_down`] for what is an error.
    fn close_log(&self, core: &Core) -> Result<()> {
        let had_failed = self.wal.failure().is_some();
        let closed = self.wal.close(&core.sequencer);
        let safe = self.wal.durable().max(self.segments.flushed());
        let lost = self.took_buffered() && safe < core.sequencer.visible();
        match closed {
            Err(_) if had_failed && !lost => Ok(()),
            closed => closed,
        }
    }
}
