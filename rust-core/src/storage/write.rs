//! Writes. A write returns when it is visible; whether it is durable is asked
//! for afterwards.

use super::modify::{Expected, Modification};
use super::{Core, PutIfAbsent};
use crate::batch::{self, Op};
use crate::budget::{Admitted, Budget};
use crate::commit::Commit;
use crate::durable::Durability;
use crate::error::{Error, Result};
use crate::key_version::Payload;
use crate::memtable::{Death, IndexNeed, Pending, Reclaim, Record, Slot};
use crate::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::snapshot::Horizon;
use crate::stats::Counter;
use crossbeam_epoch::{self as epoch, Guard};

/// After so many bytes a thread sets the writers' pace itself: the thread that
/// sees to it may have to wait for a processor while writers fill the memory.
const LOOK_AFTER: u64 = 64 << 10;

/// An operation on one key, as it is logged and stored.
#[derive(Clone, Copy)]
struct Single<'a> {
    key: &'a [u8],
    payload: Payload<'a>,
    durability: Durability,
}

/// What a batch needs before it takes its numbers: from then on next to nothing
/// can fail.
pub(super) struct Prepared<'g> {
    /// How many operations it has.
    count: u64,
    /// The version of each operation on a key, with the operation's place.
    pending: Vec<(u64, Pending)>,
    /// Where each of them goes.
    pub(super) slots: Vec<Slot<'g>>,
    /// The deletions of ranges, with their places as sequences.
    ranges: Vec<RangeTombstone>,
}

impl Single<'_> {
    fn log_len(&self) -> usize {
        batch::HEADER_LEN + self.key.len() + self.payload.value().len()
    }

    #[inline]
    fn log(&self, commit: &mut Commit<'_>) -> Result<()> {
        commit.log(&[&batch::header(self.key, self.payload), self.key, self.payload.value()])
    }
}

impl Core {
    /// Stores a value under a key.
    #[inline]
    pub(crate) fn put(
        &self,
        key: &[u8],
        value: &[u8],
        expires_at: u64,
        durability: Durability,
    ) -> Result<u64> {
        let _room = self.admit(key.len() + value.len(), 1)?;
        let write = Single { key, payload: Payload::Value(value, expires_at), durability };
        let pending = Pending::new(write.payload)?;
        let guard = &epoch::pin();
        let sequence = self.write_one(write, pending, guard)?;
        self.counters.mine().add(Counter::Puts, 1);
        if expires_at != 0 {
            self.mailbox.expiry_written();
        }
        Ok(sequence)
    }

    /// Stores a value under a key that has none.
    pub(crate) fn put_if_absent(
        &self,
        key: &[u8],
        value: &[u8],
        expires_at: u64,
        durability: Durability,
    ) -> Result<PutIfAbsent> {
        let put = Modification::CompareAndSwap(Expected::Sequence(0), value, expires_at);
        match self.modify(key, &put, durability, |_| {})?.sequence {
            0 => Ok(PutIfAbsent::Exists),
            sequence => Ok(PutIfAbsent::Stored(sequence)),
        }
    }

    /// Removes a key.
    pub(crate) fn delete(&self, key: &[u8], durability: Durability) -> Result<u64> {
        let _room = self.admit(key.len(), 1)?;
        let guard = &epoch::pin();
        let pending = Pending::new(Payload::Tombstone)?;
        let write = Single { key, payload: Payload::Tombstone, durability };
        // What the segments hold of it is not looked up: it costs less to write
        // a tombstone for nothing.
        let sequence = match self.slot_to_delete(key, guard) {
            None if self.incomplete(guard).is_none() => {
                self.delete_absent(write, pending, guard)?
            }
            _ => self.write_one(write, pending, guard)?,
        };
        self.counters.mine().add(Counter::Deletes, 1);
        Ok(sequence)
    }

    /// Applies a packed batch.
    pub(crate) fn write(&self, packed: &[u8], durability: Durability) -> Result<u64> {
        let ops = batch::parse(packed)?;
        let _room = self.admit(packed.len(), ops.len())?;
        if ops.is_empty() {
            return Ok(0);
        }
        let sequence = self.write_batch(&ops, packed, durability)?;
        self.count_batch(&ops);
        Ok(sequence)
    }

    pub(super) fn count_batch(&self, ops: &[Op<'_>]) {
        let puts = ops.iter().filter(|op| matches!(op, Op::Put { .. })).count() as u64;
        let ranges = ops.iter().filter(|op| matches!(op, Op::DeleteRange { .. })).count() as u64;
        let stripe = self.counters.mine();
        stripe.add(Counter::Batches, 1);
        stripe.add(Counter::Puts, puts);
        stripe.add(Counter::Deletes, ops.len() as u64 - puts - ranges);
        if ranges != 0 {
            stripe.add(Counter::RangeDeletes, ranges);
            self.mailbox.range_deleted();
            self.note_dead();
        }
        if ops.iter().any(|op| matches!(op, Op::Put { expires_at: 1.., .. })) {
            self.mailbox.expiry_written();
        }
    }

    /// Lets a write of so many bytes and operations begin, until what is returned is
    /// dropped, or fails with [`Error::Busy`] if it is to be tried again later.
    #[inline]
    pub(super) fn admit(&self, len: usize, ops: usize) -> Result<Admitted<'_>> {
        if self.sequencer.is_poisoned() {
            return Err(self.why_poisoned());
        }
        if let Some(durable) = &self.durable {
            if self.counters.mine().has_written(LOOK_AFTER) {
                durable.set_pace(self);
            }
            // Who will be refused a place in the log is not to pay each time.
            let throttle = &durable.throttle;
            if throttle.holds_back() && !durable.wal.may_take(len as u64) {
                return Err(Error::Busy);
            }
            if !throttle.admits(len) {
                return Err(durable.refusal(self));
            }
        }
        match &self.budget {
            Some(budget) => budget.admit(self, len, ops),
            None => Ok(Admitted::FREELY),
        }
    }

    #[cold]
    fn why_poisoned(&self) -> Error {
        let failure = self.durable.as_ref().and_then(|durable| durable.wal.failure());
        failure.unwrap_or(Error::Poisoned)
    }

    /// The key's slot, made if need be.
    #[inline]
    pub(super) fn slot_for_write<'g>(&self, key: &[u8], guard: &'g Guard) -> Result<Slot<'g>> {
        let (slot, made) = self.memtable.find_or_make(key, &self.counters, guard)?;
        match made {
            Some(need) => self.after_making(need, guard),
            None => self.note_overwrite(slot),
        }
        Ok(slot)
    }

    /// Of a cache, a write of a key that is there counts as a hit.
    #[inline]
    fn note_overwrite(&self, slot: Slot<'_>) {
        if self.budget.is_some() {
            self.note_read(Some(slot));
        }
    }

    /// Writes one version.
    #[inline]
    fn write_one(&self, write: Single<'_>, pending: Pending, guard: &Guard) -> Result<u64> {
        let slot = self.slot_for_write(write.key, guard)?;
        // The push compares with the version before it.
        slot.prefetch_newest();
        let mut commit = match self.begin(1, write.log_len(), write.durability) {
            Ok(commit) => commit,
            Err(error) => {
                // The slot may have been made for this write alone.
                self.settle(slot, guard);
                return Err(error);
            }
        };
        let sequence = commit.first();
        write.log(&mut commit)?;
        let slot = self.push(slot, pending, sequence, guard)?;
        commit.complete()?;
        self.settle(slot, guard);
        Ok(sequence)
    }

    /// Pushes a version, and lists the slot if that makes it dirty. After an error
    /// the commit must not be completed: its record is in the log, and the write
    /// would come back.
    #[inline]
    pub(super) fn push<'g>(
        &self,
        slot: Slot<'g>,
        pending: Pending,
        sequence: u64,
        guard: &'g Guard,
    ) -> Result<Slot<'g>> {
        let (slot, resized) = self.memtable.push(slot, pending, sequence, &self.counters, guard)?;
        if resized && self.budget.is_some() && !slot.is_unordered() {
            // Its weight is known: the janitor is to tell the policy.
            self.mailbox.queue(slot);
        }
        if let Some(durable) = &self.durable {
            durable.note_dirty(slot);
        }
        Ok(slot)
    }

    /// Tells the janitor of a new entry, and does some of its work if it does
    /// not keep up.
    fn after_making(&self, need: IndexNeed, guard: &Guard) {
        /// So many may wait: a scan that comes now has to put them in order.
        const MANY: usize = 4096;
        /// From so many on a writer waits for its turn to help.
        const TOO_MANY: usize = 4 * MANY;
        const SOME: usize = 64;
        if need != IndexNeed::Nothing {
            self.mailbox.request_growth();
        }
        self.mailbox.entry_made();
        let unordered = self.memtable.unordered();
        if unordered > TOO_MANY {
            self.memtable.order_some(SOME, guard);
        } else if unordered > MANY {
            self.memtable.try_order_some(SOME, guard);
        }
    }

    /// The slot of a key, unless nothing is left to be deleted in it.
    fn slot_to_delete<'g>(&self, key: &[u8], guard: &'g Guard) -> Option<Slot<'g>> {
        let unlogged = self.durable.as_ref().is_some_and(|durable| durable.has_unlogged());
        let gone = |r: Record<'_>| {
            !unlogged && r.is_tombstone() && r.sequence() <= self.sequencer.visible()
        };
        let slot = self.memtable.find(key, guard)?;
        (!slot.newest(guard).is_none_or(gone)).then_some(slot)
    }

    /// Deletes a key that seems to be absent: a tombstone is only needed if an
    /// earlier write of it is on its way. Memory holds every live key.
    ///
    /// Whether one is on its way is known at the write's turn. If that does not come at
    /// once, since an earlier writer is off its processor, the tombstone is written
    /// unseen: of those that wait for a turn each would hold up the next until it is
    /// given a processor itself.
    fn delete_absent(&self, write: Single<'_>, pending: Pending, guard: &Guard) -> Result<u64> {
        let mut commit = self.begin(1, write.log_len(), write.durability)?;
        let sequence = commit.first();
        let is_turn = commit.is_turn_soon();
        let found = if is_turn { self.slot_to_delete(write.key, guard) } else { None };
        // What was found in memory may have gone to the segments meanwhile.
        let is_absent = is_turn && found.is_none() && self.incomplete(guard).is_none();
        let (slot, made) = match found {
            Some(slot) => (Some(slot), None),
            None if is_absent => (None, None),
            None => {
                let (slot, made) = self.memtable.find_or_make(write.key, &self.counters, guard)?;
                (Some(slot), made)
            }
        };
        // Also if there is nothing to delete: whoever watches is told of every deletion,
        // by the log too.
        write.log(&mut commit)?;
        let Some(slot) = slot else { return commit.complete() };
        let slot = self.push(slot, pending, sequence, guard)?;
        commit.complete()?;
        // Not before: it may put entries in order, and later writers would wait for that.
        if let Some(need) = made {
            self.after_making(need, guard);
        }
        self.settle(slot, guard);
        Ok(sequence)
    }

    #[inline]
    pub(super) fn settle(&self, slot: Slot<'_>, guard: &Guard) {
        let horizon = self.snapshots.horizon(&self.sequencer);
        if self.memtable.settle(slot, &horizon, &self.counters, guard) {
            self.mailbox.queue(slot);
        }
    }

    fn write_batch(&self, ops: &[Op<'_>], packed: &[u8], durability: Durability) -> Result<u64> {
        let guard = &epoch::pin();
        let prepared = self.prepare_batch(ops, guard)?;
        let commit = self.begin_batch(&prepared, packed, durability, guard)?;
        self.apply_batch(prepared, packed, commit, guard)
    }

    /// Makes the versions and the slots of a batch. An operation on a key of a range
    /// that a later one deletes gets none: nobody is ever to see it.
    pub(super) fn prepare_batch<'g>(
        &self,
        ops: &[Op<'_>],
        guard: &'g Guard,
    ) -> Result<Prepared<'g>> {
        let ranges: Vec<RangeTombstone> =
            ops.iter().zip(0..).filter_map(|(op, place)| op.range_tombstone(place)).collect();
        let later = RangeTombstones::new(ranges.iter().cloned());
        let mut pending = Vec::with_capacity(ops.len());
        let mut keys: Vec<&[u8]> = Vec::with_capacity(ops.len());
        for (op, place) in ops.iter().zip(0..) {
            let Some((key, payload)) = op.on_key() else { continue };
            if later.newest_between(key, place, u64::MAX).is_none() {
                pending.push((place, Pending::new(payload)?));
                keys.push(key);
            }
        }
        let mut found = Vec::with_capacity(keys.len());
        self.memtable.find_many(&keys, guard, |_, slot| found.push(slot));
        let mut slots = Vec::with_capacity(keys.len());
        for (slot, key) in found.into_iter().zip(&keys) {
            slots.push(match slot {
                Some(slot) => {
                    self.note_overwrite(slot);
                    slot
                }
                None => self.slot_for_write(key, guard)?,
            });
        }
        Ok(Prepared { count: ops.len() as u64, pending, slots, ranges })
    }

    /// Takes the numbers and the place in the log of a batch.
    pub(super) fn begin_batch(
        &self,
        prepared: &Prepared<'_>,
        packed: &[u8],
        durability: Durability,
        guard: &Guard,
    ) -> Result<Commit<'_>> {
        self.begin(prepared.count, packed.len(), durability)
            .inspect_err(|_| self.settle_all(&prepared.slots, guard))
    }

    /// Logs a batch, and makes it visible.
    pub(super) fn apply_batch<'g>(
        &self,
        prepared: Prepared<'g>,
        packed: &[u8],
        mut commit: Commit<'_>,
        guard: &'g Guard,
    ) -> Result<u64> {
        let Prepared { pending, mut slots, ranges, .. } = prepared;
        commit.log(&[packed])?;
        if !ranges.is_empty() {
            let first = commit.first();
            let numbered = |t: RangeTombstone| RangeTombstone { sequence: first + t.sequence, ..t };
            let ranges = ranges.into_iter().map(numbered).collect();
            self.memtable.delete_ranges(ranges, &self.counters, guard);
        }
        for (slot, (place, pending)) in slots.iter_mut().zip(pending) {
            let sequence = commit.first() + place;
            // An error leaves the commit unfinished and so poisons the storage,
            // as part of the batch is in already. It takes running out of memory
            // at the moment in which the key's entry is removed.
            *slot = self.push(*slot, pending, sequence, guard)?;
        }
        let last = commit.complete()?;
        self.settle_all(&slots, guard);
        Ok(last)
    }

    pub(super) fn settle_all(&self, slots: &[Slot<'_>], guard: &Guard) {
        slots.iter().for_each(|&slot| self.settle(slot, guard));
    }

    /// The horizon for removals: what is not in segments for everyone must stay.
    fn reclaimable(&self) -> Horizon {
        let mut horizon = self.snapshots.horizon(&self.sequencer);
        if let Some(durable) = &self.durable {
            horizon.oldest_snapshot = horizon.oldest_snapshot.min(durable.settled());
        }
        horizon
    }

    /// The sequence below which nothing holds an entry up.
    pub(crate) fn needed_from(&self) -> u64 {
        self.reclaimable().oldest_snapshot
    }

    /// The oldest sequence at which anyone may read, now or later, and which is in
    /// segments for everyone.
    pub(crate) fn oldest_needed(&self) -> u64 {
        self.reclaimable().oldest()
    }

    /// A number that grows before an entry is removed, dead or alive.
    pub(super) fn departures(&self) -> u64 {
        self.mailbox.removals() + self.budget.as_ref().map_or(0, Budget::departures)
    }

    /// Removes a slot if its key is dead to everyone. Only the janitor calls it.
    pub(crate) fn reclaim(&self, slot: Slot<'_>, guard: &Guard) -> Reclaim {
        // The horizon is read before the removal is counted: see
        // `Mailbox::removals`.
        let horizon = self.reclaimable();
        let deletions = self.memtable.deletions.up_to(horizon.oldest(), guard);
        let death = |record: Record<'_>| {
            if self.clock.has_passed(record.expires_at()) {
                return Some(Death::Expired);
            }
            deletions.hide(slot.key(), record.sequence()).then_some(Death::InRange)
        };
        let counted = || self.mailbox.count_removal();
        self.memtable.reclaim(slot, &horizon, death, counted, &self.counters, guard)
    }
}
