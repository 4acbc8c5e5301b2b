//! Versions of the log, sorted in memory.

use crate::batch;
use crate::error::Result;
use crate::key_version::{KeyVersion, Payload};
use crate::range_tombstones::RangeTombstone;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// So many bytes of the log are sorted in memory at once.
const FULL_LEN: usize = 64 << 20;
/// What a version takes beside its key and value, roughly.
const VERSION_LEN: usize = 96;

/// A value and its expiry; a tombstone has none.
type Stored = Option<(Vec<u8>, u64)>;

/// Versions in [`KeyVersion::order`], and range tombstones.
#[derive(Default)]
pub(super) struct Sorted {
    versions: BTreeMap<(Vec<u8>, Reverse<u64>), Stored>,
    range_tombstones: Vec<RangeTombstone>,
    len: usize,
}

impl Sorted {
    /// Adds a record of the log, whole or not at all: an error if it is no batch
    /// of `count` operations.
    pub(super) fn add(&mut self, first: u64, count: u64, payload: &[u8]) -> Result<()> {
        for (op, sequence) in batch::parse_record(payload, count)?.iter().zip(first..) {
            if let Some(tombstone) = op.range_tombstone(sequence) {
                self.len += tombstone.footprint();
                self.range_tombstones.push(tombstone);
            }
            let Some((key, payload)) = op.on_key() else { continue };
            let value: Stored = match payload {
                Payload::Value(value, expires_at) => Some((value.to_vec(), expires_at)),
                Payload::Tombstone => None,
            };
            self.len += key.len() + payload.value().len() + VERSION_LEN;
            self.versions.insert((key.to_vec(), Reverse(sequence)), value);
        }
        Ok(())
    }

    /// Whether it is time to write them.
    pub(super) fn is_full(&self) -> bool {
        self.len >= FULL_LEN
    }

    pub(super) fn range_tombstones(&self) -> &[RangeTombstone] {
        &self.range_tombstones
    }

    /// How many versions there are.
    pub(super) fn count(&self) -> u64 {
        self.versions.len() as u64
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = KeyVersion<'_>> {
        self.versions.iter().map(|((key, Reverse(sequence)), value)| {
            let payload = match value {
                Some((value, expires_at)) => Payload::Value(value, *expires_at),
                None => Payload::Tombstone,
            };
            KeyVersion { key, sequence: *sequence, payload }
        })
    }
}
