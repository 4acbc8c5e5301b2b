//! What a segment says of itself.

use super::fault::{Fault, Parsed, Sound};
use super::frame::Frame;
use crate::error::{Error, Result};
use crate::key_version::{KeyVersion, Payload};
use rkyv::util::AlignedVec;
use rkyv::with::Skip;
use rkyv::{Archive, Deserialize, Serialize};

/// Counts and bounds of a segment's content.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Properties {
    /// The file's length in bytes.
    #[rkyv(with = Skip)]
    pub(crate) file_len: u64,
    /// Versions, tombstones among them.
    pub(crate) entries: u64,
    /// Distinct keys.
    pub(crate) keys: u64,
    /// Versions that are tombstones.
    pub(crate) tombstones: u64,
    /// Range tombstones, which are no entries.
    pub(crate) range_tombstones: u64,
    /// Versions that have an expiry.
    pub(crate) expiring: u64,
    /// The first expiry of a version, in Unix milliseconds; 0 if none has one.
    pub(crate) earliest_expiry: u64,
    /// The last expiry, in Unix milliseconds; 0 if some entry never expires, be
    /// it a value or a tombstone, or if there are range tombstones.
    pub(crate) latest_expiry: u64,
    /// The first key; a start of a range tombstone counts as one.
    pub(crate) first_key: Vec<u8>,
    /// The last key; an end of a range tombstone, which does not belong to the
    /// range, counts as one.
    pub(crate) last_key: Vec<u8>,
    /// The least sequence number, those of range tombstones included.
    pub(crate) min_sequence: u64,
    /// The greatest one.
    pub(crate) max_sequence: u64,
    /// Bytes of the keys of all entries.
    pub(crate) raw_key_bytes: u64,
    /// Bytes of all values.
    pub(crate) raw_value_bytes: u64,
    /// Bytes of keys and values of all versions that have an expiry.
    pub(crate) expiring_bytes: u64,
    /// Bytes of keys and values of all versions but the newest of each key.
    pub(crate) superseded_bytes: u64,
    /// Blocks of data.
    pub(crate) blocks: u64,
    /// Bytes of all blocks, decompressed.
    pub(crate) raw_block_bytes: u64,
}

/// The deletion of the keys from a start up to but not including an end, for
/// versions with a smaller sequence number.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub(crate) struct RangeTombstone {
    /// The first key.
    pub(crate) start: Vec<u8>,
    /// Where the range ends; not in it.
    pub(crate) end: Vec<u8>,
    /// The write's sequence number.
    pub(crate) sequence: u64,
}

/// What is stored.
#[derive(Archive, Serialize, Deserialize, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) properties: Properties,
    /// By start, and of one start the newest first.
    pub(super) range_tombstones: Vec<RangeTombstone>,
}

impl Properties {
    /// Those of nothing.
    pub(super) fn empty() -> Self {
        Self { min_sequence: u64::MAX, ..Self::default() }
    }

    /// Counts a version; all come in order.
    pub(super) fn count(&mut self, version: &KeyVersion<'_>, is_new_key: bool) {
        self.entries += 1;
        self.keys += u64::from(is_new_key);
        self.tombstones += u64::from(version.payload == Payload::Tombstone);
        self.count_expiry(version);
        self.count_sequence(version.sequence);
        self.raw_key_bytes += version.key.len() as u64;
        self.raw_value_bytes += version.payload.value().len() as u64;
        if !is_new_key {
            self.superseded_bytes += version.len();
        }
    }

    /// Bytes of keys and values of all entries.
    pub(crate) fn raw_bytes(&self) -> u64 {
        self.raw_key_bytes.saturating_add(self.raw_value_bytes)
    }

    fn count_expiry(&mut self, version: &KeyVersion<'_>) {
        let expires_at = version.payload.expires_at();
        if expires_at != 0 {
            self.expiring += 1;
            self.expiring_bytes += version.len();
            self.earliest_expiry = match self.earliest_expiry {
                0 => expires_at,
                earliest => earliest.min(expires_at),
            };
            self.latest_expiry = self.latest_expiry.max(expires_at);
        }
    }

    fn count_sequence(&mut self, sequence: u64) {
        self.min_sequence = self.min_sequence.min(sequence);
        self.max_sequence = self.max_sequence.max(sequence);
    }

    /// Counts the range tombstones, after all versions, whose first and last
    /// key are given.
    pub(super) fn finish(&mut self, first: &[u8], last: &[u8], tombstones: &[RangeTombstone]) {
        let starts = tombstones.iter().map(|t| t.start.as_slice());
        let ends = tombstones.iter().map(|t| t.end.as_slice());
        let own = |key| (self.entries > 0).then_some(key);
        self.first_key = starts.chain(own(first)).min().unwrap_or_default().to_vec();
        self.last_key = ends.chain(own(last)).max().unwrap_or_default().to_vec();
        for tombstone in tombstones {
            self.count_sequence(tombstone.sequence);
        }
        self.range_tombstones = tombstones.len() as u64;
        if self.expiring != self.entries || self.range_tombstones != 0 {
            self.latest_expiry = 0;
        }
    }
}

impl Record {
    pub(super) fn encode(&self) -> Result<AlignedVec> {
        rkyv::to_bytes::<rkyv::rancor::Error>(self).map_err(|_| Error::OutOfMemory)
    }

    /// Checks the archive that a frame holds, and takes it into memory, which is
    /// no more than the frame's length.
    pub(super) fn parse(frame: &Frame<'_>, file_len: u64) -> Parsed<Self> {
        let fault = |what| Fault::at(frame.content(), what);
        let mut record = rkyv::from_bytes::<Self, rkyv::rancor::Error>(frame.stored)
            .map_err(|_| fault("the properties do not parse"))?;
        record.properties.file_len = file_len;
        record.check().map_err(fault)?;
        Ok(record)
    }

    fn check(&self) -> Sound<()> {
        let p = &self.properties;
        let tombstones = &self.range_tombstones;
        if p.range_tombstones != tombstones.len() as u64 || (p.entries == 0) != (p.blocks == 0) {
            return Err("the properties' counts contradict each other");
        }
        if p.first_key > p.last_key || p.min_sequence > p.max_sequence {
            return Err("the properties' bounds contradict each other");
        }
        let covered = tombstones.iter().all(|t| {
            t.start < t.end
                && t.start >= p.first_key
                && t.end <= p.last_key
                && (p.min_sequence..=p.max_sequence).contains(&t.sequence)
        });
        let ordered = tombstones.is_sorted_by_key(|t| (&t.start, u64::MAX - t.sequence));
        if covered && ordered { Ok(()) } else { Err("range tombstones are out of bounds or order") }
    }
}
