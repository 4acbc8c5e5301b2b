//! A record of the log: header and payload, checked.
//!
//! Records start at multiples of 8. All integers are little-endian.
//!
//! ```text
//!  0           4            8               12         16              24      28
//! +-----------+------------+---------------+----------+---------------+-------+---------+
//! | header    | payload    | payload       | count    | first         | back  | payload |
//! | CRC-32C   | CRC-32C    | length        |          | sequence      |       |         |
//! +-----------+------------+---------------+----------+---------------+-------+---------+
//! ```
//!
//! The header's checksum covers the record's LSN (8 bytes) and the header behind
//! the checksum; so it is found wrong at any other place, and can be judged
//! without the payload. `back` is the distance from the record's LSN back to
//! the durable LSN of the moment in which it was written, [`NO_CLAIM`] if that
//! is farther.
//!
//! A record without sequences, whose count is 0, ends the log of a database
//! that was closed.

use crate::limits::MAX_SEQUENCE;

/// The length of a record's header in bytes.
pub(super) const HEADER_LEN: usize = 28;
/// Where records start: multiples of this many bytes.
pub(super) const ALIGN: u64 = 8;
/// The stored length of an end mark in bytes.
pub(super) const END_LEN: u64 = stored_len(0);
/// The `back` of a record that claims nothing to be durable.
const NO_CLAIM: u32 = u32::MAX;

/// The bytes that a record takes, padding included.
pub(super) const fn stored_len(payload_len: usize) -> u64 {
    ((HEADER_LEN + payload_len) as u64).next_multiple_of(ALIGN)
}

/// What a record's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordHeader {
    pub(super) payload_crc: u32,
    pub(super) payload_len: u32,
    /// The number of sequences; 0 in an end mark.
    pub(super) count: u32,
    /// The first sequence; in an end mark the last one before it.
    pub(super) first_sequence: u64,
    back: u32,
}

/// A valid record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) header: RecordHeader,
    pub(super) payload: &'a [u8],
}

/// The checksum of a payload that comes in parts.
pub(super) fn checksum(parts: &[&[u8]]) -> u32 {
    parts.iter().fold(0, |crc, part| crc32c::crc32c_append(crc, part))
}

impl RecordHeader {
    /// A record at `lsn`, written while everything below `durable` was durable.
    pub(super) fn new(
        (first_sequence, count): (u64, u32),
        (payload_len, payload_crc): (u32, u32),
        (lsn, durable): (u64, u64),
    ) -> Self {
        let back = u32::try_from(lsn.saturating_sub(durable)).unwrap_or(NO_CLAIM);
        Self { payload_crc, payload_len, count, first_sequence, back }
    }

    /// The stored form of a header at `lsn`.
    pub(super) fn encode(&self, lsn: u64) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[4..8].copy_from_slice(&self.payload_crc.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.payload_len.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.count.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first_sequence.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.back.to_le_bytes());
        let crc = header_crc(lsn, &bytes);
        bytes[..4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The header at `offset` of a file whose first byte is `base`, if it is
    /// valid and its record ends within the file.
    pub(super) fn parse(file: &[u8], base: u64, offset: u64) -> Option<Self> {
        let header = Self::unchecked(file, offset)?;
        let bytes = header_bytes(file, offset)?;
        let crc = header_crc(base.checked_add(offset)?, bytes);
        (crc == u32_at(bytes, 0)).then_some(header)
    }

    /// The header of a record at `lsn` that begins with these bytes, if it is valid;
    /// the record may be longer than they are.
    pub(super) fn parse_alone(bytes: &[u8], lsn: u64) -> Option<Self> {
        let bytes = header_bytes(bytes, 0)?;
        let header = Self::of(bytes)?;
        (header_crc(lsn, bytes) == u32_at(bytes, 0)).then_some(header)
    }

    /// What a header would say if its checksum were right: one that could be a
    /// record's, which ends within the file.
    pub(super) fn unchecked(file: &[u8], offset: u64) -> Option<Self> {
        let header = Self::of(header_bytes(file, offset)?)?;
        let end = offset.checked_add(header.stored_len())?;
        (end <= file.len() as u64).then_some(header)
    }

    /// What the bytes say, if they could be a header.
    fn of(bytes: &[u8; HEADER_LEN]) -> Option<Self> {
        let header = Self {
            payload_crc: u32_at(bytes, 4),
            payload_len: u32_at(bytes, 8),
            count: u32_at(bytes, 12),
            first_sequence: u64_at(bytes, 16),
            back: u32_at(bytes, 24),
        };
        let is_end = header.count == 0 && header.payload_len == 0;
        // Zeros are no record.
        let numbered = header.count > 0 && header.first_sequence > 0;
        let in_range = header.first_sequence <= MAX_SEQUENCE - u64::from(header.count);
        (in_range && (numbered || (is_end && bytes[..4] != [0; 4]))).then_some(header)
    }

    /// Whether this ends a closed log.
    pub(super) fn is_end(&self) -> bool {
        self.count == 0
    }

    /// The last sequence of the record.
    pub(super) fn last_sequence(&self) -> u64 {
        self.first_sequence + u64::from(self.count).saturating_sub(1)
    }

    /// The bytes that the record takes, padding included.
    pub(super) fn stored_len(&self) -> u64 {
        stored_len(self.payload_len as usize)
    }

    /// Up to where the log was durable when the record, at `lsn`, was written.
    /// 0 if it does not say.
    pub(super) fn durable(&self, lsn: u64) -> u64 {
        if self.back == NO_CLAIM { 0 } else { lsn.saturating_sub(u64::from(self.back)) }
    }
}

/// The record at `offset` of a file whose first byte is `base`, if header and
/// payload are valid.
pub(super) fn parse(file: &[u8], base: u64, offset: u64) -> Option<Record<'_>> {
    let header = RecordHeader::parse(file, base, offset)?;
    let start = usize::try_from(offset).ok()?.checked_add(HEADER_LEN)?;
    let payload = file.get(start..)?.get(..header.payload_len as usize)?;
    (checksum(&[payload]) == header.payload_crc).then_some(Record { header, payload })
}

fn header_bytes(file: &[u8], offset: u64) -> Option<&[u8; HEADER_LEN]> {
    file.get(usize::try_from(offset).ok()?..)?.first_chunk()
}

/// Covers the LSN and the header behind its checksum.
fn header_crc(lsn: u64, header: &[u8; HEADER_LEN]) -> u32 {
    let mut bytes = [0; 8 + HEADER_LEN - 4];
    bytes[..8].copy_from_slice(&lsn.to_le_bytes());
    bytes[8..].copy_from_slice(&header[4..]);
    crc32c::crc32c(&bytes)
}

/// The integer at `at`, which is within the bytes.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

/// The integer at `at`, which is within the bytes.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
