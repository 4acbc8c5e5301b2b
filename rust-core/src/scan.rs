//! Ranges of keys, and walking them a page at a time.

use crate::error::Result;
use crate::key_version::{KeyVersion, Payload};
use crate::memtable::{Memtable, Slot, Walk};
use crate::merge::Source;
use crate::tree::{Tree, TreeCursor};
use crossbeam_epoch::Guard;
use std::cmp::Ordering;
use std::ops::ControlFlow;

/// Keys `k` with `start <= k < end`; `None` is unbounded. A start at or beyond
/// the end selects nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range<'a> {
    /// The first key.
    pub start: Option<&'a [u8]>,
    /// Whether `start` itself is left out.
    pub start_exclusive: bool,
    /// Where the range ends; not in it.
    pub end: Option<&'a [u8]>,
    /// Whether the keys come in descending order.
    pub reverse: bool,
}

/// An entry that a scan yields; its bytes are borrowed during the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanEntry<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The value.
    pub value: &'a [u8],
    /// The sequence number of the write.
    pub sequence: u64,
    /// Unix milliseconds; 0 for never.
    pub expires_at: u64,
}

impl Range<'_> {
    fn is_before(&self, key: &[u8]) -> bool {
        self.start
            .is_some_and(|start| if self.start_exclusive { key <= start } else { key < start })
    }

    fn is_past(&self, key: &[u8]) -> bool {
        self.end.is_some_and(|end| key >= end)
    }
}

/// Gives `each` what a reader at `sequence` sees of the memtable in a range, in
/// the range's order, tombstones and expired ones included. The sequence is held
/// by a snapshot. No more than `most` are likely to be wanted.
pub(crate) fn walk<'g>(
    memtable: &Memtable,
    range: &Range<'_>,
    sequence: u64,
    most: u64,
    guard: &'g Guard,
    mut each: impl FnMut(KeyVersion<'g>) -> ControlFlow<()>,
) {
    let mut slots = Slots::new(memtable, range, guard);
    slots.walk.expect(most);
    while let Some(version) = slots.next_version(sequence) {
        if each(version).is_break() {
            return;
        }
    }
}

/// As [`walk`], of the memtable and of the tree together. What the memtable has
/// of a key is newer than what the tree has.
pub(crate) fn walk_merged(
    memtable: &Memtable,
    tree: &Tree,
    range: &Range<'_>,
    sequence: u64,
    guard: &Guard,
    mut each: impl FnMut(KeyVersion<'_>) -> ControlFlow<()>,
) -> Result<()> {
    let mut slots = Slots::new(memtable, range, guard);
    let mut on_disk = OnDisk::new(tree, range, sequence)?;
    let mut in_memory = slots.next_version(sequence);
    loop {
        let order = match (&in_memory, on_disk.current()) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) if range.reverse => b.key.cmp(a.key),
            (Some(a), Some(b)) => a.key.cmp(b.key),
        };
        let end = match (order, in_memory) {
            (Ordering::Less | Ordering::Equal, Some(version)) => each(version),
            _ => on_disk.current().map_or(ControlFlow::Continue(()), &mut each),
        };
        if end.is_break() {
            return Ok(());
        }
        if order != Ordering::Greater {
            in_memory = slots.next_version(sequence);
        }
        if order != Ordering::Less {
            on_disk.advance()?;
        }
    }
}

/// The slots of a range, one after the other.
struct Slots<'a, 'g> {
    range: &'a Range<'a>,
    walk: Walk<'g>,
    guard: &'g Guard,
}

impl<'a, 'g> Slots<'a, 'g> {
    fn new(memtable: &Memtable, range: &'a Range<'a>, guard: &'g Guard) -> Self {
        let walk = match range.reverse {
            true => memtable.walk_back(range.end, guard),
            false => memtable.walk(range.start, range.start_exclusive, guard),
        };
        Self { range, walk, guard }
    }

    /// The next slot's version as a reader at `sequence` sees it; slots without
    /// one are passed over.
    #[inline]
    fn next_version(&mut self, sequence: u64) -> Option<KeyVersion<'g>> {
        loop {
            let slot = self.next_slot()?;
            if let Some(record) = slot.at(sequence, self.guard).record {
                return Some(KeyVersion {
                    key: slot.key(),
                    sequence: record.sequence(),
                    payload: record.payload(),
                });
            }
        }
    }

    #[inline]
    fn next_slot(&mut self) -> Option<Slot<'g>> {
        let slot = self.walk.next_slot()?;
        let is_beyond = match self.range.reverse {
            true => self.range.is_before(slot.key()),
            false => self.range.is_past(slot.key()),
        };
        (!is_beyond).then_some(slot)
    }
}

/// What a reader at a sequence sees of the tree in a range: of each key the
/// newest version that is not newer than the sequence.
struct OnDisk<'a> {
    cursor: TreeCursor<'a>,
    range: &'a Range<'a>,
    sequence: u64,
    /// Backward, the versions of a key come oldest first, so the one to be shown
    /// is known only when the cursor is past it: it is kept here.
    kept: OwnedVersion,
    /// Whether there is such a version.
    has_kept: bool,
    /// Room for the key that is being left, forward.
    left: Vec<u8>,
}

/// A version with its own bytes.
#[derive(Default)]
struct OwnedVersion {
    key: Vec<u8>,
    sequence: u64,
    is_tombstone: bool,
    value: Vec<u8>,
    expires_at: u64,
}

impl<'a> OnDisk<'a> {
    fn new(tree: &'a Tree, range: &'a Range<'a>, sequence: u64) -> Result<Self> {
        let mut cursor = tree.cursor();
        if range.reverse {
            cursor.seek_before(range.end)?;
        } else {
            cursor.seek(range.start.unwrap_or_default())?;
        }
        let kept = OwnedVersion::default();
        let mut on_disk = Self { cursor, range, sequence, kept, has_kept: false, left: Vec::new() };
        on_disk.settle()?;
        Ok(on_disk)
    }

    /// The current version; none at the end of the range.
    fn current(&self) -> Option<KeyVersion<'_>> {
        if self.range.reverse {
            return self.has_kept.then(|| self.kept.borrow());
        }
        self.cursor.current().filter(|version| !self.range.is_past(version.key))
    }

    /// Moves to the next key.
    fn advance(&mut self) -> Result<()> {
        if !self.range.reverse
            && let Some(version) = self.cursor.current()
        {
            self.left.clear();
            self.left.extend_from_slice(version.key);
            while self.cursor.current().is_some_and(|version| version.key == self.left) {
                self.cursor.next()?;
            }
        }
        self.settle()
    }

    /// Moves to the first version from here on that is to be shown.
    fn settle(&mut self) -> Result<()> {
        if self.range.reverse {
            return self.keep();
        }
        while self.cursor.current().is_some_and(|version| {
            version.sequence > self.sequence
                || (self.range.is_before(version.key) && !self.range.is_past(version.key))
        }) {
            self.cursor.next()?;
        }
        Ok(())
    }

    /// Keeps the version to be shown of the next key that has one.
    fn keep(&mut self) -> Result<()> {
        self.has_kept = false;
        while let Some(version) = self.cursor.current() {
            if self.range.is_before(version.key) || (self.has_kept && self.kept.key != version.key)
            {
                break;
            }
            if version.sequence <= self.sequence {
                self.kept.set(version);
                self.has_kept = true;
            }
            self.cursor.prev()?;
        }
        Ok(())
    }
}

impl OwnedVersion {
    fn borrow(&self) -> KeyVersion<'_> {
        let payload = if self.is_tombstone {
            Payload::Tombstone
        } else {
            Payload::Value(&self.value, self.expires_at)
        };
        KeyVersion { key: &self.key, sequence: self.sequence, payload }
    }

    /// Becomes a copy of a version, in the room that it has.
    fn set(&mut self, version: KeyVersion<'_>) {
        self.key.clear();
        self.key.extend_from_slice(version.key);
        self.value.clear();
        self.is_tombstone = match version.payload {
            Payload::Value(value, _) => {
                self.value.extend_from_slice(value);
                false
            }
            Payload::Tombstone => true,
        };
        self.sequence = version.sequence;
        self.expires_at = version.payload.expires_at();
    }
}
