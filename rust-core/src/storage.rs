//! The storage: an ordered map from keys to values with versions.
//!
//! # Order
//! Every write has a sequence number, and all readers agree that writes happen
//! in that order (see [`crate::sequence`]). A write returns when it is visible.
//! A batch takes a range of numbers that becomes visible at once. Conditional
//! writes wait until all earlier numbers are visible before they judge.
//!
//! # Reclamation
//! A write drops the versions that it supersedes, unless an open [`Snapshot`]
//! needs them. Dead entries are removed by the janitor in the background.

use crate::batch::{self, Op};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::janitor::{Janitor, Mailbox};
use crate::limits::{check_key, check_value};
use crate::memtable::{IndexNeed, Lookup, Memtable, Payload, Pending, Reclaim, Record, Slot};
use crate::scan::{self, Range, ScanEntry};
use crate::sequence::Sequencer;
use crate::snapshot::Snapshots;
use crate::stats::{Counter, Counters};
use crate::sync::Backoff;
use crossbeam_epoch::{self as epoch, Guard};
use std::ops::ControlFlow;
use std::sync::Arc;

/// How to open a storage.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// How many keys the hash index has room for from the start. It grows in any
    /// case; this spares the copying when the number is known.
    pub expected_keys: usize,
}

/// A value as a read finds it; its bytes are borrowed during the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueRef<'a> {
    /// The value's bytes.
    pub bytes: &'a [u8],
    /// The sequence number of the write.
    pub sequence: u64,
    /// Unix milliseconds; 0 for never.
    pub expires_at: u64,
}

/// How a conditional write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutIfAbsent {
    /// The value was stored under this sequence number.
    Stored(u64),
    /// The key has a live value; nothing was written.
    Exists,
}

/// Figures of one moment. Counters count since open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Stats {
    /// Live keys; expired ones count until they are reclaimed.
    pub keys: u64,
    /// Bytes of entries, versions and indexes.
    pub memory_bytes: u64,
    /// The newest visible sequence number.
    pub last_sequence: u64,
    /// Snapshots that are open.
    pub open_snapshots: u64,
    /// Keys looked up.
    pub gets: u64,
    /// Of those, found.
    pub get_hits: u64,
    /// Values written.
    pub puts: u64,
    /// Deletions written.
    pub deletes: u64,
    /// Batches applied.
    pub batches: u64,
    /// Scans begun.
    pub scans: u64,
    /// Entries that scans yielded.
    pub scan_keys: u64,
    /// Entries reclaimed after expiry.
    pub expired: u64,
    /// Entries reclaimed after deletion.
    pub reclaimed: u64,
    /// Bytes that the allocator holds from the system; 0 if it cannot tell.
    pub allocator_bytes: u64,
}

/// What a storage consists of, shared with its snapshots and its janitor.
pub(crate) struct Core {
    pub(crate) sequencer: Sequencer,
    pub(crate) snapshots: Snapshots,
    pub(crate) clock: Clock,
    pub(crate) counters: Counters,
    pub(crate) memtable: Memtable,
    pub(crate) mailbox: Mailbox,
}

/// An open storage, in memory only. It may be used from any number of threads.
///
/// Dropping it ends the janitor, which then frees everything in the background,
/// once the last [`Snapshot`] is gone too.
pub struct Storage {
    core: Arc<Core>,
}

/// A frozen view of a storage, which it keeps alive. Expiry goes on: a value
/// that expires disappears from the snapshot too.
pub struct Snapshot {
    core: Arc<Core>,
    sequence: u64,
}

impl Storage {
    /// Opens an empty storage with the default options.
    pub fn open() -> Result<Self> {
        Self::open_with(Options::default())
    }

    /// Opens an empty storage.
    pub fn open_with(options: Options) -> Result<Self> {
        let core = Arc::new(Core::new(options)?);
        let janitor = Janitor::new(Arc::clone(&core));
        std::thread::Builder::new()
            .name("mantisdb-janitor".into())
            .spawn(move || janitor.run_guarded())
            .map_err(|e| Error::ThreadSpawn(e.to_string()))?;
        Ok(Self { core })
    }

    /// A storage whose janitor is stepped by hand.
    #[cfg(all(test, feature = "shuttle"))]
    pub(crate) fn open_stepped() -> Result<(Self, Janitor)> {
        let core = Arc::new(Core::new(Options::default())?);
        let janitor = Janitor::new(Arc::clone(&core));
        Ok((Self { core }, janitor))
    }

    /// Reads the newest value of `key` and gives it to `read`; `None` if there
    /// is none.
    #[inline]
    pub fn get<R>(&self, key: &[u8], read: impl FnOnce(ValueRef<'_>) -> R) -> Result<Option<R>> {
        check_key(key)?;
        let guard = &epoch::pin();
        let found = self.core.newest_live(key, guard);
        self.core.count_gets(1, u64::from(found.is_some()));
        Ok(found.map(|record| read(record.into())))
    }

    /// The newest value of `key`, copied.
    pub fn get_vec(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.get(key, |value| value.bytes.to_vec())
    }

    /// Reads many keys as of one moment; `each` receives every key's place in
    /// `keys` and its value, in that order, once.
    ///
    /// Most calls take one pass under no snapshot. If a key's version of that
    /// moment may have been dropped in between, `restart` is called, and all
    /// keys are read again under a snapshot.
    pub fn multi_get<T>(
        &self,
        keys: &[&[u8]],
        target: &mut T,
        mut each: impl FnMut(&mut T, usize, Option<ValueRef<'_>>),
        mut restart: impl FnMut(&mut T),
    ) -> Result<()> {
        keys.iter().try_for_each(|key| check_key(key))?;
        let guard = &epoch::pin();
        if !self.core.multi_get_at_once(keys, guard, |i, v| each(target, i, v)) {
            restart(target);
            let snapshot = self.snapshot()?;
            self.core.multi_get_at(snapshot.sequence, keys, guard, |i, v| each(target, i, v));
        }
        Ok(())
    }

    /// Stores `value` under `key` until `expires_at` (Unix milliseconds, 0 for
    /// never), and returns the write's sequence number.
    #[inline]
    pub fn put(&self, key: &[u8], value: &[u8], expires_at: u64) -> Result<u64> {
        check_key(key)?;
        check_value(value)?;
        self.core.writable()?;
        let pending = Pending::new(Payload::Value(value, expires_at))?;
        let guard = &epoch::pin();
        let slot = self.core.slot_for_write(key, guard)?;
        let sequence = self.core.write_one(slot, pending, guard)?;
        self.core.counters.mine().add(Counter::Puts, 1);
        if expires_at != 0 {
            self.core.mailbox.expiry_written();
        }
        Ok(sequence)
    }

    /// Stores `value` under `key` if the key has no live value.
    pub fn put_if_absent(&self, key: &[u8], value: &[u8], expires_at: u64) -> Result<PutIfAbsent> {
        check_key(key)?;
        check_value(value)?;
        self.core.writable()?;
        let guard = &epoch::pin();
        let mut pending = Pending::new(Payload::Value(value, expires_at))?;
        let mut backoff = Backoff::default();
        loop {
            if self.core.newest_live(key, guard).is_some() {
                return Ok(PutIfAbsent::Exists);
            }
            match self.core.try_put_if_absent(key, pending, guard)? {
                Attempt::Done(end) => {
                    if expires_at != 0 {
                        self.core.mailbox.expiry_written();
                    }
                    return Ok(end);
                }
                Attempt::Again(back) => pending = back,
            }
            backoff.wait();
        }
    }

    /// Removes `key`, which need not exist, and returns the write's sequence
    /// number.
    pub fn delete(&self, key: &[u8]) -> Result<u64> {
        check_key(key)?;
        self.core.writable()?;
        let guard = &epoch::pin();
        let pending = Pending::new(Payload::Tombstone)?;
        let sequence = match self.core.slot_to_delete(key, guard) {
            Some(slot) => self.core.write_one(slot, pending, guard)?,
            None => self.core.delete_absent(key, pending, guard)?,
        };
        self.core.counters.mine().add(Counter::Deletes, 1);
        Ok(sequence)
    }

    /// Applies a packed batch (see [`crate::batch`]), whole or not at all, and
    /// returns the sequence number of its last operation; 0 for an empty one.
    pub fn write(&self, packed: &[u8]) -> Result<u64> {
        let ops = batch::parse(packed)?;
        self.core.writable()?;
        if ops.is_empty() {
            return Ok(0);
        }
        let sequence = self.core.write_batch(&ops)?;
        let puts = ops.iter().filter(|op| matches!(op, Op::Put { .. })).count() as u64;
        let stripe = self.core.counters.mine();
        stripe.add(Counter::Batches, 1);
        stripe.add(Counter::Puts, puts);
        stripe.add(Counter::Deletes, ops.len() as u64 - puts);
        if ops.iter().any(|op| matches!(op, Op::Put { expires_at: 1.., .. })) {
            self.core.mailbox.expiry_written();
        }
        Ok(sequence)
    }

    /// Freezes the state as of the call.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let sequence = self.core.snapshots.open(&self.core.sequencer)?;
        Ok(Snapshot { core: Arc::clone(&self.core), sequence })
    }

    /// Takes lookups back from the counts: those whose answers did not reach the
    /// caller, who will ask again.
    pub(crate) fn uncount_gets(&self, keys: u64, hits: u64) {
        let stripe = self.core.counters.mine();
        stripe.sub(Counter::Hits, hits);
        stripe.sub(Counter::Misses, keys - hits);
    }

    /// Figures of this moment.
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }
}

impl Storage {
    /// Ends the janitor, which frees everything once nobody uses it any more.
    pub(crate) fn close(&self) {
        self.core.mailbox.close();
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.close();
    }
}

impl Snapshot {
    /// The newest sequence number that the snapshot sees.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Reads `key` as of the snapshot and gives the value to `read`.
    pub fn get<R>(&self, key: &[u8], read: impl FnOnce(ValueRef<'_>) -> R) -> Result<Option<R>> {
        check_key(key)?;
        let guard = &epoch::pin();
        let found = self.core.live_at(self.sequence, key, guard);
        self.core.count_gets(1, u64::from(found.is_some()));
        Ok(found.map(|record| read(record.into())))
    }

    /// Gives the range's live entries to `each`, in the range's order, until it
    /// breaks off, by which it refuses the entry that it was given. No write waits for it, but garbage does: walk long ranges by
    /// pages.
    pub fn scan(&self, range: &Range<'_>, mut each: impl FnMut(ScanEntry<'_>) -> ControlFlow<()>) {
        let guard = &epoch::pin();
        self.core.memtable.order_all(guard);
        let mut yielded = 0;
        scan::walk(&self.core.memtable, range, self.sequence, guard, |key, record| {
            if !self.core.is_live(record) {
                return ControlFlow::Continue(());
            }
            let (sequence, expires_at) = (record.sequence(), record.expires_at());
            let end = each(ScanEntry { key, value: record.value(), sequence, expires_at });
            yielded += u64::from(end.is_continue());
            end
        });
        self.core.counters.mine().add(Counter::ScanKeys, yielded);
    }

    /// Counts a scan as begun: the first page does.
    pub(crate) fn count_scan(&self) {
        self.core.counters.mine().add(Counter::Scans, 1);
    }
}

impl Snapshot {
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

impl<'a> From<Record<'a>> for ValueRef<'a> {
    #[inline]
    fn from(record: Record<'a>) -> Self {
        Self { bytes: record.value(), sequence: record.sequence(), expires_at: record.expires_at() }
    }
}

/// One try at a conditional write.
enum Attempt {
    Done(PutIfAbsent),
    /// Another write came in between; the version is given back.
    Again(Pending),
}

impl Core {
    fn new(options: Options) -> Result<Self> {
        Ok(Self {
            sequencer: Sequencer::new(),
            snapshots: Snapshots::new(),
            clock: Clock::new(),
            counters: Counters::new(),
            memtable: Memtable::new(options.expected_keys)?,
            mailbox: Mailbox::default(),
        })
    }

    fn writable(&self) -> Result<()> {
        if self.sequencer.is_poisoned() { Err(Error::Poisoned) } else { Ok(()) }
    }

    #[inline]
    fn is_live(&self, record: Record<'_>) -> bool {
        !record.is_tombstone() && !self.clock.has_passed(record.expires_at())
    }

    #[inline]
    fn count_gets(&self, keys: u64, hits: u64) {
        let stripe = self.counters.mine();
        // Most calls touch one of the two.
        if hits != 0 {
            stripe.add(Counter::Hits, hits);
        }
        if hits != keys {
            stripe.add(Counter::Misses, keys - hits);
        }
    }

    /// The newest visible record of `key`, if it is live.
    #[inline]
    fn newest_live<'g>(&self, key: &[u8], guard: &'g Guard) -> Option<Record<'g>> {
        let slot = self.memtable.find(key, guard)?;
        let stripe = self.counters.mine();
        let newest = slot.newest(guard)?;
        let record = if newest.sequence() <= stripe.visible_hint() {
            newest
        } else {
            self.newest_visible(slot, guard)?
        };
        self.is_live(record).then_some(record)
    }

    fn newest_visible<'g>(&self, slot: Slot<'g>, guard: &'g Guard) -> Option<Record<'g>> {
        let visible = self.sequencer.visible();
        self.counters.mine().hint_visible(visible);
        let Lookup { record, newer } = slot.at(visible, guard);
        match newer {
            // What we should have found may be gone; but then this one has been
            // the newest visible one for a moment of this call.
            Some(newer) if newer.sequence() <= self.sequencer.visible() => Some(newer),
            _ => record,
        }
    }

    /// The record of `key` at a sequence that a snapshot holds, if it is live.
    fn live_at<'g>(&self, sequence: u64, key: &[u8], guard: &'g Guard) -> Option<Record<'g>> {
        let record = self.memtable.find(key, guard)?.at(sequence, guard).record;
        record.filter(|&r| self.is_live(r))
    }

    /// Reads keys at the visible sequence, without a snapshot. If false is
    /// returned, the result cannot be trusted: a version or an entry that
    /// belongs to it may have been dropped.
    fn multi_get_at_once(
        &self,
        keys: &[&[u8]],
        guard: &Guard,
        mut each: impl FnMut(usize, Option<ValueRef<'_>>),
    ) -> bool {
        let removals = self.mailbox.removals();
        let visible = self.sequencer.visible();
        let (mut hits, mut missed, mut overtaken) = (0, false, false);
        self.memtable.find_many(keys, guard, |i, slot| {
            let record = slot.and_then(|slot| {
                let Lookup { record, newer } = slot.at(visible, guard);
                overtaken |= newer.is_some_and(|r| r.sequence() <= self.sequencer.visible());
                record
            });
            // Also if there is a slot: it may be a new one of a removed key.
            missed |= record.is_none();
            let record = record.filter(|&r| self.is_live(r));
            hits += u64::from(record.is_some());
            each(i, record.map(ValueRef::from));
        });
        if overtaken || (missed && self.mailbox.removals() != removals) {
            return false;
        }
        self.count_gets(keys.len() as u64, hits);
        true
    }

    /// Reads keys at a sequence that a snapshot holds.
    fn multi_get_at(
        &self,
        sequence: u64,
        keys: &[&[u8]],
        guard: &Guard,
        mut each: impl FnMut(usize, Option<ValueRef<'_>>),
    ) {
        let mut hits = 0;
        for (i, key) in keys.iter().enumerate() {
            let record = self.live_at(sequence, key, guard);
            hits += u64::from(record.is_some());
            each(i, record.map(ValueRef::from));
        }
        self.count_gets(keys.len() as u64, hits);
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
    fn write_one(&self, slot: Slot<'_>, pending: Pending, guard: &Guard) -> Result<u64> {
        // The push compares with the version before it.
        slot.prefetch_newest();
        let reservation = self.sequencer.reserve(1);
        let sequence = reservation.first;
        let pushed = self.memtable.push(slot, pending, sequence, &self.counters, guard);
        // Completed in any case: without its version, the number stays unused.
        reservation.complete()?;
        self.settle(pushed?, guard);
        Ok(sequence)
    }

    /// Tells the janitor of a new entry, and does some of its work if it does
    /// not keep up.
    fn after_making(&self, need: IndexNeed, guard: &Guard) {
        /// So many may wait: a scan that comes now has to put them in order.
        const MANY: usize = 4096;
        const SOME: usize = 64;
        if need != IndexNeed::Nothing {
            self.mailbox.request_growth();
        }
        self.mailbox.entry_made();
        if self.memtable.unordered() > MANY {
            self.memtable.order_some(SOME, guard);
        }
    }

    /// The slot of a key, unless nothing is left to be deleted in it.
    fn slot_to_delete<'g>(&self, key: &[u8], guard: &'g Guard) -> Option<Slot<'g>> {
        let gone = |r: Record<'_>| r.is_tombstone() && r.sequence() <= self.sequencer.visible();
        let slot = self.memtable.find(key, guard)?;
        (!slot.newest(guard).is_none_or(gone)).then_some(slot)
    }

    /// Deletes a key that seems to be absent: a tombstone is only needed if an
    /// earlier write of it is on its way.
    fn delete_absent(&self, key: &[u8], pending: Pending, guard: &Guard) -> Result<u64> {
        let reservation = self.sequencer.reserve(1);
        let sequence = reservation.first;
        reservation.wait_turn()?;
        let Some(slot) = self.slot_to_delete(key, guard) else {
            return reservation.complete();
        };
        let pushed = self.memtable.push(slot, pending, sequence, &self.counters, guard);
        reservation.complete()?;
        self.settle(pushed?, guard);
        Ok(sequence)
    }

    #[inline]
    fn settle(&self, slot: Slot<'_>, guard: &Guard) {
        let horizon = self.snapshots.horizon(&self.sequencer);
        if self.memtable.settle(slot, &horizon, &self.counters, guard) {
            self.mailbox.queue(slot);
        }
    }

    fn try_put_if_absent(&self, key: &[u8], pending: Pending, guard: &Guard) -> Result<Attempt> {
        let slot = self.slot_for_write(key, guard)?;
        let reservation = self.sequencer.reserve(1);
        let sequence = reservation.first;
        reservation.wait_turn()?;
        let newest = slot.newest(guard);
        let attempt = match newest {
            // A later write is there already: judge what follows it.
            Some(newer) if newer.sequence() > sequence => Attempt::Again(pending),
            Some(record) if self.is_live(record) => Attempt::Done(PutIfAbsent::Exists),
            dead => match self.memtable.replace(slot, dead, pending, sequence, &self.counters) {
                Ok(()) => Attempt::Done(PutIfAbsent::Stored(sequence)),
                Err(pending) => Attempt::Again(pending),
            },
        };
        reservation.complete()?;
        if let Attempt::Done(PutIfAbsent::Stored(_)) = attempt {
            self.counters.mine().add(Counter::Puts, 1);
        }
        self.settle(slot, guard);
        Ok(attempt)
    }

    fn write_batch(&self, ops: &[Op<'_>]) -> Result<u64> {
        let guard = &epoch::pin();
        let mut writes = Vec::with_capacity(ops.len());
        let keys: Vec<&[u8]> = ops.iter().map(Op::key).collect();
        // Everything that can fail is done before a number is taken.
        for op in ops {
            writes.push(Pending::new(match *op {
                Op::Put { value, expires_at, .. } => Payload::Value(value, expires_at),
                Op::Delete { .. } => Payload::Tombstone,
            })?);
        }
        let mut slots = Vec::with_capacity(ops.len());
        self.memtable.find_many(&keys, guard, |_, slot| slots.push(slot));
        for (slot, key) in slots.iter_mut().zip(&keys) {
            if slot.is_none() {
                *slot = Some(self.slot_for_write(key, guard)?);
            }
        }
        let reservation = self.sequencer.reserve(ops.len() as u64);
        for ((slot, pending), sequence) in slots.iter_mut().zip(writes).zip(reservation.first..) {
            if let Some(s) = slot {
                // An error leaves the reservation unfinished and so poisons the
                // storage, as part of the batch is in already. It takes running
                // out of memory at the moment in which the key's entry is
                // removed.
                *s = self.memtable.push(*s, pending, sequence, &self.counters, guard)?;
            }
        }
        let last = reservation.complete()?;
        for slot in slots.into_iter().flatten() {
            self.settle(slot, guard);
        }
        Ok(last)
    }

    /// Removes a slot if its key is dead to everyone. Only the janitor calls it.
    pub(crate) fn reclaim(&self, slot: Slot<'_>, guard: &Guard) -> Reclaim {
        // The horizon is read before the removal is counted: see
        // `Mailbox::removals`.
        let horizon = self.snapshots.horizon(&self.sequencer);
        let has_passed = |expires_at| self.clock.has_passed(expires_at);
        let counted = || self.mailbox.count_removal();
        self.memtable.reclaim(slot, &horizon, has_passed, counted, &self.counters, guard)
    }

    fn stats(&self) -> Stats {
        let sum = |counter| self.counters.sum(counter);
        let hits = sum(Counter::Hits);
        let guard = &epoch::pin();
        Stats {
            keys: sum(Counter::Keys),
            memory_bytes: sum(Counter::DataBytes) + self.memtable.index_bytes(guard) as u64,
            last_sequence: self.sequencer.visible(),
            open_snapshots: self.snapshots.count(),
            gets: hits + sum(Counter::Misses),
            get_hits: hits,
            puts: sum(Counter::Puts),
            deletes: sum(Counter::Deletes),
            batches: sum(Counter::Batches),
            scans: sum(Counter::Scans),
            scan_keys: sum(Counter::ScanKeys),
            expired: sum(Counter::Expired),
            reclaimed: sum(Counter::Reclaimed),
            allocator_bytes: crate::allocator::committed_bytes(),
        }
    }
}
