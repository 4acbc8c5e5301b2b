//! The segments of one moment, by level, and how they are read.
//!
//! Level 0 holds what was flushed, the newest first; its segments may overlap.
//! In each other level the segments are sorted and disjoint. For any key, what
//! a level holds is newer than what the levels below it hold, and so it is
//! within level 0. So the first source that has a version old enough for the
//! reader has the newest such version. A range tombstone is in the level of the
//! versions that it deletes, or above; it is looked for in all levels at once.
//!
//! A tree does not change. A new one replaces it when segments come and go
//! ([`SegmentStore`](crate::segment_store::SegmentStore)).

mod cursor;
mod fences;
mod level_cursor;
mod live_segment;

use crate::error::Result;
use crate::key_version::{KeyVersion, Payload};
use crate::manifest::LEVELS;
use crate::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::segment::Scratch;
use fences::Fences;
use std::sync::Arc;

pub(crate) use cursor::{Part, TreeCursor};
pub(crate) use level_cursor::LevelCursor;
pub(crate) use live_segment::{LiveSegment, Shared};

/// A list of segments of one level.
pub(crate) type Segments = Vec<Arc<LiveSegment>>;

/// Immutable levels of segments.
pub(crate) struct Tree {
    level0: Segments,
    /// Level 1 and on.
    sorted: Vec<Level>,
    /// The range tombstones of all segments.
    deletions: RangeTombstones,
}

/// A level of sorted, disjoint segments.
struct Level {
    segments: Segments,
    fences: Fences,
}

/// Figures of a level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LevelStats {
    /// How many segments.
    pub(crate) segments: u64,
    /// The length of their files in bytes.
    pub(crate) bytes: u64,
    /// How many versions, tombstones among them.
    pub(crate) entries: u64,
    /// How many tombstones, range tombstones among them.
    pub(crate) tombstones: u64,
}

impl Tree {
    /// Takes the segments of each level, in order: see the module's text.
    pub(crate) fn new(mut levels: Vec<Segments>) -> Self {
        levels.resize_with(LEVELS, Vec::new);
        let deletions = RangeTombstones::new(
            levels.iter().flatten().flat_map(|s| s.range_tombstones()).map(RangeTombstone::from),
        );
        let mut levels = levels.into_iter();
        let level0 = levels.next().unwrap_or_default();
        Self { level0, sorted: levels.map(Level::new).collect(), deletions }
    }

    /// Whether there is no segment.
    pub(crate) fn is_empty(&self) -> bool {
        self.level0.is_empty() && self.sorted.iter().all(|level| level.segments.is_empty())
    }

    /// The segments of a level; of none that does not exist.
    pub(crate) fn level(&self, level: usize) -> &[Arc<LiveSegment>] {
        match level.checked_sub(1) {
            None => &self.level0,
            Some(i) => self.sorted.get(i).map_or(&[], |level| &level.segments),
        }
    }

    /// Every segment, with its level.
    pub(crate) fn segments(&self) -> impl Iterator<Item = (usize, &Arc<LiveSegment>)> {
        (0..LEVELS).flat_map(|level| self.level(level).iter().map(move |s| (level, s)))
    }

    /// The range tombstones of all segments.
    pub(crate) fn deletions(&self) -> &RangeTombstones {
        &self.deletions
    }

    /// Gives `read` the newest version of `key` whose sequence is at most
    /// `max_sequence`, if there is one. If a range tombstone that the reader
    /// sees deletes it, `read` gets a tombstone with that one's sequence. The
    /// bytes are borrowed for the call of `read`.
    ///
    /// Versions that no snapshot holds disappear in compactions. A reader
    /// without a snapshot loads the tree first and takes `max_sequence` after,
    /// or asks for the newest version of all: `u64::MAX`.
    pub(crate) fn get<R>(
        &self,
        key: &[u8],
        max_sequence: u64,
        scratch: &mut Scratch,
        read: impl FnOnce(KeyVersion<'_>) -> R,
    ) -> Result<Option<R>> {
        let mut read = Some(read);
        let mut found = |version: KeyVersion<'_>| {
            let version = self.under_deletions(version, max_sequence);
            read.take().map(|read| read(version))
        };
        for segment in &self.level0 {
            if let Some(told) = segment.get(key, max_sequence, scratch, &mut found)? {
                return Ok(told);
            }
        }
        for level in &self.sorted {
            let Some(segment) = level.find(key) else { continue };
            if let Some(told) = segment.get(key, max_sequence, scratch, &mut found)? {
                return Ok(told);
            }
        }
        Ok(None)
    }

    /// The version, or the tombstone that a reader at `max_sequence` sees in its
    /// place.
    fn under_deletions<'a>(&self, version: KeyVersion<'a>, max_sequence: u64) -> KeyVersion<'a> {
        match self.deletions.newest_between(version.key, version.sequence, max_sequence) {
            None => version,
            Some(sequence) => KeyVersion { sequence, payload: Payload::Tombstone, ..version },
        }
    }

    /// A cursor over the versions of all segments.
    pub(crate) fn cursor(&self) -> TreeCursor<'_> {
        TreeCursor::new(self)
    }

    /// Figures of each level, from level 0 to the last.
    pub(crate) fn stats(&self) -> [LevelStats; LEVELS] {
        std::array::from_fn(|level| LevelStats::of(self.level(level)))
    }
}

impl LevelStats {
    fn of(segments: &[Arc<LiveSegment>]) -> Self {
        let mut stats = Self { segments: segments.len() as u64, ..Self::default() };
        for properties in segments.iter().map(|s| s.properties()) {
            stats.bytes += properties.file_len;
            stats.entries += properties.entries;
            stats.tombstones += properties.tombstones + properties.range_tombstones;
        }
        stats
    }
}

impl Level {
    fn new(segments: Segments) -> Self {
        let fences = Fences::new(segments.iter().map(|s| s.first_key()));
        Self { segments, fences }
    }

    /// The one segment that may hold `key`.
    #[inline]
    fn find(&self, key: &[u8]) -> Option<&Arc<LiveSegment>> {
        self.segments.get(self.fences.find(key)?)
    }
}
