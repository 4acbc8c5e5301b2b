//! Write batches in their packed form.
//!
//! A batch is a run of operations, back to back, integers little-endian:
//!
//! ```text
//! +---------+----------------+------------------+-------------+-----+-------+
//! | kind u8 | key length u32 | value length u32 | expiry u64  | key | value |
//! +---------+----------------+------------------+-------------+-----+-------+
//! ```
//!
//! `kind` is 1 for a put and 2 for a delete, whose value length and expiry are
//! zero. `expiry` is in Unix milliseconds, zero for never. The form crosses the
//! C ABI as it is, so that a batch built by the host is never re-encoded.

use crate::error::{Error, Result};
use crate::key_version::Payload;
use crate::limits::{check_key, check_value};

/// The longest packed batch, in bytes.
pub const MAX_BATCH_LEN: usize = 1 << 30;

/// Bytes of an operation before its key.
pub(crate) const HEADER_LEN: usize = 17;
const KIND_NOTHING: u8 = 0;
const KIND_PUT: u8 = 1;
const KIND_DELETE: u8 = 2;

/// One operation of a batch; its bytes are borrowed from the packed form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op<'a> {
    /// Store `value` under `key` until `expires_at` (Unix milliseconds, 0 for
    /// never).
    Put {
        /// The key.
        key: &'a [u8],
        /// The value.
        value: &'a [u8],
        /// When the value stops existing.
        expires_at: u64,
    },
    /// Remove `key`.
    Delete {
        /// The key.
        key: &'a [u8],
    },
}

impl<'a> Op<'a> {
    /// The key that the operation writes.
    pub fn key(&self) -> &'a [u8] {
        match *self {
            Op::Put { key, .. } | Op::Delete { key } => key,
        }
    }

    /// The operation, with an empty value if it stores one.
    pub(crate) fn without_value(self) -> Self {
        match self {
            Op::Put { key, expires_at, .. } => Op::Put { key, value: &[], expires_at },
            op => op,
        }
    }

    /// What the operation stores under it.
    pub(crate) fn payload(&self) -> Payload<'a> {
        match *self {
            Op::Put { value, expires_at, .. } => Payload::Value(value, expires_at),
            Op::Delete { .. } => Payload::Tombstone,
        }
    }
}

/// The header of one operation; its key and its value follow. Their lengths are
/// checked by the caller.
#[inline]
pub(crate) fn header(key: &[u8], payload: Payload<'_>) -> [u8; HEADER_LEN] {
    let kind = match payload {
        Payload::Value(..) => KIND_PUT,
        Payload::Tombstone => KIND_DELETE,
    };
    let mut header = [0; HEADER_LEN];
    header[0] = kind;
    header[1..5].copy_from_slice(&(key.len() as u32).to_le_bytes());
    header[5..9].copy_from_slice(&(payload.value().len() as u32).to_le_bytes());
    header[9..].copy_from_slice(&payload.expires_at().to_le_bytes());
    header
}

/// The first operation of a packed run that was checked before, and the bytes that
/// it takes; none at the run's end, behind which there may be zeroes.
pub(crate) fn first_of(packed: &[u8]) -> Result<Option<(Op<'_>, usize)>> {
    if packed.first().is_none_or(|&kind| kind == KIND_NOTHING) {
        return Ok(None);
    }
    let (op, rest) = parse_op(packed).map_err(|e| e.at(0))?;
    Ok(Some((op, packed.len() - rest.len())))
}

/// An operation in its packed form: its header, its key and its value.
pub(crate) fn packed<'a>(op: &Op<'a>) -> ([u8; HEADER_LEN], &'a [u8], &'a [u8]) {
    let (key, payload) = (op.key(), op.payload());
    (header(key, payload), key, payload.value())
}

/// The operations of a record of the log with so many sequence numbers. Behind
/// them there may be zeroes: the place was taken for a longer record, or for a
/// write that then was not made, whose record has no operations.
pub(crate) fn parse_record(payload: &[u8], count: u64) -> Result<Vec<Op<'_>>> {
    let ops = parse_until(payload, |rest| rest.first() == Some(&KIND_NOTHING))?;
    if ops.is_empty() || ops.len() as u64 == count {
        return Ok(ops);
    }
    Err(Error::InvalidArgument("a record of the log has another number of operations"))
}

/// A batch under construction. A later operation on the same key wins.
#[derive(Debug, Default, Clone)]
pub struct WriteBatch {
    packed: Vec<u8>,
}

impl WriteBatch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a write of `value` under `key`; `expires_at` is in Unix
    /// milliseconds, 0 for never.
    pub fn put(&mut self, key: &[u8], value: &[u8], expires_at: u64) -> Result<()> {
        check_value(value)?;
        self.append(key, Payload::Value(value, expires_at))
    }

    /// Adds the removal of `key`, which need not exist.
    pub fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.append(key, Payload::Tombstone)
    }

    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.packed.clear();
    }

    /// The packed form.
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    fn append(&mut self, key: &[u8], payload: Payload<'_>) -> Result<()> {
        check_key(key)?;
        let len = self.packed.len() + HEADER_LEN + key.len() + payload.value().len();
        if len > MAX_BATCH_LEN {
            return Err(Error::BatchTooLarge(len));
        }
        self.packed.extend_from_slice(&header(key, payload));
        self.packed.extend_from_slice(key);
        self.packed.extend_from_slice(payload.value());
        Ok(())
    }
}

/// Checks a packed batch from outside and lists its operations. The whole batch
/// is checked before anything of it is applied.
pub fn parse(packed: &[u8]) -> Result<Vec<Op<'_>>> {
    parse_until(packed, |_| false)
}

fn parse_until(packed: &[u8], ends: impl Fn(&[u8]) -> bool) -> Result<Vec<Op<'_>>> {
    if packed.len() > MAX_BATCH_LEN {
        return Err(Error::BatchTooLarge(packed.len()));
    }
    let mut ops = Vec::new();
    let mut rest = packed;
    while !rest.is_empty() && !ends(rest) {
        let offset = packed.len() - rest.len();
        let (op, tail) = parse_op(rest).map_err(|e| e.at(offset))?;
        ops.push(op);
        rest = tail;
    }
    if rest.iter().any(|&byte| byte != 0) {
        let offset = packed.len() - rest.len();
        return Err(Error::BatchCorrupt { offset, what: "bytes behind the last operation" });
    }
    Ok(ops)
}

enum OpError {
    Malformed(&'static str),
    Refused(Error),
}

impl OpError {
    /// The error of a batch whose operation at an offset is bad.
    fn at(self, offset: usize) -> Error {
        match self {
            OpError::Malformed(what) => Error::BatchCorrupt { offset, what },
            OpError::Refused(e) => e,
        }
    }
}

impl From<Error> for OpError {
    fn from(e: Error) -> Self {
        OpError::Refused(e)
    }
}

fn parse_op(bytes: &[u8]) -> std::result::Result<(Op<'_>, &[u8]), OpError> {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER_LEN>() else {
        return Err(OpError::Malformed("truncated header"));
    };
    let [kind, k0, k1, k2, k3, v0, v1, v2, v3, expiry @ ..] = *header;
    let key_len = u32::from_le_bytes([k0, k1, k2, k3]) as usize;
    let value_len = u32::from_le_bytes([v0, v1, v2, v3]) as usize;
    let expires_at = u64::from_le_bytes(expiry);
    let Some((key, body)) = body.split_at_checked(key_len) else {
        return Err(OpError::Malformed("truncated key"));
    };
    let Some((value, rest)) = body.split_at_checked(value_len) else {
        return Err(OpError::Malformed("truncated value"));
    };
    check_key(key)?;
    check_value(value)?;
    match kind {
        KIND_PUT => Ok((Op::Put { key, value, expires_at }, rest)),
        KIND_DELETE if value_len == 0 && expires_at == 0 => Ok((Op::Delete { key }, rest)),
        KIND_DELETE => Err(OpError::Malformed("delete with a value or an expiry")),
        _ => Err(OpError::Malformed("unknown operation kind")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn round_trip() {
        let mut batch = WriteBatch::new();
        batch.put(b"k", b"v", 7).unwrap();
        batch.delete(b"d").unwrap();
        batch.put(b"e", b"", 0).unwrap();
        let want = [
            Op::Put { key: b"k", value: b"v", expires_at: 7 },
            Op::Delete { key: b"d" },
            Op::Put { key: b"e", value: b"", expires_at: 0 },
        ];
        assert_eq!(parse(batch.packed()).unwrap(), want);
        batch.clear();
        assert_eq!(parse(batch.packed()).unwrap(), []);
    }

    #[test]
    fn every_truncation_is_refused() {
        let mut batch = WriteBatch::new();
        batch.put(b"key", b"value", 1).unwrap();
        let whole = batch.packed();
        for len in 1..whole.len() {
            let got = parse(&whole[..len]);
            assert!(matches!(got, Err(Error::BatchCorrupt { offset: 0, .. })), "{len}: {got:?}");
        }
    }

    #[test]
    fn bad_operations_are_refused() {
        let mut batch = WriteBatch::new();
        assert_eq!(batch.put(b"", b"v", 0), Err(Error::KeyEmpty));
        assert_eq!(batch.delete(&vec![0; MAX_KEY + 1]), Err(Error::KeyTooLarge(MAX_KEY + 1)));
        batch.delete(b"k").unwrap();
        let mut packed = batch.packed().to_vec();
        packed[0] = 9;
        let unknown = Error::BatchCorrupt { offset: 0, what: "unknown operation kind" };
        assert_eq!(parse(&packed), Err(unknown));
        packed[0] = KIND_DELETE;
        packed[9] = 1;
        assert!(matches!(parse(&packed), Err(Error::BatchCorrupt { .. })));
    }

    const MAX_KEY: usize = crate::limits::MAX_KEY_LEN;

    proptest! {
        #[test]
        fn any_bytes_parse_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(ops) = parse(&bytes) {
                let mut again = WriteBatch::new();
                for op in ops {
                    match op {
                        Op::Put { key, value, expires_at } => again.put(key, value, expires_at).unwrap(),
                        Op::Delete { key } => again.delete(key).unwrap(),
                    }
                }
                prop_assert_eq!(again.packed(), &bytes[..]);
            }
        }
    }
}
