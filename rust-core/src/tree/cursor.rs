//! A cursor over a whole tree.

use super::{LevelCursor, Tree};
use crate::error::Result;
use crate::key_version::{KeyVersion, Payload};
use crate::merge::{Merge, Source};
use crate::range_tombstones::RangeTombstones;
use crate::segment::Cursor;

/// All versions of a tree in [`KeyVersion::order`], forward and back.
///
/// Where a range tombstone deletes a version, a tombstone of that key and with
/// the range tombstone's sequence comes before it, so that who reads at any
/// sequence, and takes of each key the first version that is old enough, needs
/// to know nothing of ranges.
pub(crate) struct TreeCursor<'a> {
    merge: Merge<Part<'a>>,
    deletions: &'a RangeTombstones,
    at: At,
}

/// A source of the merge.
pub(crate) enum Part<'a> {
    /// A segment of level 0.
    Segment(Cursor<'a>),
    /// Another level.
    Level(LevelCursor<'a>),
}

/// Where the cursor stands.
enum At {
    /// At the merge's version.
    Version,
    /// At the tombstone of this sequence before the merge's version.
    Before(u64),
    /// At a tombstone behind the merge's version: of this sequence and key.
    Behind(u64, Vec<u8>),
}

impl<'a> TreeCursor<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        let level0 = tree.level0.iter().map(|segment| Part::Segment(segment.cached_cursor()));
        let sorted = tree.sorted.iter().filter(|level| !level.segments.is_empty());
        let sorted = sorted.map(|level| Part::Level(LevelCursor::cached(&level.segments)));
        let merge = Merge::new(level0.chain(sorted).collect());
        Self { merge, deletions: &tree.deletions, at: At::Version }
    }

    /// The sequence from which on the merge's version is deleted.
    fn deleted_from(&self) -> Option<u64> {
        if self.deletions.is_empty() {
            return None;
        }
        let version = self.merge.current()?;
        self.deletions.first_above(version.key, version.sequence)
    }

    /// Stands at the merge's version, which was reached forward, or before it.
    /// `newer` is the sequence of the version before it, if it is the same
    /// key's: what deletes that one too was told there.
    fn stop_forward(&mut self, newer: Option<u64>) {
        self.at = match self.deleted_from() {
            Some(sequence) if newer.is_none_or(|newer| sequence < newer) => At::Before(sequence),
            _ => At::Version,
        };
    }

    fn next_merged(&mut self) -> Result<()> {
        if self.deletions.is_empty() {
            return self.merge.next();
        }
        let Some(before) = self.merge.current() else { return Ok(()) };
        let (key, sequence) = (before.key.to_vec(), before.sequence);
        self.merge.next()?;
        let same_key = self.merge.current().is_some_and(|v| v.key == key.as_slice());
        self.stop_forward(same_key.then_some(sequence));
        Ok(())
    }

    fn prev_merged(&mut self) -> Result<()> {
        let Some(sequence) = self.deleted_from() else { return self.merge.prev() };
        let Some(version) = self.merge.current() else { return Ok(()) };
        let key = version.key.to_vec();
        self.merge.prev()?;
        let told = self
            .merge
            .current()
            .is_some_and(|newer| newer.key == key.as_slice() && newer.sequence <= sequence);
        if !told {
            self.at = At::Behind(sequence, key);
        }
        Ok(())
    }
}

impl Source for TreeCursor<'_> {
    fn seek_to_first(&mut self) -> Result<()> {
        self.merge.seek_to_first()?;
        self.stop_forward(None);
        Ok(())
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.merge.seek(key)?;
        self.stop_forward(None);
        Ok(())
    }

    fn seek_before(&mut self, end: Option<&[u8]>) -> Result<()> {
        self.at = At::Version;
        self.merge.seek_before(end)
    }

    fn next(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.at, At::Version) {
            At::Version => self.next_merged(),
            At::Before(_) => Ok(()),
            // The merge stands before its first version.
            At::Behind(..) if self.merge.current().is_none() => self.merge.seek_to_first(),
            At::Behind(..) => self.merge.next(),
        }
    }

    fn prev(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.at, At::Version) {
            At::Version => self.prev_merged(),
            At::Before(_) => self.merge.prev(),
            At::Behind(..) => Ok(()),
        }
    }

    fn current(&self) -> Option<KeyVersion<'_>> {
        match &self.at {
            At::Version => self.merge.current(),
            At::Before(sequence) => {
                let version = self.merge.current()?;
                Some(KeyVersion { sequence: *sequence, payload: Payload::Tombstone, ..version })
            }
            At::Behind(sequence, key) => {
                Some(KeyVersion { key, sequence: *sequence, payload: Payload::Tombstone })
            }
        }
    }
}

impl Source for Part<'_> {
    fn seek_to_first(&mut self) -> Result<()> {
        match self {
            Self::Segment(cursor) => cursor.seek_to_first(),
            Self::Level(cursor) => cursor.seek_to_first(),
        }
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        match self {
            Self::Segment(cursor) => cursor.seek(key),
            Self::Level(cursor) => cursor.seek(key),
        }
    }

    fn seek_before(&mut self, end: Option<&[u8]>) -> Result<()> {
        match self {
            Self::Segment(cursor) => cursor.seek_before(end),
            Self::Level(cursor) => cursor.seek_before(end),
        }
    }

    fn next(&mut self) -> Result<()> {
        match self {
            Self::Segment(cursor) => cursor.next(),
            Self::Level(cursor) => cursor.next(),
        }
    }

    fn prev(&mut self) -> Result<()> {
        match self {
            Self::Segment(cursor) => cursor.prev(),
            Self::Level(cursor) => cursor.prev(),
        }
    }

    fn current(&self) -> Option<KeyVersion<'_>> {
        match self {
            Self::Segment(cursor) => cursor.current(),
            Self::Level(cursor) => cursor.current(),
        }
    }
}
