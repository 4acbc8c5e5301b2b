//! What a storage is made of.

use super::{Options, Stats};
use crate::budget::Budget;
use crate::clock::Clock;
use crate::durable::{Durable, Recovery};
use crate::error::Result;
use crate::feed::Feed;
use crate::fs::FileSystem;
use crate::janitor::Mailbox;
use crate::memtable::{COUNTED_HITS, Memtable};
use crate::sequence::Sequencer;
use crate::snapshot::Snapshots;
use crate::stats::{Counter, Counters};
use crossbeam_epoch as epoch;
use std::path::Path;
use std::sync::Arc;

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

impl Core {
    /// A storage in memory.
    pub(super) fn in_memory(options: Options) -> Result<Self> {
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

    /// The storage in a directory of a file system, as recovered.
    pub(super) fn in_dir(fs: Arc<dyn FileSystem>, dir: &Path, options: Options) -> Result<Self> {
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

    /// Figures of this moment.
    pub(super) fn stats(&self) -> Stats {
        let sum = |counter| self.counters.sum(counter);
        let hits = sum(Counter::Hits);
        let mut stats = Stats {
            keys: sum(Counter::Keys),
            memory_bytes: self.memory_bytes(),
            last_sequence: self.sequencer.visible(),
            open_snapshots: self.snapshots.count(),
            oldest_snapshot: self.snapshots.oldest(),
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
