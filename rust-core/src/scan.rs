//! Ranges of keys, and walking them a page at a time.

use crate::memtable::{Memtable, Record, Slot};
use crossbeam_epoch::Guard;
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

/// Gives `each` the range's slots with the records that a reader at `sequence`
/// sees, in the range's order, tombstones and expired ones included. The
/// sequence is held by a snapshot.
pub(crate) fn walk<'g>(
    memtable: &Memtable,
    range: &Range<'_>,
    sequence: u64,
    guard: &'g Guard,
    mut each: impl FnMut(&'g [u8], Record<'g>) -> ControlFlow<()>,
) {
    let visit = |slot: Slot<'g>| match slot.at(sequence, guard).record {
        Some(record) => each(slot.key(), record),
        None => ControlFlow::Continue(()),
    };
    if range.reverse {
        walk_back(memtable, range, guard, visit);
    } else {
        walk_on(memtable, range, guard, visit);
    }
}

/// Ascending. Two slots ahead are known at any time: the farther one is being
/// fetched while the nearer one's version is.
fn walk_on<'g>(
    memtable: &Memtable,
    range: &Range<'_>,
    guard: &'g Guard,
    mut visit: impl FnMut(Slot<'g>) -> ControlFlow<()>,
) {
    let mut slot = memtable.seek(range.start, range.start_exclusive, guard);
    let mut ahead = slot.and_then(|s| memtable.next(s, guard));
    while let Some(s) = slot.filter(|s| !range.is_past(s.key())) {
        let farther = ahead.and_then(|a| {
            a.prefetch_newest();
            memtable.next(a, guard)
        });
        if visit(s).is_break() {
            return;
        }
        (slot, ahead) = (ahead, farther);
    }
}

/// Descending, a run of slots at a time.
fn walk_back<'g>(
    memtable: &Memtable,
    range: &Range<'_>,
    guard: &'g Guard,
    mut visit: impl FnMut(Slot<'g>) -> ControlFlow<()>,
) {
    let mut run = Vec::new();
    let mut end = range.end;
    loop {
        memtable.run_before(end, &mut run, guard);
        let Some(first) = run.first() else { return };
        end = Some(first.key());
        for slot in run.iter().rev() {
            if range.is_before(slot.key()) || visit(*slot).is_break() {
                return;
            }
        }
    }
}
