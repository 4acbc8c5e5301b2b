//! The memtable: one entry per distinct key, found through a hash index (point
//! operations) and through a B+tree (order); each entry holds the key's versions.
//!
//! The hash index decides which entry a key has. A new entry is not put in order
//! at once, since many searches in the tree together cost much less than each
//! alone: it waits in a list, from before it is in the hash index until the janitor,
//! a writer that finds the list long, or a scan (which needs the order) has put it
//! into the tree.
//!
//! Whoever changes the tree has the order lock; nobody else takes it but
//! scans, and those only if entries are waiting.
//!
//! An entry leaves in this order: its state forbids other uses, its chain is
//! sealed, it is taken out of the hash index, then out of the tree, and is
//! retired. A writer that meets a sealed chain looks the key up again.

mod chain;
mod entry;
mod hash_index;
mod leave;
mod order;
mod order_tree;
mod pending;
pub(crate) mod prefetch;
mod range_deletions;
mod reclaim;
mod residents;
mod slot;
mod version;

use crate::error::Result;
use crate::range_tombstones::RangeTombstone;
use crate::snapshot::Horizon;
use crate::stats::{Counter, Counters};
use crate::storage::Prefix;
use crate::sync::Backoff;
use chain::{Pushed, Retired};
use crossbeam_epoch::Guard;
use entry::Entry;
use hash_index::{Hash, HashIndex, Hasher, Inserted, Need};
pub(crate) use leave::Left;
use order::Order;
pub(crate) use order_tree::Walk;
use order_tree::{Direction, Place};
pub(crate) use pending::Pending;
pub(crate) use range_deletions::{Deletions, RangeDeletions};
pub(crate) use reclaim::{Death, Reclaim};
pub(crate) use residents::COUNTED_HITS;
use residents::Residents;
pub(crate) use slot::{Lookup, Record, Slot};
use std::ptr;
use version::Version;

/// See the module's text.
pub(crate) struct Memtable {
    hasher: Hasher,
    index: HashIndex,
    order: Order,
    /// Whether entries may leave that are found nowhere else.
    may_leave: bool,
    /// The ranges that were deleted: what hides versions without being in a chain.
    pub(crate) deletions: RangeDeletions,
}

/// A table that readers may still use; dropping it gives its memory back.
pub(crate) struct OldTable(Box<hash_index::Table>);

// SAFETY: its memory is used through atomics only, and owned.
unsafe impl Send for OldTable {}

impl OldTable {
    /// The bytes that it takes.
    pub(crate) fn footprint(&self) -> usize {
        self.0.footprint()
    }
}

impl Memtable {
    /// An empty memtable whose hash index has room for `expected_keys`.
    pub(crate) fn new(expected_keys: usize) -> Result<Self> {
        Self::with(expected_keys, |_| None)
    }

    /// As [`Memtable::new`], of about so many bytes, and live entries may leave it, but for
    /// keys that begin with `pinned`.
    pub(crate) fn with_budget(expected_keys: usize, capacity: u64, pinned: Prefix) -> Result<Self> {
        Self::with(expected_keys, |hasher| Some(Residents::new(capacity, pinned, hasher)))
    }

    fn with(
        expected_keys: usize,
        residents: impl FnOnce(Hasher) -> Option<Residents>,
    ) -> Result<Self> {
        let index = HashIndex::new(expected_keys)?;
        let hasher = Hasher::default();
        let residents = residents(hasher.clone());
        Ok(Self {
            hasher,
            index,
            may_leave: residents.is_some(),
            order: Order::new(residents),
            deletions: RangeDeletions::default(),
        })
    }

    /// Adds deletions of ranges, which are in the log and not visible yet, and counts
    /// them: the memory that they take is given back by a flush, too.
    pub(crate) fn delete_ranges(
        &self,
        ranges: Vec<RangeTombstone>,
        counters: &Counters,
        guard: &Guard,
    ) {
        let bytes = footprint(&ranges);
        self.deletions.add(ranges.into_iter(), guard);
        counters.mine().add(Counter::DataBytes, bytes);
        counters.mine().add(Counter::WrittenBytes, bytes);
    }

    /// Takes deletions of ranges that were carried out, in the order of their sequences,
    /// off the list.
    ///
    /// Only the janitor calls it.
    pub(crate) fn forget_ranges(
        &self,
        ranges: &[RangeTombstone],
        counters: &Counters,
        guard: &Guard,
    ) {
        let sequences: Vec<u64> = ranges.iter().map(|range| range.sequence).collect();
        self.deletions.remove(&sequences, guard);
        counters.mine().sub(Counter::DataBytes, footprint(ranges));
    }

    /// The slot of a key, if it has one.
    #[inline]
    pub(crate) fn find<'g>(&self, key: &[u8], guard: &'g Guard) -> Option<Slot<'g>> {
        self.index.get(self.hasher.hash(key), key, guard).map(Slot)
    }

    /// Finds many keys at once, with their memory asked for in stages, so that
    /// the misses of different keys overlap: first the index lines, then the
    /// entries, then the newest versions. `each` receives every key's place in
    /// `keys` and its slot.
    pub(crate) fn find_many<'g>(
        &self,
        keys: &[&[u8]],
        guard: &'g Guard,
        mut each: impl FnMut(usize, Option<Slot<'g>>),
    ) {
        /// Keys in flight: enough to hide the latency, few enough that what was
        /// asked for is still in the cache when it is used.
        const STAGE: usize = 32;
        let mut hashes = [Hash::default(); STAGE];
        let mut slots = [None; STAGE];
        for (chunk_number, chunk) in keys.chunks(STAGE).enumerate() {
            for (hash, key) in hashes.iter_mut().zip(chunk) {
                *hash = self.hasher.hash(key);
                self.index.prefetch(*hash, guard);
            }
            for hash in &hashes[..chunk.len()] {
                prefetch::read(self.index.probable(*hash, guard).cast());
            }
            for ((slot, hash), key) in slots.iter_mut().zip(&hashes).zip(chunk) {
                *slot = self.index.get(*hash, key, guard).map(Slot);
                if let Some(slot) = slot {
                    slot.prefetch_newest();
                }
            }
            for (i, slot) in slots[..chunk.len()].iter().enumerate() {
                each(chunk_number * STAGE + i, *slot);
            }
        }
    }

    /// The slot of a key, made if there is none; and if it was made, what the index
    /// needs.
    pub(crate) fn find_or_make<'g>(
        &self,
        key: &[u8],
        counters: &Counters,
        guard: &'g Guard,
    ) -> Result<(Slot<'g>, Option<Need>)> {
        let hash = self.hasher.hash(key);
        if let Some(entry) = self.index.get(hash, key, guard) {
            return Ok((Slot(entry), None));
        }
        let new = Entry::allocate(key, self.may_leave)?;
        // Before anyone can find it, so that every version is on an entry that
        // is in order or waits to be.
        self.order.add(new);
        // SAFETY: freed by the order only once it is abandoned, and then not
        // under our guard.
        let new = unsafe { new.as_ref() };
        match self.index.get_or_insert(hash, key, new, guard) {
            Ok(Inserted::New(need)) => {
                new.mark_indexed();
                counters.mine().add(Counter::DataBytes, new.footprint() as u64);
                Ok((Slot(new), Some(need)))
            }
            Ok(Inserted::Old(old)) => {
                new.abandon();
                Ok((Slot(old), None))
            }
            Err(error) => {
                new.abandon();
                Err(error)
            }
        }
    }

    /// Puts up to `limit` waiting entries in order.
    pub(crate) fn order_some(&self, limit: usize, guard: &Guard) {
        self.order.settle_some(limit, |entry| self.is_indexed(entry, guard), guard);
    }

    /// As [`Memtable::order_some`], unless another thread is changing the order.
    pub(crate) fn try_order_some(&self, limit: usize, guard: &Guard) {
        self.order.try_settle_some(limit, |entry| self.is_indexed(entry, guard), guard);
    }

    /// How many entries wait to be put in order.
    pub(crate) fn unordered(&self) -> usize {
        self.order.waiting()
    }

    /// Puts all entries in order that have a visible version by now. Whoever
    /// walks the slots in order calls it first.
    pub(crate) fn order_all(&self, guard: &Guard) {
        self.order.settle_all(|entry| self.is_indexed(entry, guard), guard);
    }

    /// Whether an entry is in the hash index already, and not only about to be.
    fn is_indexed(&self, entry: &Entry, guard: &Guard) -> bool {
        entry.is_marked_indexed() || {
            // SAFETY: valid under the guard.
            let key = unsafe { Entry::key(entry) };
            let found = self.index.get(self.hasher.hash(key), key, guard);
            found.is_some_and(|found| ptr::eq(found, entry))
        }
    }

    /// Pushes a version that was given its sequence, and counts it. `slot` is
    /// the key's as last found; if it is being removed, the slot is made anew.
    /// Returns where the version ended, and whether the newest one has another size now.
    pub(crate) fn push<'g>(
        &self,
        mut slot: Slot<'g>,
        mut pending: Pending,
        sequence: u64,
        counters: &Counters,
        guard: &'g Guard,
    ) -> Result<(Slot<'g>, bool)> {
        pending.set_sequence(sequence);
        let (bytes, live, expires) = weigh(pending.version());
        let mut backoff = Backoff::default();
        loop {
            // SAFETY: we own the version until it is in the chain; its sequence
            // is reserved by the caller and not completed.
            match unsafe { slot.0.chain.push(pending.0, guard) } {
                Pushed::OnTop(previous) => {
                    pending.into_inner();
                    let was_live = previous.is_some_and(|v| !v.is_tombstone());
                    count_push(counters, bytes, expires, was_live, live);
                    let resized = previous.is_none_or(|v| v.footprint() as u64 != bytes);
                    return Ok((slot, resized));
                }
                Pushed::Beneath => {
                    pending.into_inner();
                    count_push(counters, bytes, expires, false, false);
                    return Ok((slot, false));
                }
                Pushed::Sealed => {
                    backoff.wait();
                    slot = self.find_or_make(slot.key(), counters, guard)?.0;
                }
            }
        }
    }

    /// Drops the versions of a slot that nobody sees any more, and tells whether
    /// the janitor should look at the slot: it holds a version that only a
    /// snapshot needs, a tombstone, or nothing.
    #[inline]
    pub(crate) fn settle(
        &self,
        slot: Slot<'_>,
        horizon: &Horizon,
        counters: &Counters,
        guard: &Guard,
    ) -> bool {
        let chain = &slot.0.chain;
        let held = chain.is_long(guard)
            && (!trim(slot.0, horizon, counters, guard) || chain.is_held(horizon.visible, guard));
        held || chain.newest(guard).is_none_or(Version::is_tombstone)
    }

    /// Gives `each` some of the slots, and returns where to go on, at the start again
    /// after the end. Keys that are being copied to a larger table may be passed over.
    ///
    /// Only the janitor calls it.
    pub(crate) fn visit<'g>(
        &self,
        from: usize,
        guard: &'g Guard,
        mut each: impl FnMut(Slot<'g>),
    ) -> usize {
        self.index.visit(from, guard, |entry| each(Slot(entry)))
    }

    /// The slots in ascending order from `start` on, or after it if `exclusive`; from
    /// the first one on without.
    pub(crate) fn walk<'g>(
        &self,
        start: Option<&[u8]>,
        exclusive: bool,
        guard: &'g Guard,
    ) -> Walk<'g> {
        let place = match start {
            None => Place::Start,
            Some(key) if exclusive => Place::After(key),
            Some(key) => Place::At(key),
        };
        self.order.tree().walk(place, Direction::Forward, guard)
    }

    /// The slots in descending order, of those before `end`; from the last one on without.
    pub(crate) fn walk_back<'g>(&self, end: Option<&[u8]>, guard: &'g Guard) -> Walk<'g> {
        let place = end.map_or(Place::End, Place::At);
        self.order.tree().walk(place, Direction::Backward, guard)
    }

    /// What the hash index needs of the janitor.
    pub(crate) fn index_need(&self, guard: &Guard) -> Need {
        self.index.need(guard)
    }

    /// Lets the hash index grow, a bounded step at a time. A table that fell
    /// out of use is returned: nobody who pins from now on uses it.
    ///
    /// Only the janitor calls it.
    pub(crate) fn grow_index(&self, guard: &Guard) -> Result<Option<OldTable>> {
        /// Slots copied in one step.
        const STEP: usize = 1 << 14;
        match self.index.need(guard) {
            Need::Nothing => Ok(None),
            Need::Successor => self.index.grow(guard).map(|()| None),
            Need::Copying => {
                let old = self.index.copy(STEP, &self.hasher, guard)?;
                Ok(old.map(OldTable))
            }
        }
    }

    /// Bytes of the indexes that are not counted with the entries.
    pub(crate) fn index_bytes(&self, guard: &Guard) -> usize {
        self.index.footprint(guard) + self.order.tree().footprint()
    }

    /// The bytes of the indexes that were ever retired and are not told to the counters.
    pub(crate) fn retired_index_bytes(&self) -> u64 {
        self.order.tree().retired_bytes()
    }

    /// Bytes that the hash index is going to take beside those, when it is copied next.
    pub(crate) fn index_growth(&self, guard: &Guard) -> usize {
        self.index.growth(guard)
    }
}

pub(crate) use hash_index::Need as IndexNeed;

/// Trims an entry's chain, and tells whether it was possible: another thread may
/// be at it.
fn trim(entry: &Entry, horizon: &Horizon, counters: &Counters, guard: &Guard) -> bool {
    let locked = entry.try_trim_lock();
    if locked {
        let retired = entry.chain.trim(horizon, guard);
        entry.trim_unlock();
        count_retired(counters, &retired);
    }
    locked
}

/// The bytes of deletions of ranges.
fn footprint(ranges: &[RangeTombstone]) -> u64 {
    let kept = ranges.iter().filter(|range| !range.is_empty());
    kept.map(|range| range.footprint() as u64).sum()
}

/// The bytes of a version, whether it is a value, whether it expires.
fn weigh(version: &Version) -> (u64, bool, bool) {
    (version.footprint() as u64, !version.is_tombstone(), version.expires_at != 0)
}

fn count_push(counters: &Counters, bytes: u64, expires: bool, was_live: bool, live: bool) {
    let stripe = counters.mine();
    stripe.add(Counter::DataBytes, bytes);
    stripe.add(Counter::WrittenBytes, bytes);
    if expires {
        stripe.add(Counter::Expiring, 1);
    }
    match (was_live, live) {
        (false, true) => stripe.add(Counter::Keys, 1),
        (true, false) => stripe.sub(Counter::Keys, 1),
        _ => {}
    }
}

fn count_retired(counters: &Counters, retired: &Retired) {
    if retired.bytes != 0 {
        let stripe = counters.mine();
        stripe.sub(Counter::DataBytes, retired.bytes);
        counters.note_retired(retired.bytes);
        if retired.expiring != 0 {
            stripe.sub(Counter::Expiring, retired.expiring);
        }
    }
}
