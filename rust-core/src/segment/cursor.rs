//! Walking along a segment, in both directions.

use super::block::{Block, Entry, Layout, RESTART_INTERVAL};
use super::compression::Compression;
use super::fault::Sound;
use super::read_ahead::ReadAhead;
use super::{Scratch, Segment};
use crate::block_cache::SegmentBlocks;
use crate::error::{Error, Result};
use crate::key_version::{KeyVersion, Payload};
use crate::limits::MAX_KEY_LEN;
use std::ops::Range;

/// A place in a segment's order, at a version or at none. It is at none before
/// the first seek, past either end, and after an error.
pub(crate) struct Cursor<'a> {
    segment: &'a Segment,
    walk: Walk<'a>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(segment: &'a Segment, cached: Option<&'a SegmentBlocks>) -> Self {
        Self { segment, walk: Walk { cached, ..Walk::default() } }
    }

    /// To the first version.
    pub(crate) fn seek_to_first(&mut self) -> Result<()> {
        self.walk.seek_to_first(self.segment)
    }

    /// To the first version whose key is at or after `key`.
    pub(crate) fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.walk.seek(self.segment, key)
    }

    /// To the last version whose key is before `end`; to the last of all for
    /// `None`.
    pub(crate) fn seek_before(&mut self, end: Option<&[u8]>) -> Result<()> {
        self.walk.seek_before(self.segment, end)
    }

    /// To the next version in order. At none it stays.
    pub(crate) fn next(&mut self) -> Result<()> {
        self.walk.next(self.segment)
    }

    /// To the version before in order. At none it stays.
    pub(crate) fn prev(&mut self) -> Result<()> {
        self.walk.prev(self.segment)
    }

    /// The version, borrowed until the cursor moves.
    pub(crate) fn current(&self) -> Option<KeyVersion<'_>> {
        self.walk.current(self.segment)
    }
}

/// What a cursor knows but for its segment. It is used with one segment only.
#[derive(Default)]
struct Walk<'a> {
    /// The cache of the segment's blocks, if it is to be used.
    cached: Option<&'a SegmentBlocks>,
    scratch: Scratch,
    ahead: ReadAhead,
    block: Option<Loaded>,
    place: Option<Place>,
    /// The key of the version at the place.
    key: Vec<u8>,
}

/// A block that was read.
#[derive(Clone)]
struct Loaded {
    number: usize,
    /// Where its bytes are in the file, or `None` if they are in the scratch
    /// memory, decompressed.
    in_file: Option<Range<usize>>,
    layout: Layout,
}

/// A version in the block.
#[derive(Clone, Copy)]
struct Place {
    ordinal: usize,
    /// Where the next entry begins.
    next: usize,
    sequence: u64,
    expires_at: u64,
    /// Where the value is in the block; `None` for a tombstone.
    value: Option<(usize, usize)>,
}

impl Walk<'_> {
    fn seek_to_first(&mut self, segment: &Segment) -> Result<()> {
        self.move_to(segment, 0, 0)
    }

    fn seek(&mut self, segment: &Segment, key: &[u8]) -> Result<()> {
        let Some((number, ordinal)) = self.lower_bound(segment, key)? else { return Ok(()) };
        if ordinal == self.count() {
            return self.move_to(segment, number + 1, 0);
        }
        self.move_to(segment, number, ordinal)
    }

    fn seek_before(&mut self, segment: &Segment, end: Option<&[u8]>) -> Result<()> {
        let Some(end) = end else {
            return self.move_to_last_of(segment, segment.parts.index.blocks());
        };
        match self.lower_bound(segment, end)? {
            Some((number, 0)) => self.move_to_last_of(segment, number),
            Some((number, ordinal)) => self.move_to(segment, number, ordinal - 1),
            None => Ok(()),
        }
    }

    fn next(&mut self, segment: &Segment) -> Result<()> {
        let (Some(place), Some(loaded)) = (self.place.take(), &self.block) else { return Ok(()) };
        let number = loaded.number;
        if place.ordinal + 1 == self.count() {
            return self.move_to(segment, number + 1, 0);
        }
        let stepped = self.step(segment, place.next, place.ordinal + 1);
        stepped.map_err(|what| segment.damage(number, what))
    }

    fn prev(&mut self, segment: &Segment) -> Result<()> {
        let (Some(place), Some(loaded)) = (self.place.take(), &self.block) else { return Ok(()) };
        match (loaded.number, place.ordinal) {
            (number, 0) => self.move_to_last_of(segment, number),
            (number, ordinal) => self.move_to(segment, number, ordinal - 1),
        }
    }

    fn current<'w>(&'w self, segment: &'w Segment) -> Option<KeyVersion<'w>> {
        let place = self.place?;
        let payload = match place.value {
            Some((start, end)) => {
                Payload::Value(self.raw(segment).get(start..end)?, place.expires_at)
            }
            None => Payload::Tombstone,
        };
        Some(KeyVersion { key: &self.key, sequence: place.sequence, payload })
    }

    /// The block in which the first version at or after `key` is, unless it is
    /// the next one's first, and how many versions are before it in the block.
    /// `None` for a segment without blocks. The cursor is at none then.
    fn lower_bound(&mut self, segment: &Segment, key: &[u8]) -> Result<Option<(usize, usize)>> {
        self.place = None;
        let index = &segment.parts.index;
        if index.blocks() == 0 {
            return Ok(None);
        }
        let number = index.first_block(&segment.file, key);
        self.load(segment, number)?;
        let bound = match self.block(segment) {
            Some(block) => block.lower_bound(key).map_err(|what| segment.damage(number, what))?,
            None => 0,
        };
        Ok(Some((number, bound)))
    }

    /// To the last version of the block before `number`, or to none.
    fn move_to_last_of(&mut self, segment: &Segment, number: usize) -> Result<()> {
        self.place = None;
        let Some(number) = number.checked_sub(1) else { return Ok(()) };
        self.load(segment, number)?;
        self.move_to(segment, number, self.count().saturating_sub(1))
    }

    /// To a version of a block, or to none if there is no such block.
    fn move_to(&mut self, segment: &Segment, number: usize, ordinal: usize) -> Result<()> {
        self.place = None;
        if number >= segment.parts.index.blocks() {
            return Ok(());
        }
        self.load(segment, number)?;
        self.replay_to(segment, ordinal).map_err(|what| {
            self.place = None;
            segment.damage(number, what)
        })
    }

    /// To a version of the loaded block, from the restart before it.
    fn replay_to(&mut self, segment: &Segment, ordinal: usize) -> Sound<()> {
        let Some(block) = self.block(segment) else { return Ok(()) };
        let restart = ordinal / RESTART_INTERVAL;
        let mut at = block.restart(restart)?;
        self.key.clear();
        for ordinal in restart * RESTART_INTERVAL..=ordinal {
            self.step(segment, at, ordinal)?;
            at = self.place.map_or(at, |place| place.next);
        }
        Ok(())
    }

    /// To the version whose entry begins at a place, from the one before.
    #[inline]
    fn step(&mut self, segment: &Segment, at: usize, ordinal: usize) -> Sound<()> {
        let Some(loaded) = &self.block else { return Ok(()) };
        let raw = loaded.raw(segment, &self.scratch);
        let entry = Block::with_layout(raw, loaded.layout).entry(at)?;
        extend_key(&mut self.key, &entry)?;
        let Entry { sequence, expires_at, value, next, .. } = entry;
        self.place = Some(Place { ordinal, next, sequence, expires_at, value });
        Ok(())
    }

    fn load(&mut self, segment: &Segment, number: usize) -> Result<()> {
        if self.block.as_ref().is_some_and(|loaded| loaded.number == number) {
            return Ok(());
        }
        self.block = None;
        let place = segment.parts.index.place(&segment.file, number);
        self.ahead.step_to(number, place, &segment.file);
        let in_file = match self.load_cached(segment, number)? {
            true => None,
            false => self.load_stored(segment, number)?,
        };
        let raw = raw_of(in_file.as_ref(), segment, &self.scratch);
        let layout = Layout::of(raw).map_err(|what| segment.damage(number, what))?;
        self.block = Some(Loaded { number, in_file, layout });
        Ok(())
    }

    /// Copies a block from the cache into the scratch memory, if it is there: a walk
    /// stays at a block for longer than a read of the cache may last.
    fn load_cached(&mut self, segment: &Segment, number: usize) -> Result<bool> {
        let Some(cached) = self.cached.filter(|_| segment.compressed.has(number)) else {
            return Ok(false);
        };
        let copied = cached.get(number, |raw| self.scratch.0.copy(raw));
        match copied {
            Some(Err(_)) => Err(Error::OutOfMemory),
            copied => Ok(copied.is_some()),
        }
    }

    /// Reads a block from the file: tells where it is there, or decompresses it into the
    /// scratch memory.
    fn load_stored(&mut self, segment: &Segment, number: usize) -> Result<Option<Range<usize>>> {
        let frame = segment.frame(number)?;
        if frame.compression == Compression::None {
            return Ok(Some(frame.content()..frame.end()));
        }
        let raw = segment.decompress(&frame, &mut self.scratch)?;
        if let Some(cached) = self.cached {
            cached.count_miss();
            let is_sound = Layout::of(raw).is_ok();
            if is_sound && !self.ahead.is_walking() {
                cached.put(number, raw);
            }
        }
        Ok(None)
    }

    fn block<'w>(&'w self, segment: &'w Segment) -> Option<Block<'w>> {
        let loaded = self.block.as_ref()?;
        Some(Block::with_layout(loaded.raw(segment, &self.scratch), loaded.layout))
    }

    fn raw<'w>(&'w self, segment: &'w Segment) -> &'w [u8] {
        self.block.as_ref().map_or(&[], |loaded| loaded.raw(segment, &self.scratch))
    }

    /// The versions of the loaded block.
    fn count(&self) -> usize {
        self.block.as_ref().map_or(0, |loaded| loaded.layout.count())
    }
}

impl Loaded {
    #[inline]
    fn raw<'w>(&self, segment: &'w Segment, scratch: &'w Scratch) -> &'w [u8] {
        raw_of(self.in_file.as_ref(), segment, scratch)
    }
}

/// A block's bytes: in the file, if it is said where, or else in the scratch memory.
#[inline]
fn raw_of<'w>(
    in_file: Option<&Range<usize>>,
    segment: &'w Segment,
    scratch: &'w Scratch,
) -> &'w [u8] {
    match in_file {
        Some(range) => segment.file.get(range.clone()).unwrap_or_default(),
        None => scratch.0.buffer(),
    }
}

/// Makes the key of an entry out of the one before.
#[inline]
pub(super) fn extend_key(key: &mut Vec<u8>, entry: &Entry<'_>) -> Sound<()> {
    let len = entry.shared + entry.suffix.len();
    if entry.shared > key.len() || len == 0 || len > MAX_KEY_LEN {
        return Err("an entry's key is impossible");
    }
    key.truncate(entry.shared);
    key.extend_from_slice(entry.suffix);
    Ok(())
}
