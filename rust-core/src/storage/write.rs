//! Writes. A write returns when it is visible; whether it is durable is asked
//! for afterwards.

use super::{Core, PutIfAbsent};
use crate::batch::{self, Op};
use crate::commit::Commit;
use crate::durable::Durability;
use crate::error::{Error, Result};
use crate::key_version::Payload;
use crate::memtable::{IndexNeed, Pending, Reclaim, Record, Slot};
use crate::stats::Counter;
use crate::sync::Backoff;
use crossbeam_epoch::{self as epoch, Guard};

/// After so many bytes a thread sets the writers' pace itself: the thread that
/// sees to it may have to wait for a processor while writers fill the memory.
const LOOK_AFTER: u64 = 64 << 10;

/// One try at a conditional write.
enum Attempt {
    Done(PutIfAbsent),
    /// Another write came in between; the version is given back.
    Again(Pending),
}

/// An operation on one key, as it is logged and stored.
#[derive(Clone, Copy)]
struct Single<'a> {
    key: &'a [u8],
    payload: Payload<'a>,
    durability: Durability,
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
        self.admit(key.len() + value.len())?;
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
        self.admit(key.len() + value.len())?;
        let guard = &epoch::pin();
        let write = Single { key, payload: Payload::Value(value, expires_at), durability };
        let mut pending = Pending::new(write.payload)?;
        let mut backoff = Backoff::default();
        loop {
            let removals = self.mailbox.removals();
            if self.has_live(key, guard)? {
                return Ok(PutIfAbsent::Exists);
            }
            match self.try_put_if_absent(write, pending, removals, guard)? {
                Attempt::Done(end) => {
                    if expires_at != 0 {
                        self.mailbox.expiry_written();
                    }
                    return Ok(end);
                }
                Attempt::Again(back) => pending = back,
            }
            backoff.wait();
        }
    }

    /// Removes a key.
    pub(crate) fn delete(&self, key: &[u8], durability: Durability) -> Result<u64> {
        self.admit(key.len())?;
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
        self.admit(packed.len())?;
        if ops.is_empty() {
            return Ok(0);
        }
        let sequence = self.write_batch(&ops, packed, durability)?;
        let puts = ops.iter().filter(|op| matches!(op, Op::Put { .. })).count() as u64;
        let stripe = self.counters.mine();
        stripe.add(Counter::Batches, 1);
        stripe.add(Counter::Puts, puts);
        stripe.add(Counter::Deletes, ops.len() as u64 - puts);
        if ops.iter().any(|op| matches!(op, Op::Put { expires_at: 1.., .. })) {
            self.mailbox.expiry_written();
        }
        Ok(sequence)
    }

    /// Lets a write of so many bytes begin, or fails with [`Error::Busy`] if it is
    /// to be tried again later.
    #[inline]
    fn admit(&self, len: usize) -> Result<()> {
        if self.sequencer.is_poisoned() {
            return Err(self.why_poisoned());
        }
        if let Some(durable) = &self.durable {
            if self.counters.mine().has_written(LOOK_AFTER) {
                durable.set_pace(self);
            }
            if !durable.throttle.admits(len) {
                return Err(durable.refusal(self));
            }
        }
        Ok(())
    }

    #[cold]
    fn why_poisoned(&self) -> Error {
        let failure = self.durable.as_ref().and_then(|durable| durable.wal.failure());
        failure.unwrap_or(Error::Poisoned)
    }

    /// The key's slot, made if need be.
    #[inline]
    fn slot_for_write<'g>(&self, key: &[u8], guard: &'g Guard) -> Result<Slot<'g>> {
        let (slot, made) = self.memtable.find_or_make(key, &self.counters, guard)?;
        if let Some(need) = made {
            self.after_making(need, guard);
        }
        Ok(slot)
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
    fn push<'g>(
        &self,
        slot: Slot<'g>,
        pending: Pending,
        sequence: u64,
        guard: &'g Guard,
    ) -> Result<Slot<'g>> {
        let slot = self.memtable.push(slot, pending, sequence, &self.counters, guard)?;
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
        match self.memtable.unordered() {
            ..=MANY => {}
            ..=TOO_MANY => self.memtable.try_order_some(SOME, guard),
            _ => self.memtable.order_some(SOME, guard),
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
    fn delete_absent(&self, write: Single<'_>, pending: Pending, guard: &Guard) -> Result<u64> {
        let mut commit = self.begin(1, write.log_len(), write.durability)?;
        let sequence = commit.first();
        commit.wait_turn()?;
        let slot = match self.slot_to_delete(write.key, guard) {
            Some(slot) => Some(slot),
            // What was found in memory may have gone to the segments meanwhile.
            None if self.incomplete(guard).is_some() => {
                Some(self.slot_for_write(write.key, guard)?)
            }
            None => None,
        };
        let Some(slot) = slot else {
            commit.log_nothing(write.log_len())?;
            return commit.complete();
        };
        write.log(&mut commit)?;
        let slot = self.push(slot, pending, sequence, guard)?;
        commit.complete()?;
        self.settle(slot, guard);
        Ok(sequence)
    }

    #[inline]
    fn settle(&self, slot: Slot<'_>, guard: &Guard) {
        let horizon = self.snapshots.horizon(&self.sequencer);
        if self.memtable.settle(slot, &horizon, &self.counters, guard) {
            self.mailbox.queue(slot);
        }
    }

    /// The key had no live value, neither in memory nor in the segments, after
    /// the mailbox told so many `removals`.
    fn try_put_if_absent(
        &self,
        write: Single<'_>,
        pending: Pending,
        removals: u64,
        guard: &Guard,
    ) -> Result<Attempt> {
        let slot = self.slot_for_write(write.key, guard)?;
        let mut commit = match self.begin(1, write.log_len(), write.durability) {
            Ok(commit) => commit,
            Err(error) => {
                self.settle(slot, guard);
                return Err(error);
            }
        };
        let sequence = commit.first();
        commit.wait_turn()?;
        let newest = slot.newest(guard);
        let attempt = match newest {
            // A later write is there already: judge what follows it.
            Some(newer) if newer.sequence() > sequence => Attempt::Again(pending),
            Some(record) if self.is_live(record) => Attempt::Done(PutIfAbsent::Exists),
            // A value that was written since may have left memory since.
            None if self.mailbox.removals() != removals => Attempt::Again(pending),
            dead => match self.memtable.replace(slot, dead, pending, sequence, &self.counters) {
                Ok(()) => Attempt::Done(PutIfAbsent::Stored(sequence)),
                Err(pending) => Attempt::Again(pending),
            },
        };
        if let Attempt::Done(PutIfAbsent::Stored(_)) = attempt {
            if let Some(durable) = &self.durable {
                durable.note_dirty(slot);
            }
            write.log(&mut commit)?;
            self.counters.mine().add(Counter::Puts, 1);
        } else {
            commit.log_nothing(write.log_len())?;
        }
        commit.complete()?;
        self.settle(slot, guard);
        Ok(attempt)
    }

    fn write_batch(&self, ops: &[Op<'_>], packed: &[u8], durability: Durability) -> Result<u64> {
        let guard = &epoch::pin();
        let mut writes = Vec::with_capacity(ops.len());
        let keys: Vec<&[u8]> = ops.iter().map(Op::key).collect();
        // Everything that can fail is done before a number is taken.
        for op in ops {
            writes.push(Pending::new(op.payload())?);
        }
        let mut found = Vec::with_capacity(ops.len());
        self.memtable.find_many(&keys, guard, |_, slot| found.push(slot));
        let mut slots = Vec::with_capacity(ops.len());
        for (slot, key) in found.into_iter().zip(&keys) {
            slots.push(match slot {
                Some(slot) => slot,
                None => self.slot_for_write(key, guard)?,
            });
        }
        let mut commit = match self.begin(ops.len() as u64, packed.len(), durability) {
            Ok(commit) => commit,
            Err(error) => {
                slots.into_iter().for_each(|slot| self.settle(slot, guard));
                return Err(error);
            }
        };
        commit.log(&[packed])?;
        for ((slot, pending), sequence) in slots.iter_mut().zip(writes).zip(commit.first()..) {
            // An error leaves the commit unfinished and so poisons the storage,
            // as part of the batch is in already. It takes running out of memory
            // at the moment in which the key's entry is removed.
            *slot = self.push(*slot, pending, sequence, guard)?;
        }
        let last = commit.complete()?;
        for slot in slots {
            self.settle(slot, guard);
        }
        Ok(last)
    }

    /// Removes a slot if its key is dead to everyone. Only the janitor calls it.
    pub(crate) fn reclaim(&self, slot: Slot<'_>, guard: &Guard) -> Reclaim {
        // The horizon is read before the removal is counted: see
        // `Mailbox::removals`.
        let mut horizon = self.snapshots.horizon(&self.sequencer);
        if let Some(durable) = &self.durable {
            // What is not in segments for everyone must stay.
            horizon.oldest_snapshot = horizon.oldest_snapshot.min(durable.settled());
        }
        let has_passed = |expires_at| self.clock.has_passed(expires_at);
        let counted = || self.mailbox.count_removal();
        self.memtable.reclaim(slot, &horizon, has_passed, counted, &self.counters, guard)
    }
}
