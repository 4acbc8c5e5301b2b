//! A block of data: some versions in order, decompressed.
//!
//! ```text
//! varint  base of sequence numbers: that of the first entry
//! varint  base of expiries: that of the first entry that has one, or 0
//! entries
//! u16     where each RESTART_INTERVAL-th entry begins, from the first entry on
//! u8      for each entry, the first byte of its key's hash
//! u16     the number of entries, at least 1
//! ```
//!
//! An entry is one version. Its key is told by what it shares with the key
//! before it; each [`RESTART_INTERVAL`]-th entry shares nothing, so that reading
//! can start there.
//!
//! ```text
//! u8      bytes shared with the key before (high half), further bytes of the
//!         key (low half); 15 says that a varint with the rest follows
//! varint  sequence number, as the zigzag difference to the base
//! varint  length of the value * 4 + kind: 0 tombstone, 1 value, 2 value with expiry
//! varint  kind 2 only: expiry, as the zigzag difference to the base
//! bytes   the further bytes of the key
//! bytes   the value
//! ```
//!
//! The bytes of hashes are the block's hash index: a read of one key looks for
//! its byte among them and starts at the last restart before it. One entry of
//! 256 others is looked at in vain; a key that is not in the block costs no
//! search at all in most cases.

use super::bytes::{self, common_prefix, put_varint, u16_at, unzigzag, varint, zigzag};
use super::fault::Sound;
use crate::key_version::{KeyVersion, Payload};
use crate::limits::MAX_KEY_LEN;
use std::cmp::Ordering;
use std::ops::Range;

/// So many entries from one restart to the next.
pub(super) const RESTART_INTERVAL: usize = 8;

/// Entries begin before this many bytes of a block, so that two bytes tell
/// where. Only the last one may end behind it.
pub(super) const MAX_TARGET_LEN: usize = 1 << 15;

const TOMBSTONE: u64 = 0;
const VALUE: u64 = 1;
const EXPIRING: u64 = 2;

const NIBBLE: usize = 15;

/// The byte by which the hash index knows a key.
#[inline]
fn fingerprint(hash: u64) -> u8 {
    (hash >> 56) as u8
}

/// The most bytes that the two bases take.
const BASES_ROOM: usize = 2 * 10;

/// Builds one block after the other.
#[derive(Default)]
pub(super) struct BlockBuilder {
    /// [`BASES_ROOM`] bytes, and the entries; once the block is finished, all of it up to
    /// its end. Nothing before the first block.
    bytes: Vec<u8>,
    restarts: Vec<u8>,
    fingerprints: Vec<u8>,
    base_sequence: u64,
    base_expiry: u64,
    /// The last key, also of the block before.
    last_key: Vec<u8>,
}

impl BlockBuilder {
    /// The last key that was added; empty before the first.
    pub(super) fn last_key(&self) -> &[u8] {
        &self.last_key
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    /// The block's length so far.
    pub(super) fn len(&self) -> usize {
        self.entries_len() + self.restarts.len() + self.fingerprints.len() + 8
    }

    fn entries_len(&self) -> usize {
        if self.is_empty() { 0 } else { self.bytes.len() - BASES_ROOM }
    }

    /// Adds a version, which comes after all others in order.
    pub(super) fn add(&mut self, version: &KeyVersion<'_>, hash: u64) {
        if self.is_empty() {
            self.begin(version.sequence);
        }
        let shared = if self.fingerprints.len().is_multiple_of(RESTART_INTERVAL) {
            self.restarts.extend_from_slice(&(self.entries_len() as u16).to_le_bytes());
            0
        } else {
            common_prefix(&self.last_key, version.key)
        };
        let suffix = &version.key[shared..];
        self.put_lengths(shared, suffix.len());
        put_varint(zigzag(version.sequence.wrapping_sub(self.base_sequence)), &mut self.bytes);
        self.put_kind(&version.payload);
        self.bytes.extend_from_slice(suffix);
        self.bytes.extend_from_slice(version.payload.value());
        self.fingerprints.push(fingerprint(hash));
        self.last_key.truncate(shared);
        self.last_key.extend_from_slice(suffix);
    }

    fn begin(&mut self, base_sequence: u64) {
        self.bytes.clear();
        self.bytes.resize(BASES_ROOM, 0);
        self.base_sequence = base_sequence;
        self.base_expiry = 0;
    }

    /// Ends the block and lends it; the next version begins another one. The bases, whose
    /// length is known only now, go right before the entries, which stay where they are:
    /// a large value is not copied once more.
    pub(super) fn finish(&mut self) -> &[u8] {
        let mut bases = Vec::with_capacity(BASES_ROOM);
        put_varint(self.base_sequence, &mut bases);
        put_varint(self.base_expiry, &mut bases);
        let start = BASES_ROOM - bases.len();
        self.bytes[start..BASES_ROOM].copy_from_slice(&bases);
        self.bytes.extend_from_slice(&self.restarts);
        self.bytes.extend_from_slice(&self.fingerprints);
        self.bytes.extend_from_slice(&(self.fingerprints.len() as u16).to_le_bytes());
        self.restarts.clear();
        self.fingerprints.clear();
        &self.bytes[start..]
    }

    /// Gives the memory of a finished block back, which was large.
    pub(super) fn shrink(&mut self) {
        debug_assert!(self.is_empty());
        self.bytes = Vec::new();
    }

    fn put_lengths(&mut self, shared: usize, unshared: usize) {
        let (high, low) = (shared.min(NIBBLE), unshared.min(NIBBLE));
        self.bytes.push((high << 4 | low) as u8);
        if high == NIBBLE {
            put_varint((shared - NIBBLE) as u64, &mut self.bytes);
        }
        if low == NIBBLE {
            put_varint((unshared - NIBBLE) as u64, &mut self.bytes);
        }
    }

    fn put_kind(&mut self, payload: &Payload<'_>) {
        let len = (payload.value().len() as u64) << 2;
        match *payload {
            Payload::Tombstone => put_varint(TOMBSTONE, &mut self.bytes),
            Payload::Value(_, 0) => put_varint(len | VALUE, &mut self.bytes),
            Payload::Value(_, expires_at) => {
                if self.base_expiry == 0 {
                    self.base_expiry = expires_at;
                }
                put_varint(len | EXPIRING, &mut self.bytes);
                put_varint(zigzag(expires_at.wrapping_sub(self.base_expiry)), &mut self.bytes);
            }
        }
    }
}

/// Where the parts of a block are. It costs little to find out, and nothing to
/// keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    entries: usize,
    restarts: usize,
    fingerprints: usize,
    count: usize,
    base_sequence: u64,
    base_expiry: u64,
}

impl Layout {
    /// Checks that the parts have room; the entries are checked as they are
    /// read.
    #[inline]
    pub(super) fn of(raw: &[u8]) -> Sound<Self> {
        let mut entries = 0;
        let bases = (varint(raw, &mut entries), varint(raw, &mut entries));
        let (Some(base_sequence), Some(base_expiry)) = bases else {
            return Err("a block without bases");
        };
        let end = raw.len().saturating_sub(2);
        let count = u16_at(raw, end).ok_or("a block without a count")?.into();
        let restarts_len = 2 * usize::div_ceil(count, RESTART_INTERVAL);
        let parts = end.checked_sub(count).and_then(|fingerprints| {
            let restarts = fingerprints.checked_sub(restarts_len)?;
            (count > 0 && restarts >= entries).then_some((restarts, fingerprints))
        });
        let (restarts, fingerprints) = parts.ok_or("a block's count does not fit it")?;
        Ok(Self { entries, restarts, fingerprints, count, base_sequence, base_expiry })
    }

    /// The number of versions, at least 1.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

/// A version within a block, its key by what it shares with the one before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) shared: usize,
    pub(super) suffix: &'a [u8],
    pub(super) sequence: u64,
    /// 0 for never.
    pub(super) expires_at: u64,
    /// `None` for a tombstone: where in the block the value is.
    pub(super) value: Option<(usize, usize)>,
    /// Where in the block the next entry begins.
    pub(super) next: usize,
}

/// What the search for a version of a key found.
pub(super) enum Found<'a> {
    /// The version that was looked for.
    Version(u64, Payload<'a>),
    /// The segment has none.
    Absent,
    /// None here, but if the next block begins with the key, it has more
    /// versions of it.
    Beyond,
}

/// A block to be read.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    raw: &'a [u8],
    layout: Layout,
}

impl<'a> Block<'a> {
    pub(super) fn parse(raw: &'a [u8]) -> Sound<Self> {
        Ok(Self { raw, layout: Layout::of(raw)? })
    }

    /// The block of these bytes, whose layout is known already.
    pub(super) fn with_layout(raw: &'a [u8], layout: Layout) -> Self {
        Self { raw, layout }
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// Where the first entry begins.
    pub(super) fn first(&self) -> usize {
        self.layout.entries
    }

    /// Where the entries end.
    pub(super) fn entries_end(&self) -> usize {
        self.layout.restarts
    }

    /// Where the `number`-th restart is.
    #[inline]
    pub(super) fn restart(&self, number: usize) -> Sound<usize> {
        let offset = u16_at(self.raw, self.layout.restarts + 2 * number);
        Ok(self.layout.entries + usize::from(offset.ok_or("a restart outside its block")?))
    }

    /// Asks for the entries from a restart on.
    #[inline]
    fn prefetch(&self, restart: usize) {
        if let Ok(start) = self.restart(restart) {
            let end = self.restart(restart + 1).unwrap_or(self.layout.restarts);
            let end = end.clamp(start, self.layout.restarts.max(start));
            bytes::prefetch(self.raw.get(start..end).unwrap_or_default());
        }
    }

    /// The bytes of hashes.
    #[inline]
    fn fingerprints(&self) -> &'a [u8] {
        let start = self.layout.fingerprints;
        self.raw.get(start..start + self.layout.count).unwrap_or_default()
    }

    /// Whether the hash index says that the entry has a key of this hash.
    pub(super) fn has_fingerprint(&self, ordinal: usize, hash: u64) -> bool {
        self.fingerprints().get(ordinal) == Some(&fingerprint(hash))
    }

    /// The entry at a place.
    #[inline]
    pub(super) fn entry(&self, at: usize) -> Sound<Entry<'a>> {
        self.decode(at).ok_or("an entry does not fit its block")
    }

    #[inline]
    fn decode(&self, mut at: usize) -> Option<Entry<'a>> {
        let bytes = self.raw.get(..self.layout.restarts)?;
        let lengths = usize::from(*bytes.get(at)?);
        at += 1;
        let (mut shared, mut unshared) = (lengths >> 4, lengths & NIBBLE);
        if shared == NIBBLE {
            shared += key_len(varint(bytes, &mut at)?)?;
        }
        if unshared == NIBBLE {
            unshared += key_len(varint(bytes, &mut at)?)?;
        }
        let sequence = self.layout.base_sequence.wrapping_add(unzigzag(varint(bytes, &mut at)?));
        let tag = varint(bytes, &mut at)?;
        let value_len = usize::try_from(tag >> 2).ok()?;
        let mut expires_at = 0;
        if tag & 3 == EXPIRING {
            let difference = unzigzag(varint(bytes, &mut at)?);
            expires_at = self.layout.base_expiry.wrapping_add(difference);
        } else if tag & 3 != VALUE && tag != TOMBSTONE {
            return None;
        }
        let suffix = bytes.get(at..at.checked_add(unshared)?)?;
        let start = at + unshared;
        let next = start.checked_add(value_len)?;
        let value = (tag != TOMBSTONE).then_some((start, next));
        (next <= bytes.len()).then_some(Entry { shared, suffix, sequence, expires_at, value, next })
    }

    /// What an entry stores.
    #[inline]
    pub(super) fn payload(&self, entry: &Entry<'_>) -> Payload<'a> {
        match entry.value {
            // The bounds were checked when the entry was decoded.
            Some((start, end)) => {
                Payload::Value(self.raw.get(start..end).unwrap_or_default(), entry.expires_at)
            }
            None => Payload::Tombstone,
        }
    }

    /// The newest version of `key` at or below `max_sequence`. `hash` is the
    /// key's.
    #[inline]
    pub(super) fn get(&self, key: &[u8], hash: u64, max_sequence: u64) -> Sound<Found<'a>> {
        let fingerprints = self.fingerprints();
        let mut from = 0;
        while let Some(rest) = fingerprints.get(from..)
            && let Some(ahead) = memchr::memchr(fingerprint(hash), rest)
        {
            let interval = (from + ahead) / RESTART_INTERVAL;
            self.prefetch(interval);
            let mut run = Run::at_restart(self, interval, key)?;
            match run.find(max_sequence)? {
                Step::Found(entry) => {
                    return Ok(Found::Version(entry.sequence, self.payload(&entry)));
                }
                Step::Passed => return Ok(Found::Absent),
                Step::Ended => {
                    // The run of the key's versions may go on in the next block.
                    return Ok(Found::Beyond);
                }
                Step::Elsewhere => from = (interval + 1) * RESTART_INTERVAL,
            }
        }
        Ok(Found::Beyond)
    }

    /// The number of entries before the first version whose key is at or after
    /// `key`.
    pub(super) fn lower_bound(&self, key: &[u8]) -> Sound<usize> {
        let interval = self.interval_before(key)?;
        let mut run = Run::at_restart(self, interval, key)?;
        let mut ordinal = interval * RESTART_INTERVAL;
        while ordinal < self.layout.count && run.step()? == Ordering::Less {
            ordinal += 1;
        }
        Ok(ordinal)
    }

    /// The last interval that begins with a key before `key`, or the first one.
    fn interval_before(&self, key: &[u8]) -> Sound<usize> {
        let Range { mut start, mut end } = 1..self.layout.count.div_ceil(RESTART_INTERVAL);
        while start < end {
            let middle = usize::midpoint(start, end);
            if self.entry(self.restart(middle)?)?.suffix < key {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        Ok(start - 1)
    }
}

/// A length of a key's part, if it can be one.
#[inline]
fn key_len(len: u64) -> Option<usize> {
    usize::try_from(len).ok().filter(|&len| len <= MAX_KEY_LEN)
}

/// How the search along a [`Run`] ended.
enum Step<'a> {
    Found(Entry<'a>),
    /// At a greater key.
    Passed,
    /// At the end of the block.
    Ended,
    /// At the end of the interval; the key lies behind, if it is here.
    Elsewhere,
}

/// Entries one after another, compared with a key. Keys are never put together:
/// it is enough to know how much of the last one was the same.
struct Run<'b, 'a> {
    block: &'b Block<'a>,
    key: &'b [u8],
    /// Where the next entry begins.
    next: usize,
    /// Entries up to the next restart, and up to the end of the block.
    interval_left: usize,
    left: usize,
    /// The length of the key before, and how much of it is as in `key`.
    len: usize,
    common: usize,
    entry: Option<Entry<'a>>,
}

impl<'b, 'a> Run<'b, 'a> {
    #[inline]
    fn at_restart(block: &'b Block<'a>, interval: usize, key: &'b [u8]) -> Sound<Self> {
        let left = block.layout.count.saturating_sub(interval * RESTART_INTERVAL);
        Ok(Self {
            block,
            key,
            next: block.restart(interval)?,
            interval_left: RESTART_INTERVAL,
            left,
            len: 0,
            common: 0,
            entry: None,
        })
    }

    /// Goes to the next entry, and tells how its key compares. There is one, and
    /// the key before was not greater.
    #[inline]
    fn step(&mut self) -> Sound<Ordering> {
        let entry = self.block.entry(self.next)?;
        if entry.shared > self.len {
            return Err("a key shares more than there is");
        }
        self.next = entry.next;
        self.left = self.left.saturating_sub(1);
        self.interval_left = self.interval_left.saturating_sub(1);
        self.len = entry.shared + entry.suffix.len();
        let order = if entry.shared > self.common {
            // As different as the key before, which was less.
            Ordering::Less
        } else {
            self.compare_from(&entry)
        };
        self.entry = Some(entry);
        Ok(order)
    }

    /// Compares what is not shared.
    #[inline]
    fn compare_from(&mut self, entry: &Entry<'a>) -> Ordering {
        let rest = self.key.get(entry.shared..).unwrap_or_default();
        let same = common_prefix(entry.suffix, rest);
        self.common = entry.shared + same;
        match (entry.suffix.get(same), rest.get(same)) {
            (Some(a), Some(b)) => a.cmp(b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }

    /// Looks for the first version of the key at or below a sequence. If the key
    /// is in the interval, its versions are followed over restarts.
    #[inline]
    fn find(&mut self, max_sequence: u64) -> Sound<Step<'a>> {
        let mut met = false;
        loop {
            if self.left == 0 {
                return Ok(Step::Ended);
            }
            if self.interval_left == 0 && !met {
                return Ok(Step::Elsewhere);
            }
            match self.step()? {
                Ordering::Less => {}
                Ordering::Equal => {
                    met = true;
                    if let Some(entry) = self.entry.filter(|e| e.sequence <= max_sequence) {
                        return Ok(Step::Found(entry));
                    }
                }
                Ordering::Greater => return Ok(Step::Passed),
            }
        }
    }
}
