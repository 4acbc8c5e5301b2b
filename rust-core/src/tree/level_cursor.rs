//! A walk over the segments of one sorted level, which are opened one by one.

use super::LiveSegment;
use crate::error::Result;
use crate::key_version::KeyVersion;
use crate::merge::Source;
use crate::segment::{Cursor, Segment};
use std::sync::Arc;

/// The versions of sorted, disjoint segments as one source.
pub(crate) struct LevelCursor<'a> {
    segments: &'a [Arc<LiveSegment>],
    /// The segment that is being read, and its number.
    open: Option<(usize, Cursor<'a>)>,
    /// Whether blocks are looked for in the cache.
    cached: bool,
}

impl<'a> LevelCursor<'a> {
    /// Over segments in key order.
    pub(crate) fn new(segments: &'a [Arc<LiveSegment>]) -> Self {
        Self { segments, open: None, cached: false }
    }

    /// As [`LevelCursor::new`], with the cache of blocks.
    pub(crate) fn cached(segments: &'a [Arc<LiveSegment>]) -> Self {
        Self { cached: true, ..Self::new(segments) }
    }

    /// Takes a segment to be read; `None` if there is none of this number.
    fn open(&mut self, number: usize) -> Option<&mut Cursor<'a>> {
        let is_open = self.open.as_ref().is_some_and(|(open, _)| *open == number);
        if !is_open {
            let cursor = if self.cached { Segment::cached_cursor } else { Segment::cursor };
            self.open = self.segments.get(number).map(|segment| (number, cursor(segment)));
        }
        self.open.as_mut().map(|(_, cursor)| cursor)
    }

    /// Goes on to the next segment that has a version, if the one that is open
    /// has come to its end.
    fn skip_forward(&mut self) -> Result<()> {
        while let Some((number, cursor)) = &self.open
            && cursor.current().is_none()
        {
            let next = number + 1;
            if let Some(cursor) = self.open(next) {
                cursor.seek_to_first()?;
            }
        }
        Ok(())
    }

    /// Goes back likewise.
    fn skip_back(&mut self) -> Result<()> {
        while let Some((number, cursor)) = &self.open
            && cursor.current().is_none()
        {
            let Some(before) = number.checked_sub(1) else {
                self.open = None;
                return Ok(());
            };
            if let Some(cursor) = self.open(before) {
                cursor.seek_before(None)?;
            }
        }
        Ok(())
    }
}

impl Source for LevelCursor<'_> {
    fn seek_to_first(&mut self) -> Result<()> {
        if let Some(cursor) = self.open(0) {
            cursor.seek_to_first()?;
        }
        self.skip_forward()
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        let above = self.segments.partition_point(|s| s.first_key() <= key);
        if let Some(cursor) = self.open(above.saturating_sub(1)) {
            cursor.seek(key)?;
        }
        self.skip_forward()
    }

    fn seek_before(&mut self, end: Option<&[u8]>) -> Result<()> {
        let starts_before = |s: &Arc<LiveSegment>| end.is_none_or(|end| s.first_key() < end);
        let Some(number) = self.segments.partition_point(starts_before).checked_sub(1) else {
            self.open = None;
            return Ok(());
        };
        if let Some(cursor) = self.open(number) {
            cursor.seek_before(end)?;
        }
        self.skip_back()
    }

    fn next(&mut self) -> Result<()> {
        if let Some((_, cursor)) = &mut self.open {
            cursor.next()?;
        }
        self.skip_forward()
    }

    fn prev(&mut self) -> Result<()> {
        if let Some((_, cursor)) = &mut self.open {
            cursor.prev()?;
        }
        self.skip_back()
    }

    fn current(&self) -> Option<KeyVersion<'_>> {
        self.open.as_ref().and_then(|(_, cursor)| cursor.current())
    }
}
