//! Which sequences are being read, and so which old versions must stay.

use crate::error::{Error, Result};
use crate::sequence::Sequencer;
use crate::sync::atomic::{AtomicU64, Ordering::SeqCst};
use crate::sync::{Mutex, lock};
use crossbeam_utils::CachePadded;
use std::collections::BTreeMap;

/// The open snapshots of a storage.
///
/// Writers read the [`Horizon`] without a lock, so a snapshot that is being
/// opened must hold everything back before it knows its own sequence. In the
/// total order of the `SeqCst` operations, either a writer's reads of `oldest`
/// and `newest` come after [`Snapshots::open`] has set them to hold everything;
/// or one comes before, and then so does the writer's read of the visible
/// sequence, while the snapshot's comes after, and that sequence only grows. So the
/// snapshot sees every version that was visible to the writer, and needs none
/// that is older than the newest of those.
pub(crate) struct Snapshots {
    open: Mutex<BTreeMap<u64, usize>>,
    /// How many of them are the storage's own.
    holds: AtomicU64,
    range: CachePadded<OpenRange>,
}

/// The oldest and the newest open snapshot.
struct OpenRange {
    oldest: AtomicU64,
    newest: AtomicU64,
}

/// What `oldest` and `newest` are while no snapshot is open.
const NONE: (u64, u64) = (u64::MAX, 0);
/// What they are while the first one is being opened.
const HOLD_ALL: (u64, u64) = (0, u64::MAX);

/// Which versions must stay: of each key the newest visible one and all newer
/// ones, and what snapshots from `oldest_snapshot` to `newest_snapshot` may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Horizon {
    /// The newest visible sequence.
    pub(crate) visible: u64,
    /// The oldest open snapshot; the greatest number if none is open.
    pub(crate) oldest_snapshot: u64,
    /// The newest open snapshot; 0 if none is open.
    pub(crate) newest_snapshot: u64,
}

impl Horizon {
    /// The oldest sequence at which anyone may read, now or later.
    pub(crate) fn oldest(&self) -> u64 {
        self.visible.min(self.oldest_snapshot)
    }
}

impl OpenRange {
    fn set(&self, (oldest, newest): (u64, u64)) {
        self.oldest.store(oldest, SeqCst);
        self.newest.store(newest, SeqCst);
    }
}

impl Snapshots {
    pub(crate) fn new() -> Self {
        let range = OpenRange { oldest: AtomicU64::new(NONE.0), newest: AtomicU64::new(NONE.1) };
        Self {
            open: Mutex::new(BTreeMap::new()),
            holds: AtomicU64::new(0),
            range: CachePadded::new(range),
        }
    }

    /// Opens a snapshot of everything committed before the call, and returns
    /// its sequence. It must be given back to [`Snapshots::close`].
    pub(crate) fn open(&self, sequencer: &Sequencer) -> Result<u64> {
        if sequencer.is_poisoned() {
            return Err(Error::Poisoned);
        }
        self.open_at(|| Ok(sequencer.visible()))
    }

    /// Opens a snapshot at a sequence that is visible when it is told.
    fn open_at(&self, sequence: impl FnOnce() -> Result<u64>) -> Result<u64> {
        let mut open = lock(&self.open);
        self.range.set(HOLD_ALL);
        let sequence = sequence();
        if let Ok(sequence) = sequence {
            *open.entry(sequence).or_insert(0) += 1;
        }
        self.range.set(ends(&open));
        sequence
    }

    /// Closes a snapshot, and tells whether the horizon may have moved.
    pub(crate) fn close(&self, sequence: u64) -> bool {
        let mut open = lock(&self.open);
        let was = ends(&open);
        if let Some(count) = open.get_mut(&sequence) {
            *count -= 1;
            if *count == 0 {
                open.remove(&sequence);
            }
        }
        let now = ends(&open);
        self.range.set(now);
        now != was
    }

    /// Which versions must stay.
    #[inline]
    pub(crate) fn horizon(&self, sequencer: &Sequencer) -> Horizon {
        // The visible sequence is read first: see the argument above.
        let visible = sequencer.visible();
        let oldest_snapshot = self.range.oldest.load(SeqCst);
        let newest_snapshot = self.range.newest.load(SeqCst);
        Horizon { visible, oldest_snapshot, newest_snapshot }
    }

    /// The sequences of the open snapshots, ascending. One that is opened later
    /// sees everything that is visible now.
    pub(crate) fn sequences(&self) -> Vec<u64> {
        lock(&self.open).keys().copied().collect()
    }

    /// As [`Snapshots::open`], for the storage's own work: it is not counted, and sees
    /// also the writes that have a number when it is called.
    pub(crate) fn hold(&self, sequencer: &Sequencer) -> Result<u64> {
        self.holds.fetch_add(1, SeqCst);
        let reserved = || {
            let sequence = sequencer.reserved();
            sequencer.wait_visible(sequence).map(|()| sequence)
        };
        self.open_at(reserved).inspect_err(|_| {
            self.holds.fetch_sub(1, SeqCst);
        })
    }

    /// Gives what [`Snapshots::hold`] returned back; as [`Snapshots::close`].
    pub(crate) fn release(&self, sequence: u64) -> bool {
        let moved = self.close(sequence);
        self.holds.fetch_sub(1, SeqCst);
        moved
    }

    /// Whether any is open, those of the storage's own work included.
    pub(crate) fn is_any_open(&self) -> bool {
        !lock(&self.open).is_empty()
    }

    /// Whether the storage's own work alone holds anything back: that is over soon.
    pub(crate) fn is_held_briefly(&self) -> bool {
        let open: u64 = lock(&self.open).values().map(|&n| n as u64).sum();
        open > 0 && open == self.holds.load(SeqCst)
    }

    /// The oldest open snapshot; 0 if none is open but for the storage's own work.
    pub(crate) fn oldest(&self) -> u64 {
        match self.count() {
            0 => 0,
            _ => lock(&self.open).first_key_value().map_or(0, |(&oldest, _)| oldest),
        }
    }

    /// How many snapshots are open.
    pub(crate) fn count(&self) -> u64 {
        let open: u64 = lock(&self.open).values().map(|&n| n as u64).sum();
        open.saturating_sub(self.holds.load(SeqCst))
    }
}

fn ends(open: &BTreeMap<u64, usize>) -> (u64, u64) {
    match (open.first_key_value(), open.last_key_value()) {
        (Some((&oldest, _)), Some((&newest, _))) => (oldest, newest),
        _ => NONE,
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn the_horizon_spans_the_open_snapshots() {
        let (sequencer, snapshots) = (Sequencer::new(), Snapshots::new());
        let write = || sequencer.reserve(1).complete().unwrap();
        assert_eq!(write(), 1);
        let horizon = || {
            let h = snapshots.horizon(&sequencer);
            (h.oldest(), h.newest_snapshot)
        };
        assert_eq!(horizon(), (1, 0));
        let a = snapshots.open(&sequencer).unwrap();
        write();
        let b = snapshots.open(&sequencer).unwrap();
        let c = snapshots.open(&sequencer).unwrap();
        write();
        assert_eq!((a, b, c, snapshots.count()), (1, 2, 2, 3));
        assert_eq!(snapshots.oldest(), 1);
        assert_eq!(horizon(), (1, 2));
        assert!(!snapshots.close(b));
        assert!(snapshots.close(a));
        assert_eq!(horizon(), (2, 2));
        assert!(snapshots.close(c));
        assert_eq!((horizon(), snapshots.count(), snapshots.oldest()), ((3, 0), 0, 0));
    }
}
