//! The budget of a storage that is a cache: in memory alone, with a limit, at which
//! entries leave.
//!
//! # What counts
//! Entries and versions, the hash index and its next table, what is retired and not yet
//! freed, what the policy knows, and what the change feed may keep while somebody watches.
//! One sixteenth of the limit is for blocks that were freed and wait to be used again (see
//! [`crate::allocator::pool`]); all that counts has to be within the rest.
//!
//! # How it is kept
//! A writer is admitted if what it writes has room; else it is [`Error::Busy`], and tries
//! again. A large write, and each one while memory is full, is looked at before it begins,
//! and its bytes are set aside until they count by themselves. Between two looks of one
//! thread pass so few bytes that all threads together stay within a hundredth of the limit.
//!
//! The janitor makes room ahead: it has entries leave, which the policy chooses, until a
//! part of the budget is free.
//!
//! # What a reader may rely on
//! An entry that left is gone for everybody, also for snapshots: the limit is a promise. For
//! the rest it is as if somebody had deleted the key. A transaction that has read the entry
//! conflicts. One that has scanned a range conflicts if an entry has left that was written
//! since it began, since that may have been one of the range.

use crate::allocator::pool;
use crate::durable::Eviction;
use crate::error::{Error, Result};
use crate::memtable::Left;
use crate::stats::Counter;
use crate::storage::Core;
use crossbeam_epoch as epoch;
use crossbeam_utils::CachePadded;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::time::Duration;

/// See the module's text.
pub(crate) struct Budget {
    /// What the user allows, in bytes.
    pub(crate) limit: u64,
    /// What all that counts may take.
    most: u64,
    /// So much the janitor keeps free.
    headroom: u64,
    /// After so many bytes a thread looks whether there is room.
    look_after: u64,
    _pool: pool::Share,
    /// Bytes of writes that were admitted and may not count yet.
    under_way: CachePadded<AtomicU64>,
    /// A writer was turned away: all look, until there is room again. It has a line of its
    /// own, which hardly ever changes.
    full: CachePadded<AtomicBool>,
    /// The largest write that was turned away since there was room.
    wanted: AtomicU64,
    /// All that could leave has left, and there is no room for so much; 0 if not.
    refused: AtomicU64,
    /// [`Counter::RetiredBytes`] that are freed, and up to where it was asked for. The
    /// former is shared with what the epoch runs.
    freed: Arc<AtomicU64>,
    retired: AtomicU64,
    /// Bytes of the policy and its tokens, and of old tables of the hash index.
    overhead: AtomicU64,
    buried: AtomicU64,
    /// Counts entries before they leave.
    departures: AtomicU64,
    /// The greatest sequence of a version that left.
    departed_through: AtomicU64,
    /// Nanoseconds that writers waited in here.
    waited: AtomicU64,
}

/// A write that may begin; its bytes are set aside until this is dropped.
pub(crate) struct Admitted<'a>(Option<(&'a Budget, u64)>);

/// The least memory limit: with less, the tables would take a large part of it.
const LEAST: u64 = 1 << 20;
/// Bytes that an operation takes beside its key and its value, at most: two headers,
/// the links of a high entry, a token.
const OVERHEAD: usize = 128;

impl Budget {
    pub(crate) fn new(limit: u64, stripes: usize) -> Result<Self> {
        if limit < LEAST {
            return Err(Error::InvalidArgument("a memory limit below 1 MiB"));
        }
        let kept = limit / 16;
        let most = limit - kept;
        Ok(Self {
            limit,
            most,
            headroom: most / 32,
            look_after: (most / 128 / stripes as u64).clamp(1 << 10, 64 << 10),
            _pool: pool::Share::new(usize::try_from(kept).unwrap_or(usize::MAX)),
            under_way: Default::default(),
            full: Default::default(),
            wanted: Default::default(),
            refused: Default::default(),
            freed: Default::default(),
            retired: Default::default(),
            overhead: Default::default(),
            buried: Default::default(),
            departures: Default::default(),
            departed_through: Default::default(),
            waited: Default::default(),
        })
    }

    /// The bytes that entries may come to, for the policy.
    pub(crate) fn capacity(&self) -> u64 {
        self.most - self.headroom
    }

    /// Lets a write of so many bytes, keys and values of `ops` operations, begin, or says
    /// why not: [`Error::Busy`] if it is to be tried again.
    #[inline]
    pub(crate) fn admit(&self, core: &Core, len: usize, ops: usize) -> Result<Admitted<'_>> {
        let is_small = (len as u64) < self.look_after / 4;
        if is_small
            && !self.full.load(Relaxed)
            && !core.counters.mine().has_written(self.look_after)
        {
            return Ok(Admitted(None));
        }
        self.look(core, len, ops)
    }

    #[cold]
    fn look(&self, core: &Core, len: usize, ops: usize) -> Result<Admitted<'_>> {
        // Blocks are up to a quarter longer than what they hold.
        let weight = (len + len / 4 + ops * OVERHEAD) as u64;
        if weight > self.most - self.headroom {
            return Err(self.too_large(len));
        }
        let admitted = Admitted(Some((self, weight)));
        let under_way = self.under_way.fetch_add(weight, SeqCst) + weight;
        let used = self.used(core) + under_way;
        if used > self.most - self.headroom / 2 {
            core.mailbox.make_room();
        }
        if used <= self.most {
            return Ok(admitted);
        }
        drop(admitted);
        let refused = self.refused.load(SeqCst);
        if refused != 0
            && weight >= refused
            && self.refused.compare_exchange(refused, 0, SeqCst, SeqCst).is_ok()
        {
            return Err(self.too_large(len));
        }
        self.wanted.fetch_max(weight, SeqCst);
        self.full.store(true, SeqCst);
        core.mailbox.make_room();
        Err(Error::Busy)
    }

    fn too_large(&self, len: usize) -> Error {
        Error::OverMemoryLimit { len, limit: self.limit }
    }

    /// All that counts.
    fn used(&self, core: &Core) -> u64 {
        let growth = core.memtable.index_growth(&epoch::pin()) as u64;
        core.memory_bytes() + growth + core.feed.reserved()
    }

    /// What counts beside entries, versions and the hash index.
    pub(crate) fn beside(&self, core: &Core) -> u64 {
        self.unfreed(core) + self.overhead.load(Relaxed) + self.buried.load(Relaxed)
    }

    /// Bytes that are retired and not yet freed, as far as it is known.
    fn unfreed(&self, core: &Core) -> u64 {
        core.retired_bytes().saturating_sub(self.freed.load(SeqCst))
    }

    /// Asks to be told when what is retired by now is freed.
    fn follow_retired(&self, core: &Core) {
        let retired = core.retired_bytes();
        if self.retired.swap(retired, SeqCst) != retired {
            let freed = Arc::clone(&self.freed);
            let guard = epoch::pin();
            guard.defer(move || freed.fetch_max(retired, SeqCst));
            guard.flush();
        }
    }

    /// Notes that an entry is about to leave whose newest version has this sequence.
    fn note_departure(&self, sequence: u64) {
        self.departures.fetch_add(1, SeqCst);
        self.departed_through.fetch_max(sequence, SeqCst);
    }

    /// A number that grows before an entry leaves.
    pub(crate) fn departures(&self) -> u64 {
        self.departures.load(SeqCst)
    }

    /// Whether a version has left that was written after a sequence. It is asked after
    /// the entries were looked at: a departure is noted before it is seen.
    pub(crate) fn has_lost_since(&self, sequence: u64) -> bool {
        self.departed_through.load(SeqCst) > sequence
    }

    /// Counts an old table of the hash index until it is freed.
    pub(crate) fn note_buried(&self, bytes: usize) {
        self.buried.fetch_add(bytes as u64, Relaxed);
    }

    /// See [`Budget::note_buried`].
    pub(crate) fn note_unburied(&self, bytes: usize) {
        self.buried.fetch_sub(bytes as u64, Relaxed);
    }

    /// Counts a wait of a writer.
    pub(crate) fn note_wait(&self, time: Duration) {
        self.waited.fetch_add(time.as_nanos() as u64, Relaxed);
    }

    /// The sum of all waits that were told, in nanoseconds.
    pub(crate) fn waited_nanos(&self) -> u64 {
        self.waited.load(Relaxed)
    }
}

impl Drop for Admitted<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some((budget, weight)) = self.0 {
            budget.under_way.fetch_sub(weight, SeqCst);
        }
    }
}

impl Admitted<'_> {
    /// A write of a storage that has no budget.
    pub(crate) const FREELY: Admitted<'static> = Admitted(None);
}

impl Core {
    /// Bytes that were ever retired, of versions, entries and the order.
    fn retired_bytes(&self) -> u64 {
        self.counters.sum(Counter::RetiredBytes) + self.memtable.retired_index_bytes()
    }

    /// Has entries leave until there is room, if there is not; some in one go. It tells how
    /// far it came, and how many of what left the queue still has.
    ///
    /// Only the janitor calls it.
    pub(crate) fn make_room(&self, budget: &Budget) -> (Eviction, usize) {
        const STEPS: usize = 16;
        budget.follow_retired(self);
        budget.overhead.store(self.memtable.residents_bytes() as u64, Relaxed);
        let mut queued = 0;
        for _ in 0..STEPS {
            let free = budget.headroom.max(budget.wanted.load(SeqCst));
            let (used, unfreed) = (budget.used(self), budget.unfreed(self));
            let over = used.saturating_sub(unfreed).saturating_sub(budget.most - free);
            if over == 0 {
                return (budget.settle(used), queued);
            }
            let left = self.let_leave(budget, over);
            queued += left.queued;
            if left.chosen == 0 {
                return (budget.give_up(self, used), queued);
            }
        }
        (Eviction::More, queued)
    }

    fn let_leave(&self, budget: &Budget, bytes: u64) -> Left {
        let guard = &epoch::pin();
        let visible = self.sequencer.visible();
        let left = self.memtable.evict_some(
            bytes,
            |newest| {
                let may_leave = newest.sequence() <= visible;
                if may_leave {
                    budget.note_departure(newest.sequence());
                }
                may_leave
            },
            &self.counters,
            guard,
        );
        if left.bytes != 0 {
            guard.flush();
        }
        left
    }
}

impl Budget {
    /// Enough has left. Whether writers may go on depends on what is not freed yet, too.
    fn settle(&self, used: u64) -> Eviction {
        if used + self.wanted.load(SeqCst) > self.most {
            return Eviction::Settling;
        }
        self.refused.store(0, SeqCst);
        if self.full.load(SeqCst) {
            self.wanted.store(0, SeqCst);
            self.full.store(false, SeqCst);
        }
        Eviction::Enough
    }

    /// Nothing is left that could leave. What waits to be put in order may, later.
    fn give_up(&self, core: &Core, used: u64) -> Eviction {
        if core.memtable.unordered() == 0 && self.unfreed(core) == 0 {
            let wanted = self.wanted.load(SeqCst);
            if wanted != 0 && used + wanted > self.most {
                self.refused.store(wanted, SeqCst);
                self.wanted.store(0, SeqCst);
            }
            return Eviction::Blocked;
        }
        Eviction::Settling
    }
}
