//! A part of the cache, chosen by the key's hash: its index, which is read without a
//! lock, and all else under one.

mod prefetching;
mod removal;
mod retiring;
mod slots;

use super::departure::{Cause, Departures};
use super::entry::{Entry, NO_TOKEN};
use super::index::{Hash, Index};
use super::key_order::KeyOrder;
use super::leaving::Leaving;
use super::memory::Memory;
use super::policy::{Policy, QueueStats, Upcoming};
use super::spares::Spares;
use super::stats::Counts;
use super::tags::Tags;
use super::timer_wheel::TimerWheel;
use crate::error::Result;
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use crate::sync::{Mutex, MutexGuard, lock, try_lock};
use crossbeam_epoch::{self as epoch, Guard};
use slots::{Slots, View};
use std::ptr::NonNull;

/// See the module.
///
/// What each change writes lies together, behind what readers look at: where processors are far
/// from each other, each line that the one writes and the other wants takes as long as all else.
#[repr(C)]
pub(super) struct Shard<P> {
    pub(super) index: Index,
    /// Bytes of its entries; a hint without the lock.
    weight: AtomicU64,
    state: Mutex<State<P>>,
}

/// What the lock guards; first what an overwrite writes, then what an eviction does.
#[repr(C)]
pub(super) struct State<P> {
    /// Bytes that were retired since [`Locked::has_retired_much`] was true.
    retired: u64,
    /// What left and was short.
    spares: Spares,
    counts: Counts,
    slots: Slots,
    policy: P,
    /// What [`Policy::upcoming`] said last.
    upcoming: Upcoming,
    /// What left and was long, and waits for more that does.
    leaving: Leaving,
    timers: TimerWheel,
    tags: Tags,
    order: Option<KeyOrder>,
    /// Bytes of tables that the memory has counted.
    footprint: u64,
}

/// A shard whose lock is held.
pub(super) struct Locked<'a, P> {
    shard: &'a Shard<P>,
    state: MutexGuard<'a, State<P>>,
    memory: &'a Memory,
    guard: &'a Guard,
    /// Bytes that came to what is retired, and the memory does not count yet. What wraps went.
    retired: u64,
}

/// What comes into a shard.
pub(super) struct Arrival<'a> {
    pub(super) hash: Hash,
    pub(super) entry: NonNull<Entry>,
    pub(super) tags: &'a [&'a [u8]],
}

impl<P: Policy> Shard<P> {
    pub(super) fn new(capacity: u64, ordered: bool, now: u64) -> Result<Self> {
        let state = State {
            policy: P::new(capacity),
            slots: Slots::default(),
            timers: TimerWheel::new(now),
            tags: Tags::default(),
            order: ordered.then(KeyOrder::default),
            upcoming: Upcoming::new(),
            counts: Counts::default(),
            footprint: 0,
            retired: 0,
            leaving: Leaving::default(),
            spares: Spares::default(),
        };
        Ok(Self { index: Index::new()?, weight: AtomicU64::new(0), state: Mutex::new(state) })
    }

    /// Pins, and waits for the lock. To pin may run what others have deferred, which may come
    /// to this very lock, as where a segment is dropped with its blocks: so it is not done
    /// while the lock is held. And nobody waits for it while pinned: that would hold up all
    /// that is retired.
    pub(super) fn lock_pinned(&self) -> (Guard, MutexGuard<'_, State<P>>) {
        loop {
            let guard = epoch::pin();
            if let Some(state) = try_lock(&self.state) {
                return (guard, state);
            }
            drop(guard);
            drop(self.lock());
        }
    }

    /// Waits for the lock.
    pub(super) fn lock(&self) -> MutexGuard<'_, State<P>> {
        lock(&self.state)
    }

    /// Bytes of its entries.
    pub(super) fn weight(&self) -> u64 {
        self.weight.load(Relaxed)
    }
}

impl<'a, P: Policy> Locked<'a, P> {
    pub(super) fn new(
        shard: &'a Shard<P>,
        state: MutexGuard<'a, State<P>>,
        memory: &'a Memory,
        guard: &'a Guard,
    ) -> Self {
        Self { shard, state, memory, guard, retired: 0 }
    }

    /// The live entry of a key. What has expired leaves.
    pub(super) fn live(
        &mut self,
        hash: Hash,
        key: &[u8],
        now: u64,
        departures: &mut Departures,
    ) -> Option<NonNull<Entry>> {
        let entry = self.shard.index.get(hash, key, self.guard)?;
        let (deadline, entry) = (entry.times().deadline(), NonNull::from(entry));
        if deadline != 0 && deadline <= now {
            self.remove(entry, Cause::Expired, departures);
            return None;
        }
        Some(entry)
    }

    /// A counted block of a length from [`super::arena::Arena::block_len`].
    pub(super) fn alloc(&mut self, len: usize) -> Option<NonNull<u8>> {
        if len as u64 <= Spares::LONGEST
            && let Some(block) = self.state.spares.take(len, self.memory)
        {
            self.retired = self.retired.wrapping_sub(len as u64);
            return Some(block);
        }
        self.memory.alloc(len)
    }

    /// How much of the content has to go if so many bytes come.
    pub(super) fn excess_with(&self, bytes: i64) -> u64 {
        self.memory.excess_with(bytes - self.retired as i64)
    }

    /// Takes an entry in, in the place of the one that its key has. If there is no
    /// memory, nothing has changed.
    pub(super) fn put(
        &mut self,
        arrival: Arrival<'_>,
        old: Option<NonNull<Entry>>,
        departures: &mut Departures,
    ) -> Result<()> {
        match old {
            Some(old) => self.replace(&arrival, old, departures),
            None => self.insert(&arrival)?,
        }
        // SAFETY: it is in the cache, under our lock.
        let entry = unsafe { arrival.entry.as_ref() };
        let token = entry.token();
        if entry.times().deadline() != 0 {
            self.state.timers.add(token, entry.times().deadline());
        }
        if !arrival.tags.is_empty() {
            self.state.tags.add(token, arrival.tags);
        }
        if let Some(order) = &mut self.state.order {
            order.add(arrival.entry);
        }
        self.state.counts.puts += 1;
        self.state.counts.data_bytes += entry.data_len() as u64;
        self.weigh(self.memory.weight(entry));
        Ok(())
    }

    fn insert(&mut self, arrival: &Arrival<'_>) -> Result<()> {
        self.shard.index.insert(arrival.hash, arrival.entry, self.guard)?;
        let state = &mut *self.state;
        let token = state.slots.add(arrival.entry);
        // SAFETY: just written, and ours until the lock is given back.
        unsafe { arrival.entry.as_ref() }.set_token(token);
        state.policy.insert(token, &View { slots: &state.slots, memory: self.memory });
        Ok(())
    }

    fn replace(&mut self, arrival: &Arrival<'_>, old: NonNull<Entry>, departures: &mut Departures) {
        // SAFETY: both are valid: one is in the cache, the other was just written.
        let (was, new) = unsafe { (old.as_ref(), arrival.entry.as_ref()) };
        let token = was.token();
        new.set_hits(was.hits());
        new.set_token(token);
        self.shard.index.replace(arrival.hash, old, arrival.entry);
        self.leave(was, token);
        let state = &mut *self.state;
        state.slots.replace(token, arrival.entry);
        let view = View { slots: &state.slots, memory: self.memory };
        state.policy.replace(token, self.memory.weight(was), &view);
        if P::SEES_HITS {
            state.policy.hit(token);
        }
        state.counts.departed(Cause::Replaced);
        self.depart(old, Cause::Replaced, departures);
    }

    /// Adds to the weight; what wraps is taken away. Only who holds the lock writes it.
    fn weigh(&self, more: u64) {
        let weight = &self.shard.weight;
        weight.store(weight.load(Relaxed).wrapping_add(more), Relaxed);
    }

    /// A reader hit the entry, see [`Policy::SEES_HITS`].
    pub(super) fn hit(&mut self, entry: &Entry) {
        let token = entry.token();
        if token != NO_TOKEN {
            self.state.policy.hit(token);
        }
    }

    /// Moves an entry to another block, if it is in the cache.
    pub(super) fn relocate(&mut self, entry: NonNull<Entry>, departures: &mut Departures) {
        // SAFETY: the block is valid; only its atomics are looked at until it is known
        // that the entry is in the cache.
        let token = unsafe { entry.as_ref() }.token();
        if !self.state.slots.is_of(token, entry) {
            return;
        }
        // SAFETY: it is in the cache, under our lock.
        let old = unsafe { entry.as_ref() };
        // Until the old block is freed, the entry counts twice.
        if self.memory.is_short_of(self.memory.weight(old)) {
            return;
        }
        let Some(block) = self.alloc(self.memory.weight(old) as usize) else { return };
        // SAFETY: the block is fresh and long enough; key and value are valid.
        let moved = unsafe {
            let (key, value) = (Entry::key(entry.as_ptr()), Entry::value(entry.as_ptr()));
            Entry::write(block, old.place(), old.times(), key, value)
        };
        // SAFETY: just written.
        let new = unsafe { moved.as_ref() };
        new.set_hits(old.hits());
        new.set_token(token);
        self.shard.index.replace_at(old.place(), entry, moved);
        self.state.slots.replace(token, moved);
        if let Some(order) = &mut self.state.order {
            order.add(moved);
        }
        old.set_token(NO_TOKEN);
        self.depart(entry, Cause::Moved, departures);
    }

    pub(super) fn counts(&self) -> Counts {
        self.state.counts
    }

    /// Figures of the policy's queues.
    pub(super) fn queues(&self) -> Vec<QueueStats> {
        self.state.policy.queues()
    }

    /// How many entries there are, and how many expire.
    pub(super) fn len(&self) -> (u64, u64) {
        (u64::from(self.shard.index.len()), self.state.timers.len() as u64)
    }

    /// Bytes of tables.
    pub(super) fn footprint(&self) -> u64 {
        let State { policy, slots, timers, tags, order, .. } = &*self.state;
        let tables = self.shard.index.footprint()
            + policy.footprint()
            + slots.footprint()
            + timers.footprint()
            + tags.footprint()
            + order.as_ref().map_or(0, KeyOrder::footprint);
        tables as u64
    }

    /// Counts what the tables have come to.
    fn count_tables(&mut self) {
        let footprint = self.footprint();
        if footprint != self.state.footprint {
            let counted = std::mem::replace(&mut self.state.footprint, footprint);
            self.memory.count_table(counted, footprint);
        }
    }
}

impl<P> Drop for Shard<P> {
    fn drop(&mut self) {
        debug_assert!(self.weight.load(Relaxed) == 0, "the cache has taken its entries out");
    }
}
