//! One version of one key, as the log, the segments and merges hand it on.

use std::cmp::Ordering;

/// What a write stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload<'a> {
    /// A value and its expiry in Unix milliseconds, 0 for never.
    Value(&'a [u8], u64),
    /// The deletion of the key.
    Tombstone,
}

/// A version of a key. Its bytes are borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyVersion<'a> {
    /// The key.
    pub(crate) key: &'a [u8],
    /// The write's sequence number.
    pub(crate) sequence: u64,
    /// What was written.
    pub(crate) payload: Payload<'a>,
}

impl KeyVersion<'_> {
    /// The order of versions in a segment and in a merge: by key, and of one
    /// key the newest first.
    pub(crate) fn order(&self, other: &KeyVersion<'_>) -> Ordering {
        self.key.cmp(other.key).then(other.sequence.cmp(&self.sequence))
    }

    /// Bytes of key and value.
    pub(crate) fn len(&self) -> u64 {
        self.key.len() as u64 + self.payload.value().len() as u64
    }
}

impl<'a> Payload<'a> {
    /// The value; empty for a tombstone.
    pub(crate) fn value(&self) -> &'a [u8] {
        match *self {
            Payload::Value(value, _) => value,
            Payload::Tombstone => &[],
        }
    }

    /// Unix milliseconds; 0 for never.
    pub(crate) fn expires_at(&self) -> u64 {
        match *self {
            Payload::Value(_, expires_at) => expires_at,
            Payload::Tombstone => 0,
        }
    }
}
