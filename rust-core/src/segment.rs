//! Segments: files of versions in order, written once and never changed.
//!
//! ```text
//! header | blocks of data | filter | index | properties | footer
//! ```
//!
//! A file is mapped, and read where it lies. Opening checks everything but the
//! blocks: header, footer, and the checksums, structure, order and bounds of
//! filter, index and properties. A block's checksum is checked when the block is
//! first read, which a bit for each block remembers. Even then nothing that a
//! block says is believed without a look at its bounds.
//!
//! The layout of each part is told where it is read and written: [`frame`],
//! [`block`], [`filter`], [`index`], [`properties`], [`footer`].

mod block;
mod bytes;
mod compression;
mod compression_rules;
mod cursor;
mod fault;
mod filter;
mod footer;
mod frame;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod index;
mod marks;
mod pins;
mod properties;
mod read_ahead;
mod salvage;
mod verify;
mod writer;

#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests;

pub use compression::Compression;
pub(crate) use compression_rules::CompressionRules;
pub(crate) use cursor::Cursor;
pub(crate) use pins::Pins;
pub(crate) use properties::{Properties, RangeTombstone};
pub(crate) use salvage::{Salvage, salvage};
pub(crate) use writer::{SegmentOptions, SegmentWriter};

use crate::block_cache::SegmentBlocks;
use crate::error::{Error, Result};
use crate::fs::{Access, FileSystem, Mapping};
use crate::key_version::KeyVersion;
use block::{Block, Found};
use compression::{Decompressor, Failure};
use fault::Sound;
use fault::{Fault, Parsed};
use filter::Filter;
use footer::HEADER_LEN;
use frame::{Frame, Kind};
use index::Index;
use marks::Marks;
use pins::Pin;
use std::ops::ControlFlow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A segment that is open for reading, by any number of threads.
pub(crate) struct Segment {
    path: PathBuf,
    file: Mapping,
    parts: Parts,
    /// The blocks whose checksum was found right.
    verified: Marks,
    /// Of those, the ones that are stored compressed: they may be in the cache.
    compressed: Marks,
    cached: Option<SegmentBlocks>,
    /// Filter and index, if they are pinned. Dropped after the file.
    pin: Option<Pin>,
}

/// What a segment's file says of its blocks.
struct Parts {
    filter: Option<Filter>,
    index: Index,
    properties: Properties,
    range_tombstones: Vec<RangeTombstone>,
    /// Where filter and index are in the file.
    lookup: Range<usize>,
}

/// Restarts, hashes and count of a block of common size.
const TAIL_LEN: usize = 64;

/// Memory that reads use for decompression, to be kept from one to the next.
#[derive(Default)]
pub(crate) struct Scratch(Decompressor);

impl Parts {
    /// Reads and checks everything but the blocks.
    fn parse(file: &[u8]) -> Parsed<Self> {
        footer::check_header(file)?;
        let footer = footer::Record::parse(file)?;
        // `Footer::parse` has checked that these are in order and in the file.
        let [blocks_end, filter, index, properties, end] = [
            footer.blocks_end,
            footer.filter,
            footer.index,
            footer.properties,
            footer.properties_end,
        ]
        .map(|offset| offset as usize);
        check_padding(file, blocks_end, if filter == 0 { index } else { filter })?;
        check_padding(file, end, file.len() - footer::FOOTER_LEN)?;
        let lookup = footer.lookup();
        let filter = match filter {
            0 => None,
            offset => Some(Filter::parse(&part(file, Kind::Filter, offset, index)?)?),
        };
        let frame = part(file, Kind::Index, index, properties)?;
        let index = Index::parse(file, &frame, HEADER_LEN)?;
        let frame = part(file, Kind::Properties, properties, end)?;
        if frame.end() != end {
            return Err(Fault::at(properties, "the properties do not end where the footer says"));
        }
        let record = properties::Record::parse(&frame, file.len() as u64)?;
        let blocks = index.blocks();
        let indexed_end = if blocks == 0 { HEADER_LEN } else { index.end(file) };
        if indexed_end != blocks_end || record.properties.blocks != blocks as u64 {
            return Err(Fault::at(footer.index as usize, "the index does not cover the blocks"));
        }
        Ok(Self {
            filter,
            index,
            properties: record.properties,
            range_tombstones: record.range_tombstones,
            lookup,
        })
    }
}

/// The whole part of a kind at `offset`, with nothing but zeros between it and
/// the next part.
fn part(file: &[u8], kind: Kind, offset: usize, next: usize) -> Parsed<Frame<'_>> {
    let frame = Frame::read(file, offset, next)?;
    if frame.kind != kind {
        return Err(Fault::at(offset, "another part than the footer says"));
    }
    check_padding(file, frame.end(), next)?;
    frame.check()?;
    Ok(frame)
}

/// Checks that there is nothing but zeros, and less of them than the alignment.
fn check_padding(file: &[u8], from: usize, to: usize) -> Parsed<()> {
    let padding = file.get(from..to).filter(|padding| padding.len() < footer::ALIGNMENT);
    if padding.is_some_and(|padding| padding.iter().all(|&byte| byte == 0)) {
        Ok(())
    } else {
        Err(Fault::at(from, "bytes between two parts"))
    }
}

impl Segment {
    /// Maps a file and checks header, footer, filter, index and properties; of
    /// the blocks, only where they lie.
    pub(crate) fn open(fs: &dyn FileSystem, path: &Path) -> Result<Segment> {
        let file = fs.map(path)?;
        file.advise(Access::Random);
        if let Ok(footer) = footer::Record::parse(&file) {
            // All of it is about to be read, page by page.
            file.read_ahead(footer.blocks_end as usize..file.len());
        }
        Self::of(file, path.to_path_buf())
    }

    fn of(file: Mapping, path: PathBuf) -> Result<Segment> {
        let parts = Parts::parse(&file).map_err(|fault| fault.in_file(&path))?;
        let marks = || Marks::new(parts.index.blocks());
        let (verified, compressed) = (marks(), marks());
        Ok(Segment { path, file, parts, verified, compressed, cached: None, pin: None })
    }

    /// Has reads use a cache of blocks.
    pub(crate) fn with_cache(mut self, blocks: Option<SegmentBlocks>) -> Self {
        self.cached = blocks;
        self
    }

    /// Pins filter and index, if there is leave to.
    pub(crate) fn pinned_by(mut self, pins: &Arc<Pins>) -> Self {
        self.pin = pins.pin(&self.file, self.parts.lookup.clone());
        self
    }

    /// What the segment says of its content.
    pub(crate) fn properties(&self) -> &Properties {
        &self.parts.properties
    }

    /// Where the file was when it was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives `read` the newest version of `key` with a sequence of at most
    /// `max_sequence`, tombstones included; range tombstones are not looked at.
    /// The bytes are borrowed for the call.
    pub(crate) fn get<R>(
        &self,
        key: &[u8],
        max_sequence: u64,
        scratch: &mut Scratch,
        read: impl FnOnce(KeyVersion<'_>) -> R,
    ) -> Result<Option<R>> {
        let hash = filter::hash(key);
        let Parts { filter, index, .. } = &self.parts;
        let may_contain = filter.as_ref().is_none_or(|f| f.may_contain(&self.file, hash));
        if !may_contain || index.blocks() == 0 {
            return Ok(None);
        }
        let mut number = index.block_at(&self.file, key, max_sequence);
        let mut read = Some(read);
        loop {
            let step = self.with_block(number, scratch, |block| {
                Ok(match block.get(key, hash, max_sequence)? {
                    Found::Version(sequence, payload) => {
                        let version = KeyVersion { key, sequence, payload };
                        ControlFlow::Break(read.take().map(|read| read(version)))
                    }
                    Found::Absent => ControlFlow::Break(None),
                    Found::Beyond => ControlFlow::Continue(()),
                })
            })?;
            if let ControlFlow::Break(told) = step {
                return Ok(told);
            }
            number += 1;
            if number == index.blocks() || !index.continues(&self.file, number, key) {
                return Ok(None);
            }
        }
    }

    /// The range tombstones by start: where each begins, where it ends (not
    /// included), and the sequence number below which versions are deleted.
    pub(crate) fn range_tombstones(&self) -> impl Iterator<Item = (&[u8], &[u8], u64)> {
        self.parts
            .range_tombstones
            .iter()
            .map(|t| (t.start.as_slice(), t.end.as_slice(), t.sequence))
    }

    /// A cursor over all versions in order, at first at none. It knows no cache: it is
    /// for work that nobody waits for, or that reads everything once.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor::new(self, None)
    }

    /// As [`Segment::cursor`], with the cache of blocks: it leaves the blocks there at
    /// which walks begin, and only looks for those that it walks on to.
    pub(crate) fn cached_cursor(&self) -> Cursor<'_> {
        Cursor::new(self, self.cached.as_ref())
    }

    /// Damage within a block.
    fn damage(&self, number: usize, what: &'static str) -> Error {
        let (offset, _) = self.parts.index.place(&self.file, number);
        Fault::at(offset, what).in_file(&self.path)
    }

    /// The frame of a block, its checksum right.
    fn frame(&self, number: usize) -> Result<Frame<'_>> {
        let in_file = |fault: Fault| fault.in_file(&self.path);
        let (start, end) = self.parts.index.place(&self.file, number);
        // Where a block that is not compressed has its hash index.
        bytes::prefetch(self.file.get(end.saturating_sub(TAIL_LEN)..end).unwrap_or_default());
        let frame = Frame::read(&self.file, start, end).map_err(in_file)?;
        if frame.kind != Kind::Data || frame.end() != end {
            return Err(self.damage(number, "a block is not what the index says"));
        }
        if !self.verified.has(number) {
            frame.check().map_err(in_file)?;
            self.verified.set(number);
            if frame.compression != Compression::None {
                self.compressed.set(number);
            }
        }
        Ok(frame)
    }

    /// Has a block searched: in the cache, or where it lies in the file, or decompressed
    /// into the scratch memory. From there it goes into the cache, if the search found it
    /// sound. `search` is called once at most.
    #[inline]
    fn with_block<R>(
        &self,
        number: usize,
        scratch: &mut Scratch,
        mut search: impl FnMut(Block<'_>) -> Sound<R>,
    ) -> Result<R> {
        let mut search = |raw: &[u8]| Block::parse(raw).and_then(&mut search);
        let damage = |what| self.damage(number, what);
        let cached = self.cached_block(number);
        if let Some(found) = cached.and_then(|blocks| blocks.get(number, &mut search)) {
            return found.map_err(damage);
        }
        let frame = self.frame(number)?;
        if frame.compression == Compression::None {
            return search(frame.stored).map_err(damage);
        }
        let raw = self.decompress(&frame, scratch)?;
        let found = search(raw).map_err(damage)?;
        if let Some(blocks) = &self.cached {
            blocks.count_miss();
            blocks.put(number, raw);
        }
        Ok(found)
    }

    /// The cache, if a block may be there.
    #[inline]
    fn cached_block(&self, number: usize) -> Option<&SegmentBlocks> {
        self.cached.as_ref().filter(|_| self.compressed.has(number))
    }

    fn decompress<'a>(&self, frame: &Frame<'_>, scratch: &'a mut Scratch) -> Result<&'a [u8]> {
        let decompressed = scratch.0.decompress(frame.compression, frame.stored, frame.raw_len);
        match decompressed {
            Ok(()) => Ok(scratch.0.buffer()),
            Err(Failure::OutOfMemory) => Err(Error::OutOfMemory),
            Err(Failure::Malformed(what)) => Err(Fault::at(frame.offset, what).in_file(&self.path)),
        }
    }
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segment").field("path", &self.path).finish_non_exhaustive()
    }
}
