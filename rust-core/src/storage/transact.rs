//! Transactions: batches that are written if what was read still holds.
//!
//! A transaction reads at a snapshot and gathers its writes. When it commits, each
//! of its reads is looked at again: first as of now, which finds most conflicts at
//! no cost to others; then at its turn, when every earlier number is visible and no
//! later one is. If all reads come out the same, it is as if the transaction had
//! happened at that moment as a whole, so transactions are serializable, and in
//! the order of their numbers.
//!
//! The method is backward validation, of Kung and Robinson, "On Optimistic Methods
//! for Concurrency Control", 1981.

use super::Core;
use crate::batch;
use crate::budget::Budget;
use crate::durable::Durability;
use crate::error::{Error, Result};
use crate::key_version::KeyVersion;
use crate::read_set::{self, Read, What};
use crate::scan::{self, Range};
use crossbeam_epoch::{self as epoch, Guard};
use std::cell::Cell;
use std::ops::ControlFlow;

/// What is needed to judge reads.
#[derive(Clone, Copy)]
struct Judge<'g> {
    /// The transaction's snapshot, which is open.
    snapshot: u64,
    /// The state that is judged is that after this sequence.
    now: u64,
    /// What [`Core::departures`] was before the reads were found to hold; `None` if that
    /// is to be found out. As long as it is that, what is not in memory
    /// has not changed.
    removals: Option<u64>,
    guard: &'g Guard,
}

impl Core {
    /// Applies a packed batch if what was read at a snapshot still holds, else
    /// fails with [`Error::Conflict`]. The snapshot is open.
    pub(super) fn write_if(
        &self,
        packed: &[u8],
        reads: &[u8],
        snapshot: u64,
        durability: Durability,
    ) -> Result<u64> {
        let ops = batch::parse(packed)?;
        let reads = read_set::parse(reads)?;
        let _room = self.admit(packed.len(), ops.len())?;
        if ops.is_empty() {
            // It has seen one state, and left it as it was.
            return Ok(0);
        }
        let guard = &epoch::pin();
        let removals = self.departures();
        let now = self.sequencer.visible();
        let judge = Judge { snapshot, now, removals: None, guard };
        if !self.all_hold(&reads, judge)? {
            return Err(Error::Conflict);
        }
        let prepared = self.prepare_batch(&ops, guard)?;
        let mut commit = self.begin_batch(&prepared, packed, durability, guard)?;
        commit.wait_turn()?;
        let now = commit.first() - 1;
        match self.all_hold(&reads, Judge { now, removals: Some(removals), ..judge }) {
            Ok(true) => {
                let sequence = self.apply_batch(prepared, packed, commit, guard)?;
                self.count_batch(&ops);
                Ok(sequence)
            }
            failed => {
                commit.log_nothing(packed.len())?;
                commit.complete()?;
                self.settle_all(&prepared.slots, guard);
                failed.and(Err(Error::Conflict))
            }
        }
    }

    fn all_hold(&self, reads: &[Read<'_>], judge: Judge<'_>) -> Result<bool> {
        for read in reads {
            // What has expired may be gone without a trace.
            let holds = !self.clock.has_passed(read.expires_at)
                && match read.what {
                    What::Key(key, sequence) => self.key_holds(key, sequence, judge)?,
                    What::Range(range) => self.range_holds(&range, judge)?,
                };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a key has the value that was written under `sequence`, or none if
    /// that is 0.
    fn key_holds(&self, key: &[u8], sequence: u64, judge: Judge<'_>) -> Result<bool> {
        let deletions = self.memtable.deletions.up_to(judge.now, judge.guard);
        let slot = self.memtable.find(key, judge.guard);
        let found = match slot.and_then(|slot| slot.at(judge.now, judge.guard).record) {
            Some(record) if self.is_live(record) && !deletions.hide(key, record.sequence()) => {
                record.sequence()
            }
            Some(_) => 0,
            // The snapshot keeps deletions of after it in the list.
            None if self.unremoved(judge) => {
                return Ok(sequence == 0 || !deletions.hide(key, sequence));
            }
            None => {
                let sequence_of = |value: super::ValueRef<'_>| value.sequence;
                let found =
                    self.get_on_disk(key, judge.now, deletions, judge.guard, sequence_of)?;
                found.unwrap_or(0)
            }
        };
        Ok(found == sequence)
    }

    /// Whether nothing of a range was written since the snapshot. A deleted range that
    /// it has something in common with counts, whether there were keys in it or not.
    fn range_holds(&self, range: &Range<'_>, judge: Judge<'_>) -> Result<bool> {
        let deletions = self.memtable.deletions.up_to(judge.now, judge.guard);
        if deletions.newer_than(judge.snapshot).any(|t| t.meets(range.start, range.end)) {
            return Ok(false);
        }
        self.memtable.order_all(judge.guard);
        let holds = Cell::new(true);
        let visit = |version: KeyVersion<'_>| {
            holds.set(version.sequence <= judge.snapshot);
            if holds.get() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let (memory, guard) = (&self.memtable, judge.guard);
        if judge.removals.is_some() || self.incomplete(guard).is_none() {
            scan::walk(memory, range, judge.now, u64::MAX, guard, visit);
        }
        if holds.get()
            && !self.unremoved(judge)
            && let Some(durable) = self.incomplete(guard)
        {
            let tree = durable.segments.tree(guard);
            scan::walk_merged(memory, tree, range, judge.now, guard, visit)
                .inspect_err(|error| durable.note_trouble(error))?;
        }
        // What left a cache may have been a change of the range.
        let is_lost = |budget: &Budget| budget.has_lost_since(judge.snapshot);
        Ok(holds.get() && !self.budget.as_ref().is_some_and(is_lost))
    }

    /// Whether nothing was removed from memory since the reads were found to hold. It
    /// is asked after memory was looked at: a removal is counted before it is seen.
    fn unremoved(&self, judge: Judge<'_>) -> bool {
        judge.removals == Some(self.departures())
    }
}
