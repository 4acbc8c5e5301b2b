//! The frame around each part of a segment: 16 bytes that tell what follows,
//! how long it is and whether it is whole. A frame explains itself, so that a
//! file without its index can still be walked.
//!
//! ```text
//!  0  u16  magic
//!  2  u8   kind of the part
//!  3  u8   compression
//!  4  u32  length as stored
//!  8  u32  length once decompressed
//! 12  u32  CRC-32C of the frame's offset in the file (u64), the 12 bytes above
//!          and the stored bytes
//! ```
//!
//! The offset is part of the checksum: a part that came to lie in another place
//! is damaged.

use super::bytes::u32_at;
use super::compression::Compression;
use super::fault::{Fault, Parsed};
use crate::limits::{MAX_KEY_LEN, MAX_VALUE_LEN};

/// The bytes in front of what is framed.
pub(super) const FRAME_LEN: usize = 16;
/// What a frame begins with.
pub(super) const MAGIC: [u8; 2] = [0xb5, 0x5e];
/// The most bytes that a block of data holds, decompressed: one version of the
/// greatest size, and what the block adds to it.
pub(super) const MAX_BLOCK_LEN: usize = MAX_VALUE_LEN + 2 * MAX_KEY_LEN;

/// The kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Versions.
    Data = 1,
    /// The filter.
    Filter = 2,
    /// The index of the blocks of data.
    Index = 3,
    /// The properties and the range tombstones.
    Properties = 4,
}

impl Kind {
    fn from_code(code: u8) -> Option<Self> {
        [Self::Data, Self::Filter, Self::Index, Self::Properties]
            .into_iter()
            .find(|&kind| kind as u8 == code)
    }
}

/// A frame in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// Where it begins.
    pub(super) offset: usize,
    pub(super) kind: Kind,
    pub(super) compression: Compression,
    /// The length of what is framed, decompressed. It is bounded: for raw parts
    /// by the file, for blocks of data by [`MAX_BLOCK_LEN`].
    pub(super) raw_len: usize,
    /// What is framed, as it is stored.
    pub(super) stored: &'a [u8],
    crc: u32,
}

impl<'a> Frame<'a> {
    /// Reads the frame at `offset`, whose end may not lie behind `end`. The
    /// checksum is not checked.
    #[inline]
    pub(super) fn read(file: &'a [u8], offset: usize, end: usize) -> Parsed<Self> {
        let fault = |what| Fault::at(offset, what);
        let rest = file.get(offset..end).ok_or(fault("a part begins behind its end"))?;
        let (head, rest) =
            rest.split_first_chunk::<FRAME_LEN>().ok_or(fault("a part is cut off"))?;
        if head[..2] != MAGIC {
            return Err(fault("no part begins here"));
        }
        let kind = Kind::from_code(head[2]).ok_or(fault("unknown kind of a part"))?;
        let compression =
            Compression::from_code(head[3]).ok_or(fault("unknown compression of a part"))?;
        let lengths = (u32_at(head, 4), u32_at(head, 8), u32_at(head, 12));
        let (Some(stored_len), Some(raw_len), Some(crc)) = lengths else {
            return Err(fault("a part is cut off"));
        };
        let stored = rest.get(..stored_len as usize).ok_or(fault("a part is cut off"))?;
        let raw_len = raw_len as usize;
        let is_possible_block = raw_len <= MAX_BLOCK_LEN && stored.len() <= MAX_BLOCK_LEN;
        let fits = match compression {
            _ if kind == Kind::Data && !is_possible_block => false,
            Compression::None => raw_len == stored.len(),
            _ => kind == Kind::Data,
        };
        if !fits {
            return Err(fault("impossible length of a part"));
        }
        Ok(Self { offset, kind, compression, raw_len, stored, crc })
    }

    /// Where the frame ends.
    pub(super) fn end(&self) -> usize {
        self.offset + FRAME_LEN + self.stored.len()
    }

    /// Where what is framed begins.
    pub(super) fn content(&self) -> usize {
        self.offset + FRAME_LEN
    }

    /// Checks the checksum.
    pub(super) fn check(&self) -> Parsed<()> {
        let head = head(self.kind, self.compression, self.stored.len(), self.raw_len);
        if checksum(self.offset as u64, &head, self.stored) == self.crc {
            Ok(())
        } else {
            Err(Fault::at(self.offset, "checksum does not match"))
        }
    }
}

/// Appends a frame and its content. `offset` is where it comes to lie in the
/// file. Lengths are below 4 GiB.
pub(super) fn write(
    kind: Kind,
    compression: Compression,
    raw_len: usize,
    stored: &[u8],
    offset: u64,
    to: &mut Vec<u8>,
) {
    let head = head(kind, compression, stored.len(), raw_len);
    to.extend_from_slice(&head);
    to.extend_from_slice(&checksum(offset, &head, stored).to_le_bytes());
    to.extend_from_slice(stored);
}

fn head(kind: Kind, compression: Compression, stored_len: usize, raw_len: usize) -> [u8; 12] {
    let mut head = [0; 12];
    head[..2].copy_from_slice(&MAGIC);
    head[2] = kind as u8;
    head[3] = compression as u8;
    head[4..8].copy_from_slice(&(stored_len as u32).to_le_bytes());
    head[8..].copy_from_slice(&(raw_len as u32).to_le_bytes());
    head
}

fn checksum(offset: u64, head: &[u8; 12], stored: &[u8]) -> u32 {
    let mut start = [0; 20];
    start[..8].copy_from_slice(&offset.to_le_bytes());
    start[8..].copy_from_slice(head);
    crc32c::crc32c_append(crc32c::crc32c(&start), stored)
}
