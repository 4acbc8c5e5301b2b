//! Which sequences are being read, and so which old versions must stay.

use crate::error::Result;
use crate::sequence::Sequencer;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering::SeqCst};
use crossbeam_utils::CachePadded;
use std::collections::BTreeMap;

/// The open snapshots of a storage.
///
/// A version may be dropped when a newer one of its key is at or below the
/// *horizon*: the oldest open snapshot, or the visible sequence if none is open.
///
/// Writers read the horizon without a lock, so a snapshot that is being opened
/// must hold it down before it knows its own sequence. In the total order of
/// the `SeqCst` operations, either a writer's read of `oldest` comes after
/// [`Snapshots::open`] has lowered it, and the writer drops nothing; or it comes
/// before, and then also before the snapshot reads the reserved sequence, which
/// therefore is not below any version that the writer may keep as the newest.
pub(crate) struct Snapshots {
    open: Mutex<BTreeMap<u64, usize>>,
    oldest: CachePadded<AtomicU64>,
}

/// What `oldest` is while no snapshot is open.
const NONE: u64 = u64::MAX;

impl Snapshots {
    pub(crate) fn new() -> Self {
        Self { open: Mutex::new(BTreeMap::new()), oldest: CachePadded::new(AtomicU64::new(NONE)) }
    }

    /// Opens a snapshot of everything committed before the call, and returns
    /// its sequence. It must be given back to [`Snapshots::close`].
    pub(crate) fn open(&self, sequencer: &Sequencer) -> Result<u64> {
        let mut open = self.lock();
        if open.is_empty() {
            self.oldest.store(0, SeqCst);
        }
        let sequence = sequencer.reserved();
        let waited = sequencer.wait_visible(sequence);
        if waited.is_ok() {
            *open.entry(sequence).or_insert(0) += 1;
        }
        self.oldest.store(oldest(&open), SeqCst);
        waited.map(|()| sequence)
    }

    /// Closes a snapshot, and tells whether the horizon may have moved.
    pub(crate) fn close(&self, sequence: u64) -> bool {
        let mut open = self.lock();
        let was = oldest(&open);
        if let Some(count) = open.get_mut(&sequence) {
            *count -= 1;
            if *count == 0 {
                open.remove(&sequence);
            }
        }
        let now = oldest(&open);
        self.oldest.store(now, SeqCst);
        now != was
    }

    /// The horizon: of each key, the newest version at or below it and all
    /// newer ones must stay.
    #[inline]
    pub(crate) fn horizon(&self, sequencer: &Sequencer) -> u64 {
        // The visible sequence is read first: see the argument above.
        let visible = sequencer.visible();
        visible.min(self.oldest.load(SeqCst))
    }

    /// How many snapshots are open.
    pub(crate) fn count(&self) -> u64 {
        self.lock().values().map(|&n| n as u64).sum()
    }

    fn lock(&self) -> impl std::ops::DerefMut<Target = BTreeMap<u64, usize>> + '_ {
        // The map is consistent between any two of its operations, so a panic
        // elsewhere while it was locked leaves it usable.
        self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn oldest(open: &BTreeMap<u64, usize>) -> u64 {
    open.first_key_value().map_or(NONE, |(&sequence, _)| sequence)
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn the_horizon_is_the_oldest_open_snapshot() {
        let (sequencer, snapshots) = (Sequencer::new(), Snapshots::new());
        let write = || sequencer.reserve(1).complete().unwrap();
        assert_eq!(write(), 1);
        assert_eq!(snapshots.horizon(&sequencer), 1);
        let a = snapshots.open(&sequencer).unwrap();
        write();
        let b = snapshots.open(&sequencer).unwrap();
        let c = snapshots.open(&sequencer).unwrap();
        write();
        assert_eq!((a, b, c, snapshots.count()), (1, 2, 2, 3));
        assert_eq!(snapshots.horizon(&sequencer), 1);
        assert!(!snapshots.close(b));
        assert!(snapshots.close(a));
        assert_eq!(snapshots.horizon(&sequencer), 2);
        assert!(snapshots.close(c));
        assert_eq!((snapshots.horizon(&sequencer), snapshots.count()), (3, 0));
    }
}
