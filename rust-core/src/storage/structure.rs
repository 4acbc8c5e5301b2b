//! What a storage is made of at one moment, for people to look at.

mod json;

use super::Core;
use crate::block_cache::BlockCache;
use crate::cache::policy::QueueStats;
use crate::compaction::Merging;
use crate::durable::{Durable, Flushing};
use crate::stats::Counter;
use crate::tree::{LevelStats, LiveSegment};
use crate::wal::LogFileStats;

/// So many bytes of a segment's first and last key are told: keys may be long.
const KEY_LEN: usize = 64;

/// See the module's text.
#[derive(Debug, Default)]
pub(crate) struct Structure {
    pub(crate) memtables: Vec<MemtableView>,
    pub(crate) log: Vec<LogFileStats>,
    pub(crate) levels: Vec<LevelView>,
    /// Segments that are not listed, since there were more than were asked for.
    pub(crate) left_out: u64,
    pub(crate) flush: Option<Flushing>,
    pub(crate) merge: Option<Merging>,
    pub(crate) cache: CacheView,
}

/// What is in memory. There is one memtable, which is never swapped for another; what a
/// flush has taken of it is told as a second one.
#[derive(Debug)]
pub(crate) struct MemtableView {
    pub(crate) is_flushing: bool,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    /// Bytes that are in no segment yet, as far as they are known apart.
    pub(crate) dirty_bytes: u64,
}

/// A level of the tree.
#[derive(Debug)]
pub(crate) struct LevelView {
    pub(crate) level: usize,
    /// Of all its segments, listed or not.
    pub(crate) stats: LevelStats,
    /// How large it may become; 0 without a limit.
    pub(crate) target_bytes: u64,
    pub(crate) segments: Vec<SegmentView>,
}

/// A segment.
#[derive(Debug)]
pub(crate) struct SegmentView {
    pub(crate) id: u64,
    pub(crate) bytes: u64,
    /// Of keys and values, before they were compressed.
    pub(crate) raw_bytes: u64,
    pub(crate) entries: u64,
    pub(crate) tombstones: u64,
    /// The beginning of the first key, and of the last one.
    pub(crate) smallest: Vec<u8>,
    pub(crate) largest: Vec<u8>,
    /// It is being merged.
    pub(crate) is_busy: bool,
}

/// A cache: of a storage in a directory that of blocks, of one in memory with a limit the
/// memtable itself.
#[derive(Debug, Default)]
pub(crate) struct CacheView {
    pub(crate) queues: Vec<QueueStats>,
    pub(crate) bytes: u64,
    pub(crate) limit_bytes: u64,
    pub(crate) hits: u64,
    pub(crate) misses: u64,
}

impl Core {
    /// The structure of now, with at most so many segments. The caller is not pinned: it
    /// takes some locks, each for a moment.
    pub(crate) fn structure(&self, most_segments: usize) -> Structure {
        let memtable = MemtableView {
            is_flushing: false,
            entries: self.counters.sum(Counter::Keys),
            bytes: self.memory_bytes(),
            dirty_bytes: self.durable.as_ref().map_or(0, |durable| durable.dirty_bytes(self)),
        };
        let mut structure = Structure { memtables: vec![memtable], ..Structure::default() };
        if let Some(durable) = &self.durable {
            structure.tell_durable(durable, most_segments);
        }
        if let Some(budget) = &self.budget {
            structure.cache = CacheView {
                queues: self.memtable.residents_queues(),
                bytes: self.memory_bytes(),
                limit_bytes: budget.limit,
                hits: self.counters.sum(Counter::Hits),
                misses: self.counters.sum(Counter::Misses),
            };
        }
        structure
    }
}

impl Structure {
    fn tell_durable(&mut self, durable: &Durable, most_segments: usize) {
        self.flush = durable.flush_underway.now();
        if let Some(flush) = &self.flush {
            let Flushing { entries, bytes, .. } = *flush;
            self.memtables.push(MemtableView {
                is_flushing: true,
                entries,
                bytes,
                dirty_bytes: bytes,
            });
        }
        self.log = durable.wal.list();
        // First what runs: a segment that it has merged meanwhile is only not in the tree.
        self.merge = durable.compactor.underway();
        self.tell_levels(durable, most_segments);
        self.cache =
            CacheView::of_blocks(durable.segments.blocks(), durable.segments.pinned_bytes());
    }

    /// Lists the segments, those of the upper levels first.
    fn tell_levels(&mut self, durable: &Durable, most_segments: usize) {
        let tree = durable.segments.current();
        let targets = durable.compactor.targets(&tree);
        let mut room = most_segments;
        for (level, stats) in tree.stats().into_iter().enumerate() {
            let segments = tree.level(level);
            let listed = segments.iter().take(room).map(|s| self.view_of(s)).collect::<Vec<_>>();
            room -= listed.len();
            self.left_out += (segments.len() - listed.len()) as u64;
            let target_bytes = targets[level];
            self.levels.push(LevelView { level, stats, target_bytes, segments: listed });
        }
    }

    fn view_of(&self, segment: &LiveSegment) -> SegmentView {
        let (id, properties) = (segment.id(), segment.properties());
        let beginning = |key: &[u8]| key[..key.len().min(KEY_LEN)].to_vec();
        SegmentView {
            id,
            bytes: properties.file_len,
            raw_bytes: properties.raw_bytes(),
            entries: properties.entries,
            tombstones: properties.tombstones + properties.range_tombstones,
            smallest: beginning(segment.first_key()),
            largest: beginning(segment.last_key()),
            is_busy: self.merge.as_ref().is_some_and(|merge| merge.inputs.contains(&id)),
        }
    }
}

impl CacheView {
    fn of_blocks(blocks: &BlockCache, pinned_bytes: u64) -> Self {
        let stats = blocks.stats();
        let mut queues = blocks.queues();
        queues.push(QueueStats { name: "pinned", entries: 0, bytes: pinned_bytes });
        let (bytes, limit_bytes) = (stats.bytes, blocks.share());
        Self { queues, bytes, limit_bytes, hits: stats.hits, misses: stats.misses }
    }
}
