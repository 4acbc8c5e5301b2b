//! The segments that a merge writes.

use super::pick::MAX_GRANDPARENTS;
use super::run::Context;
use crate::error::Result;
use crate::key_version::KeyVersion;
use crate::range_tombstones::RangeTombstone;
use crate::segment::SegmentWriter;
use crate::tree::LiveSegment;
use std::sync::Arc;

/// Splits versions in order, and the range tombstones over them, into segments.
/// All versions of a key are in one. Unless it is told to keep them, their files
/// are removed in the end.
pub(super) struct Outputs<'a> {
    context: Context<'a>,
    level: usize,
    /// Coalesced, and not yet clipped to segments.
    tombstones: Vec<RangeTombstone>,
    /// The segment that is being written.
    writer: Option<SegmentWriter>,
    /// Where the keys of it begin: with the first one, or where the one before
    /// ends.
    start: Option<Vec<u8>>,
    last_key: Vec<u8>,
    grandparents: Grandparents<'a>,
    ids: Vec<u64>,
    written: u64,
    keep: bool,
}

/// The level below the outputs', as the walk over the keys passes it.
struct Grandparents<'a> {
    segments: &'a [Arc<LiveSegment>],
    next: usize,
    /// Bytes passed since the output began.
    passed: u64,
}

impl Grandparents<'_> {
    /// Moves on to a key, and tells whether a segment's end was passed.
    fn pass(&mut self, key: &[u8]) -> bool {
        let before = self.next;
        while let Some(segment) = self.segments.get(self.next)
            && segment.last_key() < key
        {
            self.passed += segment.len();
            self.next += 1;
        }
        self.next != before
    }
}

impl<'a> Outputs<'a> {
    /// For a level, with the range tombstones that have to stay.
    pub(super) fn new(
        context: &Context<'a>,
        level: usize,
        tombstones: Vec<RangeTombstone>,
    ) -> Self {
        let segments = context.tree.level(level + 1);
        Self {
            context: *context,
            level,
            tombstones: coalesce(tombstones),
            writer: None,
            start: None,
            last_key: Vec::new(),
            grandparents: Grandparents { segments, next: 0, passed: 0 },
            ids: Vec::new(),
            written: 0,
            keep: false,
        }
    }

    /// Writes the next version.
    pub(super) fn add(&mut self, version: &KeyVersion<'_>) -> Result<()> {
        if self.last_key != version.key {
            if self.is_full(version.key) {
                self.cut(Some(version.key))?;
            }
            self.last_key.clear();
            self.last_key.extend_from_slice(version.key);
        }
        self.writer()?.add(version)
    }

    /// Whether a new segment is to begin with `key`. Where a segment of the next
    /// level ends is a good place: the output then overlaps fewer of them.
    fn is_full(&mut self, key: &[u8]) -> bool {
        let at_boundary = self.grandparents.pass(key);
        let Some(writer) = &self.writer else { return false };
        let (len, limit) = (writer.estimated_len(), self.context.options.segment_bytes);
        len >= limit
            || (at_boundary && len >= limit / 2)
            || self.grandparents.passed > MAX_GRANDPARENTS.saturating_mul(limit)
    }

    /// The segment that is being written, begun if need be.
    fn writer(&mut self) -> Result<&mut SegmentWriter> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let pace = self.context.pace;
                let store = self.context.store;
                let (id, _, writer) =
                    store.new_segment_through(self.level, |file| pace.wrap(file))?;
                self.ids.push(id);
                writer
            }
        };
        Ok(self.writer.insert(writer))
    }

    /// Ends the segment: the next one begins with the key `end`.
    fn cut(&mut self, end: Option<&[u8]>) -> Result<()> {
        let clipped: Vec<RangeTombstone> =
            self.tombstones.iter().filter_map(|t| clip(t, self.start.as_deref(), end)).collect();
        if !clipped.is_empty() {
            let writer = self.writer()?;
            for t in &clipped {
                writer.add_range_tombstone(&t.start, &t.end, t.sequence);
            }
        }
        if let Some(writer) = self.writer.take() {
            self.written += writer.finish()?.file_len;
        }
        self.start = end.map(<[u8]>::to_vec);
        self.grandparents.passed = 0;
        Ok(())
    }

    /// Ends the last segment.
    pub(super) fn finish(mut self) -> Result<Self> {
        self.cut(None)?;
        Ok(self)
    }

    /// The segments' numbers, in key order.
    pub(super) fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// The segments' lengths in bytes, together.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Leaves the files to the store.
    pub(super) fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for Outputs<'_> {
    fn drop(&mut self) {
        if !self.keep {
            self.writer = None;
            self.context.store.abandon(&self.ids);
        }
    }
}

/// What of a range tombstone is from `start` on and below `end`.
fn clip(
    tombstone: &RangeTombstone,
    start: Option<&[u8]>,
    end: Option<&[u8]>,
) -> Option<RangeTombstone> {
    let from = start.map_or(&*tombstone.start, |start| start.max(&tombstone.start));
    let to = end.map_or(&*tombstone.end, |end| end.min(&tombstone.end));
    (from < to).then(|| RangeTombstone::from((from, to, tombstone.sequence)))
}

/// Joins pieces of one range tombstone that earlier merges have cut.
fn coalesce(mut tombstones: Vec<RangeTombstone>) -> Vec<RangeTombstone> {
    tombstones.sort_by(|a, b| a.sequence.cmp(&b.sequence).then(a.start.cmp(&b.start)));
    let mut joined: Vec<RangeTombstone> = Vec::with_capacity(tombstones.len());
    for next in tombstones {
        match joined.last_mut() {
            Some(last) if last.sequence == next.sequence && next.start <= last.end => {
                if next.end > last.end {
                    last.end = next.end;
                }
            }
            _ => joined.push(next),
        }
    }
    joined
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    fn t(start: &str, end: &str, sequence: u64) -> RangeTombstone {
        RangeTombstone::from((start.as_bytes(), end.as_bytes(), sequence))
    }

    #[test]
    fn clips_to_a_segment() {
        let whole = t("c", "m", 7);
        assert_eq!(clip(&whole, None, None), Some(t("c", "m", 7)));
        assert_eq!(clip(&whole, Some(b"d"), Some(b"e")), Some(t("d", "e", 7)));
        assert_eq!(clip(&whole, Some(b"a"), Some(b"d")), Some(t("c", "d", 7)));
        assert_eq!(clip(&whole, None, Some(b"c")), None);
        assert_eq!(clip(&whole, Some(b"m"), None), None);
    }

    #[test]
    fn joins_the_pieces_of_one() {
        let pieces = vec![t("f", "k", 7), t("a", "c", 7), t("c", "f", 7), t("b", "d", 8)];
        assert_eq!(coalesce(pieces), [t("a", "k", 7), t("b", "d", 8)]);
        assert_eq!(coalesce(vec![t("a", "b", 7), t("c", "d", 7)]).len(), 2);
    }
}
