//! Frozen views of a storage, and the transactions that read them.

use super::{Core, ValueRef};
use crate::durable::Durability;
use crate::error::{Error, Result};
use crate::limits::check_key;
use crate::scan::{Range, ScanEntry};
use crate::stats::Counter;
use crossbeam_epoch as epoch;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A frozen view of a storage, which it keeps alive. Expiry goes on: a value
/// that expires disappears from the snapshot too.
pub struct Snapshot {
    pub(super) core: Arc<Core>,
    pub(super) sequence: u64,
}

impl Snapshot {
    /// The newest sequence number that the snapshot sees.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Reads `key` as of the snapshot and gives the value to `read`.
    pub fn get<R>(&self, key: &[u8], read: impl FnOnce(ValueRef<'_>) -> R) -> Result<Option<R>> {
        check_key(key)?;
        self.core.get_at(self.sequence, key, &epoch::pin(), read)
    }

    /// Gives the range's live entries to `each`, in the range's order, until it
    /// breaks off, by which it refuses the entry that it was given. No write waits
    /// for it, but garbage does: walk long ranges by pages.
    pub fn scan(
        &self,
        range: &Range<'_>,
        each: impl FnMut(ScanEntry<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.scan_up_to(range, u64::MAX, each)
    }

    /// As [`Snapshot::scan`], but ends behind as many entries as `most`, at least 1,
    /// without a look at what comes after them.
    pub fn scan_up_to(
        &self,
        range: &Range<'_>,
        most: u64,
        each: impl FnMut(ScanEntry<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.core.scan_at(self.sequence, range, most, each)
    }

    /// Applies a packed batch if what was read at the snapshot still holds (see
    /// [`crate::read_set`]), whole or not at all, and returns the sequence number of
    /// its last operation; [`Error::Conflict`] if something has changed. An empty
    /// batch needs no commit: 0.
    pub fn write_if(&self, packed: &[u8], reads: &[u8]) -> Result<u64> {
        self.write_if_with(packed, reads, Durability::Default)
    }

    /// As [`Snapshot::write_if`], as durable as is asked for.
    pub fn write_if_with(
        &self,
        packed: &[u8],
        reads: &[u8],
        durability: Durability,
    ) -> Result<u64> {
        let sequence = loop {
            match self.write_if_visible(packed, reads, durability) {
                Err(Error::Busy) => self.core.rest_of_writer(),
                done => break done?,
            }
        };
        self.core.wait_durable(sequence, durability)
    }

    /// As [`Snapshot::write_if`], but returns once the writes are visible, durable
    /// or not; or with [`Error::Busy`].
    pub(crate) fn write_if_visible(
        &self,
        packed: &[u8],
        reads: &[u8],
        durability: Durability,
    ) -> Result<u64> {
        self.core.write_if(packed, reads, self.sequence, durability)
    }

    /// Counts a scan as begun: the first page does.
    pub(crate) fn count_scan(&self) {
        self.core.counters.mine().add(Counter::Scans, 1);
    }

    /// See [`Storage::uncount_gets`].
    pub(crate) fn uncount_hit(&self) {
        self.core.counters.mine().sub(Counter::Hits, 1);
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if self.core.snapshots.close(self.sequence) {
            self.core.mailbox.horizon_moved();
        }
    }
}
