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
//! `kind` is 1 for a put; 2 for a delete, whose value length and expiry are zero; and
//! 3 for the deletion of a range: the key is its first one, empty from the first of
//! all, and the value is the first key after it, empty to the last of all.
//! `expiry` is in Unix milliseconds, zero for never. The form crosses the
//! C ABI as it is, so that a batch built by the host is never re-encoded.

use crate::error::{Error, Result};
use crate::key_version::Payload;
use crate::limits::{check_bound, check_key, check_value};
use crate::range_tombstones::RangeTombstone;

/// The longest packed batch, in bytes.
pub const MAX_BATCH_LEN: usize = 1 << 30;

/// Bytes of an operation before its key.
pub(crate) const HEADER_LEN: usize = 17;
const KIND_NOTHING: u8 = 0;
const KIND_PUT: u8 = 1;
const KIND_DELETE: u8 = 2;
const KIND_DELETE_RANGE: u8 = 3;

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
    /// Remove every key `k` with `start <= k < end`.
    DeleteRange {
        /// The first key; empty for the first of all.
        start: &'a [u8],
        /// Where the range ends; not in it. `None` for behind the last key of all.
        end: Option<&'a [u8]>,
    },
}

impl<'a> Op<'a> {
    /// The key that the operation writes, and what it stores under it; `None` if it
    /// deletes a range.
    pub(crate) fn on_key(&self) -> Option<(&'a [u8], Payload<'a>)> {
        match *self {
            Op::Put { key, value, expires_at } => Some((key, Payload::Value(value, expires_at))),
            Op::Delete { key } => Some((key, Payload::Tombstone)),
            Op::DeleteRange { .. } => None,
        }
    }

    /// The operation, with an empty value if it stores one.
    pub(crate) fn without_value(self) -> Self {
        match self {
            Op::Put { key, expires_at, .. } => Op::Put { key, value: &[], expires_at },
            op => op,
        }
    }

    /// The length of the value that it stores, 0 if it stores none.
    pub(crate) fn value_len(&self) -> usize {
        if let Op::Put { value, .. } = self { value.len() } else { 0 }
    }

    /// The packed form: header, key and value.
    pub(crate) fn pack(&self) -> ([u8; HEADER_LEN], &'a [u8], &'a [u8]) {
        let (kind, key, value, expires_at) = match *self {
            Op::Put { key, value, expires_at } => (KIND_PUT, key, value, expires_at),
            Op::Delete { key } => (KIND_DELETE, key, &[][..], 0),
            Op::DeleteRange { start, end } => {
                (KIND_DELETE_RANGE, start, end.unwrap_or_default(), 0)
            }
        };
        (header_of(kind, key.len(), value.len(), expires_at), key, value)
    }

    /// The tombstone of a deleted range; `None` if it is another operation.
    pub(crate) fn range_tombstone(&self, sequence: u64) -> Option<RangeTombstone> {
        match *self {
            Op::DeleteRange { start, end } => Some(RangeTombstone::over(start, end, sequence)),
            _ => None,
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
    header_of(kind, key.len(), payload.value().len(), payload.expires_at())
}

#[inline]
fn header_of(kind: u8, key_len: usize, value_len: usize, expires_at: u64) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[0] = kind;
    header[1..5].copy_from_slice(&(key_len as u32).to_le_bytes());
    header[5..9].copy_from_slice(&(value_len as u32).to_le_bytes());
    header[9..].copy_from_slice(&expires_at.to_le_bytes());
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
        check_key(key)?;
        check_value(value)?;
        let payload = Payload::Value(value, expires_at);
        self.append(header(key, payload), key, value)
    }

    /// Adds the removal of `key`, which need not exist.
    pub fn delete(&mut self, key: &[u8]) -> Result<()> {
        check_key(key)?;
        self.append(header(key, Payload::Tombstone), key, &[])
    }

    /// Adds the removal of every key `k` with `start <= k < end`; an empty `start` is
    /// before all keys, and no `end` is behind them. A range that holds no key adds
    /// nothing.
    pub fn delete_range(&mut self, start: &[u8], end: Option<&[u8]>) -> Result<()> {
        if end.is_some_and(|end| start >= end) {
            return Ok(());
        }
        let end = end.unwrap_or_default();
        check_bound(start)?;
        check_bound(end)?;
        self.append(header_of(KIND_DELETE_RANGE, start.len(), end.len(), 0), start, end)
    }

    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.packed.clear();
    }

    /// The packed form.
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    fn append(&mut self, header: [u8; HEADER_LEN], key: &[u8], value: &[u8]) -> Result<()> {
        let len = self.packed.len() + HEADER_LEN + key.len() + value.len();
        if len > MAX_BATCH_LEN {
            return Err(Error::BatchTooLarge(len));
        }
        self.packed.extend_from_slice(&header);
        self.packed.extend_from_slice(key);
        self.packed.extend_from_slice(value);
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
    if kind == KIND_DELETE_RANGE {
        return parse_range(key, value, expires_at).map(|op| (op, rest));
    }
    check_key(key)?;
    check_value(value)?;
    match kind {
        KIND_PUT => Ok((Op::Put { key, value, expires_at }, rest)),
        KIND_DELETE if value_len == 0 && expires_at == 0 => Ok((Op::Delete { key }, rest)),
        KIND_DELETE => Err(OpError::Malformed("delete with a value or an expiry")),
        _ => Err(OpError::Malformed("unknown operation kind")),
    }
}

fn parse_range<'a>(
    start: &'a [u8],
    end: &'a [u8],
    expires_at: u64,
) -> std::result::Result<Op<'a>, OpError> {
    check_bound(start)?;
    check_bound(end)?;
    let end = (!end.is_empty()).then_some(end);
    if expires_at != 0 {
        return Err(OpError::Malformed("the deletion of a range with an expiry"));
    }
    if end.is_some_and(|end| start >= end) {
        return Err(OpError::Malformed("the deletion of a range that ends before it begins"));
    }
    Ok(Op::DeleteRange { start, end })
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
        batch.delete_range(b"a", Some(b"b")).unwrap();
        batch.delete_range(b"", None).unwrap();
        batch.delete_range(b"b", Some(b"b")).unwrap();
        batch.delete_range(b"", Some(b"")).unwrap();
        let want = [
            Op::Put { key: b"k", value: b"v", expires_at: 7 },
            Op::Delete { key: b"d" },
            Op::Put { key: b"e", value: b"", expires_at: 0 },
            Op::DeleteRange { start: b"a", end: Some(b"b") },
            Op::DeleteRange { start: b"", end: None },
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
        for long in [vec![0; MAX_KEY + 1], vec![0xff; MAX_KEY + 1]] {
            assert_eq!(batch.delete_range(&long, None), Err(Error::KeyTooLarge(MAX_KEY + 1)));
        }
        batch.clear();
        batch.delete_range(b"a", Some(b"b")).unwrap();
        let whole = batch.packed();
        for (at, byte) in [(9, 1), (HEADER_LEN, b'b'), (HEADER_LEN + 1, b'a')] {
            let mut packed = whole.to_vec();
            packed[at] = byte;
            assert!(matches!(parse(&packed), Err(Error::BatchCorrupt { .. })), "{at}");
        }
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
                        Op::DeleteRange { start, end } => again.delete_range(start, end).unwrap(),
                    }
                }
                prop_assert_eq!(again.packed(), &bytes[..]);
            }
        }
    }
}
