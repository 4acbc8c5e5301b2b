//! The durable half of a storage: the log, the segments, and what ties the
//! memtable to them.
//!
//! A version is *dirty* until a flush has put it into a segment; the flushed
//! sequence tells up to where that is so. Dirty entries are listed. An entry is
//! listed after its version was pushed and before that is visible, so a flush up
//! to a visible sequence finds all it needs in the list.
//!
//! # What may leave the memtable
//! An entry whose versions are all flushed may be removed: its newest version is
//! found in the segments from then on. But a reader that began before the flush
//! was installed may have the tree of before. So entries are removed only up to
//! the *settled* sequence, which follows the flushed one once every guard of that
//! time is gone. A reader that takes the tree and then looks into the memtable,
//! under one guard, in either order, misses nothing.
//!
//! While memory holds every live key (*complete*), reads need no tree at all. That
//! ends when the memory budget asks for live entries back.

mod control;
mod evict;
mod flush;
mod open;
mod recovery;
#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests;
mod throttle;
mod workers;

use crate::allocator::pool;
use crate::compaction::{self, CompactionOptions, Compactor};
use crate::error::{Error, Result};
use crate::fs::Lock;
use crate::memtable::Slot;
use crate::segment_store::{SegmentStore, StoreOptions};
use crate::stats::Counter;
use crate::storage::{Core, Options};
use crate::sync::{Mutex, lock};
use crate::underway::Underway;
use crate::wal::{Torn, Wal};
use crossbeam_epoch as epoch;
use crossbeam_queue::SegQueue;
pub(crate) use evict::Eviction;
pub(crate) use open::LOCK_FILE;
pub(crate) use recovery::Recovery;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::time::Duration;
use throttle::Throttle;
use workers::Workers;

/// When a write counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// As the database was opened with; there it means [`Durability::Sync`].
    #[default]
    Default = 0,
    /// Once it is on disk: it survives the loss of power.
    Sync = 1,
    /// Once the system has it: it survives the end of the process. It is on disk
    /// at most a second later.
    Buffered = 2,
    /// Once it is visible: it is lost with the process, unless it was flushed.
    Memory = 3,
}

/// See the module's text.
pub(crate) struct Durable {
    pub(crate) wal: Wal,
    pub(crate) segments: Arc<SegmentStore>,
    pub(crate) compactor: Compactor,
    workers: Workers,
    pub(crate) progress: Progress,
    durability: Durability,
    /// Bytes of new versions after which a flush begins.
    write_buffer: u64,
    /// Bytes that all may take; 0 for any number.
    pub(crate) memory_limit: u64,
    /// Bytes that the memtable and the cache of blocks may take of that.
    budget: u64,
    /// What is evicted is kept for what is written next.
    _pool: pool::Share,
    dirty: SegQueue<Dirty>,
    /// Held by the flush that runs.
    flushing: Mutex<()>,
    pub(crate) flush_underway: Underway<Flushing>,
    /// See the module's text. Shared with what the epoch runs.
    settled: Arc<AtomicU64>,
    complete: AtomicBool,
    /// Whether no reader takes memory for complete any more.
    may_evict: Arc<AtomicBool>,
    /// Since when no flush succeeds, by the throttle's clock; 0 if they do.
    flushes_fail_since: AtomicU64,
    /// Dirty entries are dead: only a flush lets them go.
    dead: AtomicBool,
    /// The greatest sequence of a write without a record.
    unlogged: AtomicU64,
    /// A write was acknowledged that is in the log and was not waited for.
    buffered: AtomicBool,
    pub(crate) throttle: Throttle,
    /// [`Counter::WrittenBytes`] when the last flush began.
    flushed_at: AtomicU64,
    /// What flushes have lately achieved, in bytes of versions a second.
    flush_rate: AtomicU64,
    lock: Mutex<Option<Box<dyn Lock>>>,
    /// What recovery dropped at the end of the log.
    pub(crate) torn: Option<Torn>,
    /// What went wrong last in the background or in a read.
    trouble: Mutex<Option<Error>>,
}

/// What the background work has done since open, and what recovery found.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) flushes: AtomicU64,
    pub(crate) flushed_bytes: AtomicU64,
    /// Errors that nobody was told of.
    pub(crate) troubles: AtomicU64,
    pub(crate) recovered_records: u64,
    pub(crate) recovered_bytes: u64,
}

/// A flush that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flushing {
    /// How many entries it took.
    pub(crate) entries: u64,
    /// Bytes of versions that were written since the flush before.
    pub(crate) bytes: u64,
    /// When it began, in Unix milliseconds.
    pub(crate) started: u64,
}

/// A listed entry. It stays valid: an entry that is marked as dirty is not
/// removed.
struct Dirty(*const ());

// SAFETY: the pointer is used by the flush only, see `Slot::from_raw`.
unsafe impl Send for Dirty {}

impl Durable {
    /// The level of a write that asks for `wanted`.
    #[inline]
    pub(crate) fn level(&self, wanted: Durability) -> Durability {
        match (wanted, self.durability) {
            (Durability::Default, Durability::Default) => Durability::Sync,
            (Durability::Default, own) => own,
            (wanted, _) => wanted,
        }
    }

    /// Notes that a slot has a version that is not in a segment. Called after
    /// the version was pushed and before it is visible.
    #[inline]
    pub(crate) fn note_dirty(&self, slot: Slot<'_>) {
        if slot.mark_dirty() {
            self.dirty.push(Dirty(slot.into_raw()));
        }
    }

    /// Notes that a dirty entry is dead and could be reclaimed after a flush.
    pub(crate) fn note_dead(&self) {
        if !self.dead.load(Relaxed) {
            self.dead.store(true, SeqCst);
            self.workers.wake_flusher();
        }
    }

    /// Notes a write without a record. Called after its number was taken and
    /// before it is visible.
    #[inline]
    pub(crate) fn note_unlogged(&self, sequence: u64) {
        self.unlogged.fetch_max(sequence, SeqCst);
    }

    /// Notes a write that is logged and does not wait for the disk.
    #[inline]
    pub(crate) fn note_buffered(&self) {
        if !self.buffered.load(Relaxed) {
            self.buffered.store(true, SeqCst);
        }
    }

    /// Whether a write may have been acknowledged before it was on disk.
    fn took_buffered(&self) -> bool {
        self.buffered.load(SeqCst)
    }

    /// Whether a write is neither in the log nor in the segments.
    #[inline]
    pub(crate) fn has_unlogged(&self) -> bool {
        self.unlogged.load(SeqCst) > self.segments.flushed()
    }

    /// Whether memory holds every live key.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        self.complete.load(SeqCst)
    }

    /// Tells that live keys are to leave memory, and whether they may: not before
    /// every guard is gone under which memory was found complete.
    pub(crate) fn leave_complete(&self) -> bool {
        if self.complete.swap(false, SeqCst) {
            let may_evict = Arc::clone(&self.may_evict);
            let guard = epoch::pin();
            guard.defer(move || may_evict.store(true, SeqCst));
            guard.flush();
        }
        self.may_evict.load(SeqCst)
    }

    /// Up to where entries may be removed from the memtable.
    #[inline]
    pub(crate) fn settled(&self) -> u64 {
        self.settled.load(SeqCst)
    }

    /// Lets the settled sequence follow once every guard of now is gone.
    fn settle_later(&self, through: u64) {
        let settled = Arc::clone(&self.settled);
        let guard = epoch::pin();
        guard.defer(move || settled.fetch_max(through, SeqCst));
        guard.flush();
    }

    /// Bytes of versions that were written since the last flush began.
    pub(crate) fn dirty_bytes(&self, core: &Core) -> u64 {
        core.counters.sum(Counter::WrittenBytes).saturating_sub(self.flushed_at.load(SeqCst))
    }

    /// The bytes that the memtable may take now: what is pinned of the segments, and what
    /// the cache of their blocks claims, is not its own. `None` for any number.
    pub(crate) fn memtable_budget(&self) -> Option<u64> {
        let others = self.segments.pinned_bytes() + self.segments.blocks().claimed();
        (self.budget != 0).then(|| self.budget.saturating_sub(others).max(1))
    }

    /// Lets the cache of blocks have what the memtable leaves, and has that make room if
    /// the cache claims more.
    fn share_memory(&self, core: &Core) {
        let Some(memtable) = self.memtable_budget() else { return };
        let used = core.memory_bytes() + self.segments.pinned_bytes();
        self.segments.blocks().allow(self.budget.saturating_sub(used));
        if core.memory_bytes() > memtable {
            core.mailbox.make_room();
        }
    }

    /// How far flushes, compactions and evictions are behind: 0 for not at all, 1
    /// for so far that writers should be much slower than they, up to 2 for so far
    /// that they should nearly stand still. Only memory brings it beyond 1: its
    /// limit is a promise.
    fn pressure(&self, dirty: u64, core: &Core) -> f64 {
        // One buffer is being flushed while the next one fills.
        let dirty = (dirty as f64 / self.write_buffer as f64 - 2.0) / 2.0;
        let memory = match self.memtable_budget() {
            None => 0.0,
            Some(budget) => (core.memory_bytes() as f64 / budget as f64 - 1.0) * 4.0,
        };
        dirty.max(self.compactor.pressure()).min(1.0).max(memory).clamp(0.0, 2.0)
    }

    /// Sets the pace of writers by the pressure of now, wakes who flushes if that is due, and
    /// tells how many bytes are dirty.
    #[cold]
    pub(crate) fn set_pace(&self, core: &Core) -> u64 {
        self.share_memory(core);
        let dirty = self.dirty_bytes(core);
        let achieved = self.flush_rate.load(SeqCst) as f64;
        let pressure = self.pressure(dirty, core);
        let begins = match pressure >= 1.0 && self.flushes_fail_for().is_some() {
            // It is no use to wait for room.
            true => self.throttle.stop(),
            false => self.throttle.adjust(pressure, achieved),
        };
        if begins {
            // What writers may write from now on, the thread that sets the pace brings.
            self.workers.tell_of_change();
        }
        if dirty >= self.write_buffer {
            self.workers.wake_flusher();
        }
        dirty
    }

    /// Notes whether a flush succeeded.
    fn note_flush(&self, succeeded: bool) {
        if succeeded {
            self.flushes_fail_since.store(0, SeqCst);
        } else if self.flushes_fail_since.load(SeqCst) == 0 {
            self.flushes_fail_since.store(self.throttle.now().max(1), SeqCst);
        }
    }

    /// For how long no flush has succeeded, if so.
    fn flushes_fail_for(&self) -> Option<Duration> {
        match self.flushes_fail_since.load(SeqCst) {
            0 => None,
            since => Some(Duration::from_nanos(self.throttle.now().saturating_sub(since))),
        }
    }

    /// Why the throttle does not admit a write: it has to wait, as a rule; but
    /// that is no use if memory is full and flushes fail. Then the failure of the last
    /// flush is told, until the next one succeeds, which is tried a moment later.
    #[cold]
    pub(crate) fn refusal(&self, core: &Core) -> Error {
        const PATIENCE: Duration = Duration::from_secs(1);
        if self.wal.is_closed() {
            return Error::Closed;
        }
        let is_stuck = self.flushes_fail_for().is_some_and(|time| time >= PATIENCE)
            && self.pressure(self.dirty_bytes(core), core) >= 1.0;
        match self.trouble() {
            Some(error) if is_stuck => error,
            _ => Error::Busy,
        }
    }

    /// Makes durable what is in the log.
    fn sync_buffered(&self, core: &Core) -> Result<()> {
        let visible = core.sequencer.visible();
        if self.wal.durable() >= visible {
            return Ok(());
        }
        self.wal.sync(&core.sequencer, visible).map(drop)
    }

    /// Compacts what needs it most, and tells whether there was anything.
    fn compact_once(&self, core: &Core) -> Result<bool> {
        let done = self.compactor.round(&|| core.snapshots.sequences(), core.clock.now());
        self.making_room(done).map(is_progress)
    }

    /// As [`Durable::compact_once`], also if it is not worth it yet.
    fn compact_eagerly(&self, core: &Core) -> Result<bool> {
        let done = self.compactor.eager_round(&|| core.snapshots.sequences(), core.clock.now());
        self.making_room(done).map(is_progress)
    }

    /// Hands on how something ended that takes room on the disk. If there was none, what the
    /// log keeps for later is room for the next try.
    fn making_room<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(Error::Io { kind: ErrorKind::StorageFull, .. }) = &result {
            self.wal.trim()?;
        }
        result
    }

    /// Remembers what went wrong where nobody waits for it, to be asked for.
    pub(crate) fn note_trouble(&self, error: &Error) {
        self.progress.troubles.fetch_add(1, Relaxed);
        *lock(&self.trouble) = Some(error.clone());
    }

    /// What went wrong last.
    pub(crate) fn trouble(&self) -> Option<Error> {
        lock(&self.trouble).clone()
    }
}

impl Durable {
    /// So many log files are a reason to flush, whatever is in them: each opening
    /// begins one.
    const MANY_LOG_FILES: usize = 8;

    /// Whether a flush would rid the log of files that are many for their bytes.
    fn has_many_log_files(&self) -> bool {
        self.wal.files() > Self::MANY_LOG_FILES
    }
}

fn is_progress(done: compaction::Progress) -> bool {
    !matches!(done, compaction::Progress::Idle | compaction::Progress::Interrupted)
}

impl Options {
    fn store_options(&self) -> StoreOptions {
        StoreOptions {
            compression: self.compression,
            last_compression: self.compression,
            block_cache: self.block_cache_len(),
            pinned: self.memory_base() / 16,
            ..StoreOptions::default()
        }
    }

    /// Levels are as large as the write buffer asks for.
    fn compaction_options(&self) -> CompactionOptions {
        let buffer = self.write_buffer_len();
        CompactionOptions {
            base_bytes: 4 * buffer,
            segment_bytes: (buffer / 2).clamp(64 << 10, 32 << 20),
            ..CompactionOptions::default()
        }
    }

    /// What the memtable, the cache of blocks and what is pinned of the segments may take
    /// of the memory limit: nine sixteenths. Two more are for blocks that were freed and
    /// wait to be used again; the rest is taken by flushes and compactions, by what no
    /// reader can have any more and is not yet freed, and by pages of the allocator that
    /// are not full.
    fn budget(&self) -> u64 {
        self.memory_limit / 16 * 9
    }

    /// The memory limit; without one, what stands for it where there has to be one.
    fn memory_base(&self) -> u64 {
        const UNLIMITED: u64 = 1 << 30;
        if self.memory_limit == 0 { UNLIMITED } else { self.memory_limit }
    }

    /// The bytes of decompressed blocks that are kept.
    fn block_cache_len(&self) -> u64 {
        let most = self.memory_base() / 4;
        self.block_cache.map_or(self.memory_base() / 16 * 2, |wanted| wanted.min(most))
    }

    fn write_buffer_len(&self) -> u64 {
        const DEFAULT: u64 = 64 << 20;
        const LEAST: u64 = 16 << 10;
        let wanted = if self.write_buffer == 0 { DEFAULT } else { self.write_buffer };
        // Writers are slowed down between two buffers and four. What is dirty then
        // is to leave half of the budget to what can be evicted: else nothing can
        // go while a flush takes its time, and writers stand still.
        let most = if self.memory_limit == 0 { u64::MAX } else { self.budget() / 8 };
        wanted.min(most).max(LEAST)
    }
}
