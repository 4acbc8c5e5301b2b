//! The index of a segment's blocks: which one may hold a key.
//!
//! Between each two blocks stands a separator, the shortest key that is greater
//! than the last one before it and not greater than the first one behind it. If
//! the versions of one key go over the boundary, the separator is that key, and
//! the block behind it is *continued*.
//!
//! It is kept in columns, so that a search touches few lines of memory: the
//! eight bytes of each separator that follow what all have in common stand in an
//! array of numbers, which is searched first; the bytes themselves are needed
//! only where those are equal. It is searched where it lies in the file.

use super::bytes::{common_prefix, u32_at, u64_at};
use super::fault::{Fault, Parsed, Sound};
use super::frame::{FRAME_LEN, Frame};
use crate::error::{Error, Result};
use rkyv::util::AlignedVec;
use rkyv::{Archive, Serialize};
use std::cmp::Ordering;

/// The index as it is stored.
#[derive(Archive, Serialize, Default)]
struct Record {
    /// What all separators begin with.
    prefix: Vec<u8>,
    /// The first eight bytes after the prefix, as a big-endian number; bytes
    /// that are not there are 0.
    heads: Vec<u64>,
    /// Where in `rests` each separator ends.
    ends: Vec<u32>,
    /// The separators after the prefix, one after another.
    rests: Vec<u8>,
    /// Where each block begins, and where the last one ends.
    offsets: Vec<u64>,
    /// The numbers of the blocks that are continued.
    continued: Vec<u32>,
    /// The sequence number with which each of these begins.
    continued_at: Vec<u64>,
}

/// Gathers the index while blocks are written.
#[derive(Default)]
pub(super) struct IndexBuilder {
    separators: Vec<u8>,
    /// Where in `separators` each one ends.
    ends: Vec<usize>,
    offsets: Vec<u64>,
    continued: Vec<u32>,
    continued_at: Vec<u64>,
}

impl IndexBuilder {
    /// A block begins at `offset` with a key and its version's sequence; the
    /// last key of the block before is given.
    pub(super) fn begin_block(&mut self, offset: u64, last: &[u8], first: &[u8], sequence: u64) {
        if !self.offsets.is_empty() {
            let shared = common_prefix(last, first);
            if shared == first.len() {
                self.continued.push(self.offsets.len() as u32);
                self.continued_at.push(sequence);
            }
            self.separators.extend_from_slice(&first[..first.len().min(shared + 1)]);
            self.ends.push(self.separators.len());
        }
        self.offsets.push(offset);
    }

    /// The memory that the index takes, roughly: also what it takes in the file.
    pub(super) fn len(&self) -> usize {
        self.separators.len() + self.offsets.len() * 20
    }

    /// The index's bytes; `end` is where the last block ends.
    pub(super) fn finish(mut self, end: u64) -> Result<AlignedVec> {
        self.offsets.push(end);
        let prefix = self.prefix_len();
        let mut record = Record {
            prefix: self.separator(0).get(..prefix).unwrap_or_default().to_vec(),
            ..Record::default()
        };
        for i in 0..self.ends.len() {
            let rest = &self.separator(i)[prefix..];
            record.heads.push(head(rest));
            record.rests.extend_from_slice(rest);
            let end = u32::try_from(record.rests.len());
            record
                .ends
                .push(end.map_err(|_| Error::InvalidArgument("a segment's index exceeds 4 GiB"))?);
        }
        record.offsets = self.offsets;
        record.continued = self.continued;
        record.continued_at = self.continued_at;
        rkyv::to_bytes::<rkyv::rancor::Error>(&record).map_err(|_| Error::OutOfMemory)
    }

    fn separator(&self, i: usize) -> &[u8] {
        let start = i.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.ends.get(i).map_or(&[], |&end| &self.separators[start..end])
    }

    /// Separators are in order: what the first and the last one share, all do.
    fn prefix_len(&self) -> usize {
        let last = self.ends.len().saturating_sub(1);
        common_prefix(self.separator(0), self.separator(last))
    }
}

/// The first eight bytes as a big-endian number, so that numbers compare as
/// bytes do, unless they are equal.
#[inline]
fn head(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<8>() {
        Some(chunk) => u64::from_be_bytes(*chunk),
        None => {
            let mut chunk = [0; 8];
            chunk[..bytes.len()].copy_from_slice(bytes);
            u64::from_be_bytes(chunk)
        }
    }
}

/// A part of the file.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: usize,
    len: usize,
}

impl Span {
    /// Where a slice lies in the file that it is a part of.
    fn of<T>(slice: &[T], file: &[u8]) -> Self {
        let start = slice.as_ptr().addr().wrapping_sub(file.as_ptr().addr());
        Self { start, len: size_of_val(slice) }
    }

    #[inline]
    fn bytes(self, file: &[u8]) -> &[u8] {
        file.get(self.start..self.start + self.len).unwrap_or_default()
    }
}

/// An index that was checked, in its file. Only places are kept here, so that
/// whatever becomes of the file's bytes later, reads stay in bounds.
#[derive(Debug)]
pub(super) struct Index {
    prefix: Span,
    heads: Span,
    ends: Span,
    rests: Span,
    offsets: Span,
    /// Few, and so in memory: block numbers, and with which sequence they begin.
    continued: Vec<(u32, u64)>,
    blocks: usize,
}

impl Index {
    /// Checks the archive that a frame holds: its structure, order and bounds.
    /// Blocks lie one after another from `start` on, and end where the last
    /// offset says.
    pub(super) fn parse(file: &[u8], frame: &Frame<'_>, start: usize) -> Parsed<Self> {
        let fault = |what| Fault::at(frame.content(), what);
        let record = rkyv::access::<ArchivedRecord, rkyv::rancor::Error>(frame.stored)
            .map_err(|_| fault("the index does not parse"))?;
        let index = Self {
            prefix: Span::of(record.prefix.as_slice(), file),
            heads: Span::of(record.heads.as_slice(), file),
            ends: Span::of(record.ends.as_slice(), file),
            rests: Span::of(record.rests.as_slice(), file),
            offsets: Span::of(record.offsets.as_slice(), file),
            continued: record
                .continued
                .iter()
                .zip(record.continued_at.iter())
                .map(|(block, sequence)| (block.to_native(), sequence.to_native()))
                .collect(),
            blocks: record.offsets.len().saturating_sub(1),
        };
        let separators = index.blocks.saturating_sub(1);
        if record.offsets.is_empty()
            || record.heads.len() != separators
            || record.ends.len() != separators
            || record.continued.len() != record.continued_at.len()
        {
            return Err(fault("the index's columns differ in length"));
        }
        index.check_offsets(file, start, frame.offset).map_err(fault)?;
        index.check_separators(file).map_err(fault)?;
        index.check_continued(file).map_err(fault)?;
        Ok(index)
    }

    fn check_offsets(&self, file: &[u8], start: usize, end: usize) -> Sound<()> {
        let mut last = start as u64;
        for i in 0..=self.blocks {
            let offset = u64_at(self.offsets.bytes(file), 8 * i).unwrap_or(0);
            let follows = if i == 0 { offset == last } else { offset > last + FRAME_LEN as u64 };
            if !follows || offset > end as u64 {
                return Err("a block's offset in the index is impossible");
            }
            last = offset;
        }
        Ok(())
    }

    fn check_separators(&self, file: &[u8]) -> Sound<()> {
        let ends = self.ends.bytes(file);
        let mut end = 0;
        for i in 0..self.separators() {
            let next = u32_at(ends, 4 * i).unwrap_or(0);
            if next < end || next as usize > self.rests.len {
                return Err("a separator in the index is out of bounds");
            }
            end = next;
        }
        if end as usize != self.rests.len {
            return Err("separators in the index are left over");
        }
        for i in 0..self.separators() {
            let rest = self.rest(file, i);
            let ordered = match i.checked_sub(1) {
                None => true,
                Some(before) => match self.rest(file, before).cmp(rest) {
                    Ordering::Less => true,
                    Ordering::Equal => self.is_continued(i + 1),
                    Ordering::Greater => false,
                },
            };
            if !ordered || u64_at(self.heads.bytes(file), 8 * i) != Some(head(rest)) {
                return Err("separators in the index are out of order");
            }
        }
        Ok(())
    }

    fn check_continued(&self, file: &[u8]) -> Sound<()> {
        let mut last = (0, u64::MAX);
        for &(block, sequence) in &self.continued {
            let follows = block > last.0 && (block as usize) < self.blocks;
            // Within one key's run, versions become older.
            let same_run = last.0 != 0
                && block == last.0 + 1
                && self.rest(file, last.0 as usize - 1) == self.rest(file, block as usize - 1);
            if !follows || (same_run && sequence >= last.1) {
                return Err("continued blocks in the index are out of order");
            }
            last = (block, sequence);
        }
        Ok(())
    }

    /// The number of blocks.
    pub(super) fn blocks(&self) -> usize {
        self.blocks
    }

    /// Where a block begins and ends.
    #[inline]
    pub(super) fn place(&self, file: &[u8], block: usize) -> (usize, usize) {
        let offset = |i| u64_at(self.offsets.bytes(file), 8 * i).unwrap_or(0) as usize;
        (offset(block), offset(block + 1))
    }

    /// Where the blocks end.
    pub(super) fn end(&self, file: &[u8]) -> usize {
        self.place(file, self.blocks.saturating_sub(1)).1
    }

    fn separators(&self) -> usize {
        self.blocks.saturating_sub(1)
    }

    /// The separator in front of block `i + 1`, without the prefix.
    fn rest<'f>(&self, file: &'f [u8], i: usize) -> &'f [u8] {
        let ends = self.ends.bytes(file);
        let end = |i| u32_at(ends, 4 * i).unwrap_or(0) as usize;
        let start = i.checked_sub(1).map_or(0, end);
        self.rests.bytes(file).get(start..end(i)).unwrap_or_default()
    }

    /// Compares the separator in front of a block other than the first with a
    /// key.
    pub(super) fn compare_separator(&self, file: &[u8], block: usize, key: &[u8]) -> Ordering {
        self.compare(file, block.saturating_sub(1), key)
    }

    /// With which sequence number a block begins, if it begins within the
    /// versions of a key.
    pub(super) fn continued_at(&self, block: usize) -> Option<u64> {
        let found = self.continued.binary_search_by_key(&block, |&(block, _)| block as usize);
        found.ok().and_then(|i| self.continued.get(i)).map(|&(_, sequence)| sequence)
    }

    /// Whether a block begins within the versions of a key.
    pub(super) fn is_continued(&self, block: usize) -> bool {
        self.continued.binary_search_by_key(&block, |&(block, _)| block as usize).is_ok()
    }

    /// Whether a block begins with a key of which the block before has versions
    /// too.
    #[inline]
    pub(super) fn continues(&self, file: &[u8], block: usize, key: &[u8]) -> bool {
        !self.continued.is_empty()
            && self.is_continued(block)
            && self.compare(file, block - 1, key) == Ordering::Equal
    }

    /// Compares a separator with a key.
    fn compare(&self, file: &[u8], i: usize, key: &[u8]) -> Ordering {
        let prefix = self.prefix.bytes(file);
        let (front, back) = key.split_at(key.len().min(prefix.len()));
        prefix.cmp(front).then_with(|| self.rest(file, i).cmp(back))
    }

    /// The first block that may hold a version of `key`, and, if there is none
    /// in it, the first key behind it is in the next one.
    #[inline]
    pub(super) fn first_block(&self, file: &[u8], key: &[u8]) -> usize {
        let before = self.separators_before(file, key);
        let is_at = before < self.separators()
            && !self.is_continued(before + 1)
            && self.compare(file, before, key) == Ordering::Equal;
        before + usize::from(is_at)
    }

    /// The last block in which the search for the newest version of `key` at or
    /// below a sequence can start: among many blocks of one key's versions the
    /// search is short.
    #[inline]
    pub(super) fn block_at(&self, file: &[u8], key: &[u8], max_sequence: u64) -> usize {
        let first = self.first_block(file, key);
        if self.continued.is_empty() {
            return first;
        }
        let behind = self.continued.partition_point(|&(block, _)| block as usize <= first);
        let run = self.continued.get(behind..).unwrap_or_default();
        let newer = run.partition_point(|&(block, sequence)| {
            sequence > max_sequence && self.compare(file, block as usize - 1, key).is_eq()
        });
        newer.checked_sub(1).and_then(|i| run.get(i)).map_or(first, |&(block, _)| block as usize)
    }

    /// How many separators are before `key`.
    #[inline]
    fn separators_before(&self, file: &[u8], key: &[u8]) -> usize {
        let prefix = self.prefix.bytes(file);
        let rest = match key.get(..prefix.len()) {
            Some(front) => match front.cmp(prefix) {
                Ordering::Less => return 0,
                Ordering::Greater => return self.separators(),
                Ordering::Equal => &key[prefix.len()..],
            },
            None if key <= prefix => return 0,
            None => return self.separators(),
        };
        let wanted = head(rest);
        let heads = self.heads.bytes(file).as_chunks::<8>().0;
        let mut start = heads.partition_point(|head| u64::from_le_bytes(*head) < wanted);
        // Equal heads say nothing: among them the bytes decide.
        let equal = &heads[start..];
        let mut end = start;
        if equal.first().is_some_and(|head| u64::from_le_bytes(*head) == wanted) {
            end += equal.partition_point(|head| u64::from_le_bytes(*head) == wanted);
        }
        while start < end {
            let middle = usize::midpoint(start, end);
            if self.rest(file, middle) < rest {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        start
    }
}
