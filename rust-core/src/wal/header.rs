//! The header of a log file, and its name.
//!
//! ```text
//!  0       8         12     16     24          32          40        48         60    64
//! +-------+---------+------+------+-----------+-----------+---------+----------+-----+
//! | magic | version | zero | base | previous  | previous  | durable | zero     | CRC |
//! |       | 1       |      |      | end       | sequence  |         |          |     |
//! +-------+---------+------+------+-----------+-----------+---------+----------+-----+
//! ```
//!
//! - base: the LSN of the file's first byte, which its name repeats.
//! - previous end: the LSN at which the log before this file validly ends. What
//!   lies between that and the base is no part of the log.
//! - previous sequence: the last sequence of the last record before this file, 0
//!   if there is none.
//! - durable: everything below this LSN was durable when the file was begun.

use super::record::{u32_at, u64_at};
use crate::limits::MAX_SEQUENCE;

/// The length of a file's header in bytes; the first record follows.
pub(super) const FILE_HEADER_LEN: u64 = 64;

const MAGIC: &[u8; 8] = b"MANTISWL";
const VERSION: u32 = 1;
const LEN: usize = FILE_HEADER_LEN as usize;
/// Where the previous sequence is, in bytes from the file's start.
pub(super) const PREVIOUS_SEQUENCE_AT: usize = 32;
const CRC_AT: usize = LEN - 4;

/// What a file's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileHeader {
    pub(super) base: u64,
    pub(super) previous_end: u64,
    pub(super) previous_sequence: u64,
    pub(super) durable: u64,
}

/// What the first bytes of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// The header of a file that belongs to the log.
    Header(FileHeader),
    /// Nothing, or a header from when the file had another name: it was made
    /// ready and has not been begun.
    Blank,
    /// Neither.
    Damaged,
    /// A header of a version that is not known.
    Unknown(u32),
}

impl FileHeader {
    /// The stored form.
    pub(super) fn encode(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.base.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.previous_end.to_le_bytes());
        bytes[PREVIOUS_SEQUENCE_AT..40].copy_from_slice(&self.previous_sequence.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.durable.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..CRC_AT]);
        bytes[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }
}

/// Judges the first bytes of a file whose name says `base`.
pub(super) fn parse(file: &[u8], base: u64) -> Start {
    let Some(bytes) = file.first_chunk::<LEN>() else {
        let blank = file.iter().all(|&byte| byte == 0);
        return if blank { Start::Blank } else { Start::Damaged };
    };
    if bytes.iter().all(|&byte| byte == 0) {
        return Start::Blank;
    }
    if bytes[..8] != *MAGIC || crc32c::crc32c(&bytes[..CRC_AT]) != u32_at(bytes, CRC_AT) {
        return Start::Damaged;
    }
    if u32_at(bytes, 8) != VERSION {
        return Start::Unknown(u32_at(bytes, 8));
    }
    let header = FileHeader {
        base: u64_at(bytes, 16),
        previous_end: u64_at(bytes, 24),
        previous_sequence: u64_at(bytes, PREVIOUS_SEQUENCE_AT),
        durable: u64_at(bytes, 40),
    };
    let is_possible = header.previous_end <= base
        && header.durable <= base
        && header.previous_sequence <= MAX_SEQUENCE;
    match header.base == base {
        true if is_possible => Start::Header(header),
        true => Start::Damaged,
        false => Start::Blank,
    }
}

/// The name of the file whose first byte is `base`.
pub(super) fn file_name(base: u64) -> String {
    format!("{base:016x}.log")
}

/// The name of a file that is kept to be used again, and was `base` last.
pub(super) fn spare_name(base: u64) -> String {
    format!("{base:016x}.spare")
}

/// The base that a log file's name says; `None` if it is not a log file's.
pub(super) fn base_of(name: &str) -> Option<u64> {
    number_before(name, ".log")
}

/// The base that a spare file had last; `None` if it is not a spare file's name.
pub(super) fn spare_base(name: &str) -> Option<u64> {
    number_before(name, ".spare")
}

fn number_before(name: &str, suffix: &str) -> Option<u64> {
    let digits = name.strip_suffix(suffix)?;
    let canonical = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let number = u64::from_str_radix(digits, 16).ok()?;
    (digits.len() == 16 && digits.bytes().all(canonical)).then_some(number)
}
