//! Writing a segment, once, from its start to its end.

use super::block::{BlockBuilder, MAX_TARGET_LEN};
use super::compression::{Compression, Compressor};
use super::compression_rules::CompressionRules;
use super::filter;
use super::footer::{self, FOOTER_LEN};
use super::frame::{self, FRAME_LEN, Kind};
use super::index::IndexBuilder;
use super::properties::{self, Properties, RangeTombstone};
use crate::error::{Error, Result};
use crate::fs::NewFile;
use crate::key_version::KeyVersion;
use crate::limits::{check_key, check_value};
use std::cmp::Ordering;
use std::sync::Arc;

/// How a segment is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentOptions {
    /// Bytes of a block before compression: a target, taken as at least 256 and
    /// at most 32 KiB. A version that is larger has a block of its own.
    pub(crate) block_len: usize,
    /// How blocks are stored, but for those of keys for which there is a rule.
    pub(crate) compression: Compression,
    /// What the filter may take: 0 for no filter, below 14 for one of 9 bits a
    /// key that 0.4 % of absent keys pass, else for one of 18 bits and 0.002 %.
    pub(crate) filter_bits_per_key: u32,
}

impl Default for SegmentOptions {
    fn default() -> Self {
        Self { block_len: 4096, compression: Compression::default(), filter_bits_per_key: 10 }
    }
}

/// So many bytes are gathered before they are given to the file.
const GATHERED: usize = 256 << 10;

/// Writes a segment to a new file.
///
/// It needs memory for the block, a hash of 8 bytes a key, the index, and, while
/// it finishes, some 40 bytes a key for making the filter.
pub(crate) struct SegmentWriter {
    file: Box<dyn NewFile>,
    options: SegmentOptions,
    rules: Arc<CompressionRules>,
    /// Bytes that are not yet given to the file, and how many are.
    gathered: Vec<u8>,
    written: u64,
    /// The first error of the file: nothing is added after it.
    failure: Option<Error>,
    block: BlockBuilder,
    /// How the block is to be stored.
    compression: Compression,
    compressor: Compressor,
    index: IndexBuilder,
    hashes: Vec<u64>,
    first_key: Vec<u8>,
    last_sequence: u64,
    range_tombstones: Vec<RangeTombstone>,
    properties: Properties,
}

impl SegmentWriter {
    /// A writer to an empty file.
    pub(crate) fn new(file: Box<dyn NewFile>, options: SegmentOptions) -> Self {
        let block_len = options.block_len.clamp(256, MAX_TARGET_LEN);
        Self {
            file,
            options: SegmentOptions { block_len, ..options },
            rules: Arc::default(),
            gathered: footer::header().to_vec(),
            written: 0,
            failure: None,
            block: BlockBuilder::default(),
            compression: options.compression,
            compressor: Compressor::default(),
            index: IndexBuilder::default(),
            hashes: Vec::new(),
            first_key: Vec::new(),
            last_sequence: 0,
            range_tombstones: Vec::new(),
            properties: Properties::empty(),
        }
    }

    /// With rules of compression.
    pub(crate) fn with_rules(self, rules: Arc<CompressionRules>) -> Self {
        Self { rules, ..self }
    }

    /// Adds a version, in [`KeyVersion::order`]. One out of order, or of a size
    /// that no storage accepts, is refused and changes nothing. An error of the
    /// file ends the segment: all later calls return it.
    pub(crate) fn add(&mut self, version: &KeyVersion<'_>) -> Result<()> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        check_key(version.key)?;
        check_value(version.payload.value())?;
        let is_new_key = self.check_order(version)?;
        // Bases and lengths of an entry take less than this.
        let len = version.key.len() + version.payload.value().len() + 40;
        let compression = self.rules.of(version.key).unwrap_or(self.options.compression);
        let needs_own = len > self.options.block_len || compression != self.compression;
        if !self.block.is_empty() && needs_own {
            self.finish_block()?;
        }
        if self.block.is_empty() {
            self.compression = compression;
            let last = self.block.last_key();
            self.index.begin_block(self.offset(), last, version.key, version.sequence);
        }
        let hash = filter::hash(version.key);
        self.block.add(version, hash);
        self.count(version, hash, is_new_key);
        if self.block.len() >= self.options.block_len {
            self.finish_block()?;
        }
        Ok(())
    }

    /// Deletes the keys of `[start, end)` for versions with a smaller sequence.
    /// They may come in any order; an empty range says nothing.
    pub(crate) fn add_range_tombstone(&mut self, start: &[u8], end: &[u8], sequence: u64) {
        if start < end {
            let (start, end) = (start.to_vec(), end.to_vec());
            self.range_tombstones.push(RangeTombstone { start, end, sequence });
        }
    }

    /// The bytes of the file so far, with what is certain to follow.
    pub(crate) fn estimated_len(&self) -> u64 {
        let filter = self.hashes.len() as u64 * 9 / 8;
        self.offset() + (self.block.len() + self.index.len()) as u64 + filter
    }

    /// The versions so far.
    pub(crate) fn entries(&self) -> u64 {
        self.properties.entries
    }

    /// Whether it has no content, so that it cannot be finished.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries() == 0 && self.range_tombstones.is_empty()
    }

    /// Writes what follows the blocks, and makes the file durable; its name is
    /// the caller's to make durable. A segment without content is an error.
    pub(crate) fn finish(mut self) -> Result<Properties> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if self.is_empty() {
            return Err(Error::InvalidArgument("a segment without entries"));
        }
        if !self.block.is_empty() {
            self.finish_block()?;
        }
        let blocks_end = self.offset();
        let filter = self.write_filter()?;
        let index = self.write_index(blocks_end)?;
        let properties = self.write_properties()?;
        let properties_end = self.offset();
        self.pad();
        let file_len = self.offset() + FOOTER_LEN as u64;
        let record =
            footer::Record { filter, index, properties, properties_end, blocks_end, file_len };
        self.gathered.extend_from_slice(&record.encode()?);
        self.file.write(&self.gathered)?;
        self.file.sync()?;
        self.properties.file_len = file_len;
        Ok(self.properties)
    }

    /// Whether the version's key is another than the last one, if it is in
    /// order.
    fn check_order(&self, version: &KeyVersion<'_>) -> Result<bool> {
        if self.properties.entries == 0 {
            return Ok(true);
        }
        match self.block.last_key().cmp(version.key) {
            Ordering::Less => Ok(true),
            Ordering::Equal if version.sequence < self.last_sequence => Ok(false),
            _ => Err(Error::InvalidArgument("versions of a segment out of order")),
        }
    }

    fn count(&mut self, version: &KeyVersion<'_>, hash: u64, is_new_key: bool) {
        if self.properties.entries == 0 {
            self.first_key = version.key.to_vec();
        }
        if is_new_key && self.options.filter_bits_per_key > 0 {
            self.hashes.push(hash);
        }
        self.last_sequence = version.sequence;
        self.properties.count(version, is_new_key);
    }

    /// Where the next byte comes to lie in the file.
    fn offset(&self) -> u64 {
        self.written + self.gathered.len() as u64
    }

    fn finish_block(&mut self) -> Result<()> {
        let ended = self.write_block();
        if let Err(failure) = &ended {
            self.failure = Some(failure.clone());
        }
        ended
    }

    fn write_block(&mut self) -> Result<()> {
        let offset = self.offset();
        let raw = self.block.finish();
        let raw_len = raw.len();
        self.properties.blocks += 1;
        self.properties.raw_block_bytes += raw_len as u64;
        let (compression, stored) = self.compressor.compress(self.compression, raw)?;
        frame::write(Kind::Data, compression, raw_len, stored, offset, &mut self.gathered);
        if raw_len > GATHERED {
            // The next one of this size is not soon to come.
            self.block.shrink();
            self.compressor.shrink();
        }
        if self.gathered.len() >= GATHERED {
            self.file.write(&self.gathered)?;
            self.written = self.offset();
            self.gathered.clear();
            self.gathered.shrink_to(2 * GATHERED);
        }
        Ok(())
    }

    fn write_filter(&mut self) -> Result<u64> {
        let hashes = std::mem::take(&mut self.hashes);
        match filter::build(hashes, self.options.filter_bits_per_key) {
            Some(filter) => self.write_part(Kind::Filter, &filter),
            None => Ok(0),
        }
    }

    fn write_index(&mut self, blocks_end: u64) -> Result<u64> {
        let index = std::mem::take(&mut self.index).finish(blocks_end)?;
        self.write_part(Kind::Index, &index)
    }

    fn write_properties(&mut self) -> Result<u64> {
        self.range_tombstones
            .sort_by(|a, b| a.start.cmp(&b.start).then(b.sequence.cmp(&a.sequence)));
        let tombstones = std::mem::take(&mut self.range_tombstones);
        self.properties.finish(&self.first_key, self.block.last_key(), &tombstones);
        let record = properties::Record {
            properties: self.properties.clone(),
            range_tombstones: tombstones,
        };
        self.write_part(Kind::Properties, &record.encode()?)
    }

    /// Writes a part at the next aligned place, and tells where.
    fn write_part(&mut self, kind: Kind, bytes: &[u8]) -> Result<u64> {
        if u32::try_from(bytes.len() + FRAME_LEN).is_err() {
            return Err(Error::InvalidArgument("a part of a segment exceeds 4 GiB"));
        }
        self.pad();
        let offset = self.offset();
        frame::write(kind, Compression::None, bytes.len(), bytes, offset, &mut self.gathered);
        Ok(offset)
    }

    fn pad(&mut self) {
        let missing = footer::align(self.offset()) - self.offset();
        self.gathered.resize(self.gathered.len() + missing as usize, 0);
    }
}
