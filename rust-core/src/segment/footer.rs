//! The fixed parts at the file's ends: the header tells what the file is, the
//! footer where its parts are.
//!
//! ```text
//! header                                 footer, the last 64 bytes
//!  0  8 bytes  magic                      0  u64  offset of the filter's frame, 0 for none
//!  8  u32      version                    8  u64  offset of the index's frame
//! 12  u8       1: little-endian          16  u64  offset of the properties' frame
//! 13  u8       32: width of pointers     24  u64  where the properties' frame ends
//! 14  u8       16: alignment             32  u64  where the blocks end
//! 15  13 bytes 0                         40  u64  the file's length
//! 28  u32      CRC-32C of the 28 above   48  u32  version
//!                                        52  u32  CRC-32C of the 52 above
//!                                        56  8 bytes  magic
//! ```
//!
//! The footer's first 48 bytes are an rkyv archive of [`Record`]. Byte order,
//! width and alignment are those of all archives in the file.

use super::bytes::u32_at;
use super::fault::{Fault, Parsed};
use crate::error::{Error, Result};
use rkyv::{Archive, Serialize};
use std::ops::Range;

/// The version of the format that is written.
pub(super) const VERSION: u32 = 1;
/// The length of the header.
pub(super) const HEADER_LEN: usize = 32;
/// The length of the footer.
pub(super) const FOOTER_LEN: usize = RECORD_LEN + 16;
/// What filter, index, properties and footer begin at a multiple of.
pub(super) const ALIGNMENT: usize = 16;

const HEADER_MAGIC: [u8; 8] = *b"MANTISEG";
const FOOTER_MAGIC: [u8; 8] = *b"GESITNAM";
/// Little-endian, pointers of 32 bits, alignment of 16.
const ARCHIVES: [u8; 3] = [1, 32, ALIGNMENT as u8];
const RECORD_LEN: usize = size_of::<ArchivedRecord>();
const _: () = assert!(RECORD_LEN == 48 && FOOTER_LEN.is_multiple_of(ALIGNMENT));

/// Where the parts of a file are, in bytes from its start.
#[derive(Archive, Serialize, Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Record {
    /// The filter's frame; 0 if there is none.
    pub(super) filter: u64,
    /// The index's frame.
    pub(super) index: u64,
    /// The properties' frame.
    pub(super) properties: u64,
    /// Where the properties' frame ends.
    pub(super) properties_end: u64,
    /// Where the last block of data ends.
    pub(super) blocks_end: u64,
    /// The length of the file.
    pub(super) file_len: u64,
}

/// The first multiple of [`ALIGNMENT`] at or after `offset`.
pub(super) fn align(offset: u64) -> u64 {
    offset.next_multiple_of(ALIGNMENT as u64)
}

/// The file's header.
pub(super) fn header() -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[..8].copy_from_slice(&HEADER_MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..15].copy_from_slice(&ARCHIVES);
    let crc = crc32c::crc32c(&header[..28]);
    header[28..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// Checks the file's header.
pub(super) fn check_header(file: &[u8]) -> Parsed<()> {
    let fault = |what| Fault::at(0, what);
    let head =
        file.first_chunk::<HEADER_LEN>().ok_or(fault("the file is shorter than a header"))?;
    if head[..8] != HEADER_MAGIC {
        return Err(fault("not a segment"));
    }
    if u32_at(head, 28) != Some(crc32c::crc32c(&head[..28])) {
        return Err(fault("the header's checksum does not match"));
    }
    match u32_at(head, 8) {
        Some(VERSION) if *head == header() => Ok(()),
        Some(VERSION) | None => Err(fault("the header does not parse")),
        Some(other) => Err(Fault::Version(other)),
    }
}

impl Record {
    /// The footer's bytes.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let record = rkyv::to_bytes::<rkyv::rancor::Error>(self).map_err(|_| Error::OutOfMemory)?;
        let mut bytes = record.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes.extend_from_slice(&FOOTER_MAGIC);
        Ok(bytes)
    }

    /// Reads and checks the footer: its parts follow each other within the file,
    /// each at a multiple of [`ALIGNMENT`], with zeros in between.
    pub(super) fn parse(file: &[u8]) -> Parsed<Self> {
        let start = file.len().saturating_sub(FOOTER_LEN);
        let fault = |what| Fault::at(start, what);
        let footer = file.last_chunk::<FOOTER_LEN>().ok_or(fault("the file has no footer"))?;
        if footer[RECORD_LEN + 8..] != FOOTER_MAGIC {
            return Err(fault("the file does not end with a footer"));
        }
        if u32_at(footer, RECORD_LEN + 4) != Some(crc32c::crc32c(&footer[..RECORD_LEN + 4])) {
            return Err(fault("the footer's checksum does not match"));
        }
        if u32_at(footer, RECORD_LEN) != Some(VERSION) {
            return Err(fault("the footer's version is not the header's"));
        }
        let record = rkyv::access::<ArchivedRecord, rkyv::rancor::Error>(&footer[..RECORD_LEN])
            .map_err(|_| fault("the footer does not parse"))?;
        let record = Self {
            filter: record.filter.to_native(),
            index: record.index.to_native(),
            properties: record.properties.to_native(),
            properties_end: record.properties_end.to_native(),
            blocks_end: record.blocks_end.to_native(),
            file_len: record.file_len.to_native(),
        };
        if record.fits(file.len() as u64) {
            Ok(record)
        } else {
            Err(fault("the footer's offsets contradict each other"))
        }
    }

    /// Where filter and index are, from the one's frame to the other's end.
    pub(super) fn lookup(&self) -> Range<usize> {
        let start = if self.filter == 0 { self.index } else { self.filter };
        start as usize..self.properties as usize
    }

    fn fits(&self, file_len: u64) -> bool {
        let after_blocks = self.blocks_end.checked_next_multiple_of(ALIGNMENT as u64);
        let footer = self.properties_end.checked_next_multiple_of(ALIGNMENT as u64);
        let aligned = |offset: u64| offset.is_multiple_of(ALIGNMENT as u64) && offset <= file_len;
        self.file_len == file_len
            && self.blocks_end >= HEADER_LEN as u64
            && after_blocks == Some(if self.filter == 0 { self.index } else { self.filter })
            && self.filter <= self.index
            && self.index < self.properties
            && self.properties < self.properties_end
            && aligned(self.index)
            && aligned(self.properties)
            && footer == Some(file_len - FOOTER_LEN as u64)
    }
}
