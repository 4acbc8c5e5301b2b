//! A structure as JSON: objects and lists of numbers, of words that need no escapes, and of
//! keys in hexadecimal digits.

use super::{LevelView, MemtableView, SegmentView, Structure};
use crate::cache::policy::QueueStats;
use crate::compaction::Merging;
use crate::durable::Flushing;
use crate::wal::LogFileStats;
use std::fmt::{Display, Formatter, Result};

/// Items as a list.
struct List<'a, T>(&'a [T]);

/// Bytes as hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl<T: Display> Display for List<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("[")?;
        for (n, item) in self.0.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { "," })?;
            item.fmt(f)?;
        }
        f.write_str("]")
    }
}

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Display for Structure {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (memtables, log) = (List(&self.memtables), List(&self.log));
        let (levels, left_out) = (List(&self.levels), self.left_out);
        write!(f, r#"{{"memtables":{memtables},"log":{log},"levels":{levels},"#)?;
        write!(f, r#""segments_left_out":{left_out},"running":["#)?;
        if let Some(flush) = &self.flush {
            flush.fmt(f)?;
        }
        if let Some(merge) = &self.merge {
            f.write_str(if self.flush.is_some() { "," } else { "" })?;
            merge.fmt(f)?;
        }
        let cache = &self.cache;
        let (queues, bytes, limit) = (List(&cache.queues), cache.bytes, cache.limit_bytes);
        write!(f, r#"],"cache":{{"queues":{queues},"bytes":{bytes},"limit_bytes":{limit},"#)?;
        write!(f, r#""hits":{},"misses":{}}}}}"#, cache.hits, cache.misses)
    }
}

impl Display for MemtableView {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let state = if self.is_flushing { "flushing" } else { "active" };
        let Self { entries, bytes, dirty_bytes, .. } = self;
        write!(f, r#"{{"state":"{state}","entries":{entries},"#)?;
        write!(f, r#""bytes":{bytes},"dirty_bytes":{dirty_bytes}}}"#)
    }
}

impl Display for LogFileStats {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { number, state, bytes, file_bytes } = self;
        write!(f, r#"{{"number":{number},"state":"{state}","#)?;
        write!(f, r#""bytes":{bytes},"file_bytes":{file_bytes}}}"#)
    }
}

impl Display for LevelView {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { level, target_bytes, .. } = self;
        let (stats, segments) = (&self.stats, List(&self.segments));
        write!(f, r#"{{"level":{level},"bytes":{},"entries":{},"#, stats.bytes, stats.entries)?;
        write!(f, r#""segment_count":{},"target_bytes":{target_bytes},"#, stats.segments)?;
        write!(f, r#""segments":{segments}}}"#)
    }
}

impl Display for SegmentView {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { id, bytes, raw_bytes, entries, tombstones, is_busy, .. } = self;
        let (smallest, largest) = (Hex(&self.smallest), Hex(&self.largest));
        write!(f, r#"{{"id":{id},"bytes":{bytes},"raw_bytes":{raw_bytes},"#)?;
        write!(f, r#""entries":{entries},"tombstones":{tombstones},"#)?;
        write!(f, r#""smallest":"{smallest}","largest":"{largest}","busy":{is_busy}}}"#)
    }
}

impl Display for Flushing {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { bytes, started, .. } = self;
        write!(f, r#"{{"kind":"flush","from_level":-1,"to_level":0,"#)?;
        write!(f, r#""input_bytes":{bytes},"started":{started}}}"#)
    }
}

impl Display for Merging {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { from, to, input_bytes, started, .. } = self;
        write!(f, r#"{{"kind":"compaction","from_level":{from},"to_level":{to},"#)?;
        write!(f, r#""input_bytes":{input_bytes},"started":{started}}}"#)
    }
}

impl Display for QueueStats {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { name, entries, bytes } = self;
        write!(f, r#"{{"name":"{name}","entries":{entries},"bytes":{bytes}}}"#)
    }
}
