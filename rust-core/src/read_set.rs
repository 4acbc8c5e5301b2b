//! What a transaction has read, in its packed form.
//!
//! A read set is a run of reads, back to back, integers little-endian:
//!
//! ```text
//! +---------+------------------+-------------------+--------------+------------+-------+--------+
//! | kind u8 | first length u32 | second length u32 | sequence u64 | expiry u64 | first | second |
//! +---------+------------------+-------------------+--------------+------------+-------+--------+
//! ```
//!
//! - kind 1, a key: `first` is the key, `second` empty, `sequence` that of the value
//!   that was read, 0 if there was none, and `expiry` when it expires;
//! - kind 2, a range: `first` is its start, empty for the first key, `second` its
//!   end, which is not in it, empty for none; `sequence` is 0, and `expiry` when the
//!   first of its values expires.
//!
//! An expiry is in Unix milliseconds, 0 for never.

use crate::error::{Error, Result};
use crate::limits::check_key;
use crate::scan::Range;

/// A read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read<'a> {
    /// What was read.
    pub what: What<'a>,
    /// When a value that was read expires, in Unix milliseconds; 0 for never.
    pub expires_at: u64,
}

/// What a read is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What<'a> {
    /// A key, and the sequence number of the value that it had; 0 for none.
    Key(&'a [u8], u64),
    /// A range of keys.
    Range(Range<'a>),
}

const HEADER_LEN: usize = 25;
const KIND_KEY: u8 = 1;
const KIND_RANGE: u8 = 2;

/// Checks a packed read set from outside and lists its reads.
pub fn parse(packed: &[u8]) -> Result<Vec<Read<'_>>> {
    let mut reads = Vec::new();
    let mut rest = packed;
    while !rest.is_empty() {
        let (read, tail) = parse_read(rest)?;
        reads.push(read);
        rest = tail;
    }
    Ok(reads)
}

fn parse_read(bytes: &[u8]) -> Result<(Read<'_>, &[u8])> {
    const CUT: Error = Error::InvalidArgument("a read set is cut off");
    let (header, body) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(CUT)?;
    let [kind, a0, a1, a2, a3, b0, b1, b2, b3, numbers @ ..] = *header;
    let first_len = u32::from_le_bytes([a0, a1, a2, a3]) as usize;
    let second_len = u32::from_le_bytes([b0, b1, b2, b3]) as usize;
    let (sequence, expires_at) = numbers.split_at(8);
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte));
    let (sequence, expires_at) = (number(sequence), number(expires_at));
    let (first, body) = body.split_at_checked(first_len).ok_or(CUT)?;
    let (second, rest) = body.split_at_checked(second_len).ok_or(CUT)?;
    let bound = |bytes: &'_ [u8]| !bytes.is_empty();
    let what = match kind {
        KIND_KEY if second.is_empty() => {
            check_key(first)?;
            What::Key(first, sequence)
        }
        KIND_RANGE => {
            let (start, end) = (bound(first).then_some(first), bound(second).then_some(second));
            What::Range(Range { start, end, ..Range::default() })
        }
        _ => return Err(Error::InvalidArgument("a read set has an unknown kind of read")),
    };
    Ok((Read { what, expires_at }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(kind: u8, first: &[u8], second: &[u8], numbers: [u64; 2]) -> Vec<u8> {
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&(first.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(second.len() as u32).to_le_bytes());
        numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        [&bytes, first, second].concat()
    }

    #[test]
    fn reads_come_back() {
        let far = u64::MAX - 1;
        let all = [
            packed(1, b"k", b"", [7, 256]),
            packed(2, b"a", b"b", [0, far]),
            packed(2, b"", b"", [0, 0]),
        ];
        let range = |start, end| What::Range(Range { start, end, ..Range::default() });
        let want = [
            Read { what: What::Key(b"k", 7), expires_at: 256 },
            Read { what: range(Some(&b"a"[..]), Some(&b"b"[..])), expires_at: far },
            Read { what: range(None, None), expires_at: 0 },
        ];
        assert_eq!(parse(&all.concat()).unwrap(), want);
        assert_eq!(parse(b"").unwrap(), []);
    }

    #[test]
    fn what_is_none_is_refused() {
        let whole = packed(2, b"start", b"end", [0, 1]);
        for len in 1..whole.len() {
            assert!(matches!(parse(&whole[..len]), Err(Error::InvalidArgument(_))), "{len}");
        }
        assert_eq!(parse(&packed(1, b"", b"", [0, 0])), Err(Error::KeyEmpty));
        assert!(parse(&packed(1, b"k", b"x", [0, 0])).is_err());
        assert!(parse(&packed(3, b"k", b"", [0, 0])).is_err());
    }
}
