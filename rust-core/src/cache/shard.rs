//! A part of the cache, chosen by the key's hash: its index, which is read without a
//! lock, and all else under one.

use super::departure::{Cause, Departures};
use super::entry::{Entry, NO_TOKEN};
use super::index::{Hash, Index};
use super::key_order::KeyOrder;
use super::leaving::Leaving;
use super::memory::Memory;
use super::policy::{Entries, Policy, QueueStats, Token, Upcoming};
use super::spares::Spares;
use super::stats::Counts;
use super::tags::Tags;
use super::timer_wheel::TimerWheel;
use crate::error::Result;
use crate::memtable::prefetch;
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use crate::sync::{Mutex, MutexGuard, lock, try_lock};
use crossbeam_epoch::{self as epoch, Guard};
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

/// What is done about entries that left, once the lock is given back.
#[derive(Default)]
pub(super) struct Afterwards {
    /// They are to be freed once no reader has them.
    pub(super) retired: Option<Leaving>,
    /// They are to be freed: no reader has them.
    pub(super) unwanted: Vec<NonNull<Entry>>,
    /// Some wait for readers.
    pub(super) some_wait: bool,
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

    /// Asks for the memory that a put will touch: the key's entry, and the block for the new one.
    pub(super) fn prefetch(&self, hash: Hash) {
        self.shard.index.prefetch_entry(hash, self.guard);
        if let Some(spare) = self.state.spares.next() {
            prefetch::read(spare.as_ptr().cast());
        }
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

    /// Asks for the memory that a key's coming will touch: the policy's tables, and the entries
    /// that it will perhaps evict. None of these were touched for long, so each is a wait for
    /// memory, and all begin here.
    pub(super) fn prefetch_coming(&self, hash: Hash) {
        self.state.policy.prefetch(spread(hash.place()));
        for entry in self.upcoming() {
            prefetch::read(entry.as_ptr().cast());
        }
    }

    /// Asks for what an eviction looks up of the first entry that it perhaps takes.
    pub(super) fn prefetch_eviction(&self) {
        if let Some(entry) = self.upcoming().next() {
            // SAFETY: it is in the cache, under our lock.
            let place = unsafe { entry.as_ref() }.place();
            self.shard.index.prefetch(Hash(u64::from(place) << 32));
            self.state.policy.prefetch(spread(place));
        }
    }

    /// The entries that the last put was ahead of, as far as they are still there.
    fn upcoming(&self) -> impl Iterator<Item = NonNull<Entry>> {
        let slots = &self.state.slots.0;
        self.state.upcoming.iter().filter_map(|&token| slots.get(token as usize)?.entry())
    }

    /// Looks ahead to the next put.
    pub(super) fn look_ahead(&mut self) {
        let state = &mut *self.state;
        state.upcoming = state.policy.upcoming();
        for &token in &state.upcoming {
            if let Some(slot) = state.slots.0.get(token as usize) {
                prefetch::read(std::ptr::from_ref(slot).cast());
            }
        }
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
        state.slots.0[token as usize] = Slot::used(arrival.entry);
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

    /// What an entry's leaving means for all but index, slots, policy and order.
    fn leave(&mut self, entry: &Entry, token: Token) {
        entry.set_token(NO_TOKEN);
        self.state.timers.remove(token);
        self.state.tags.remove(token);
        self.state.counts.data_bytes -= entry.data_len() as u64;
        self.weigh(self.memory.weight(entry).wrapping_neg());
    }

    /// Takes an entry out that is in the cache.
    pub(super) fn remove(
        &mut self,
        entry: NonNull<Entry>,
        cause: Cause,
        departures: &mut Departures,
    ) {
        // SAFETY: it is in the cache, under our lock.
        let token = unsafe { entry.as_ref() }.token();
        let state = &mut *self.state;
        state.policy.remove(token, &View { slots: &state.slots, memory: self.memory });
        self.take_out(entry, token, cause, departures);
    }

    /// Lets an entry of the policy's choice leave. Tells how many bytes it took; none if
    /// there is no entry.
    pub(super) fn evict(&mut self, now: u64, departures: &mut Departures) -> Option<u64> {
        let state = &mut *self.state;
        let view = View { slots: &state.slots, memory: self.memory };
        let token = state.policy.evict(&view)?;
        let entry = state.slots.get(token);
        // SAFETY: it is in the cache, under our lock.
        let e = unsafe { entry.as_ref() };
        state.counts.evicted_age += e.times().age(now);
        let weight = self.memory.weight(e);
        self.take_out(entry, token, Cause::Evicted, departures);
        Some(weight)
    }

    /// Takes out an entry that the policy has forgotten.
    fn take_out(
        &mut self,
        entry: NonNull<Entry>,
        token: Token,
        cause: Cause,
        departures: &mut Departures,
    ) {
        // SAFETY: it is in the cache, under our lock.
        let e = unsafe { entry.as_ref() };
        self.shard.index.remove(e.place(), entry, self.guard);
        if let Some(order) = &mut self.state.order {
            // SAFETY: as above.
            order.remove(unsafe { Entry::key(entry.as_ptr()) });
        }
        self.leave(e, token);
        self.state.slots.remove(token);
        self.state.counts.departed(cause);
        self.depart(entry, cause, departures);
    }

    /// Notes an entry that cannot be found any more.
    fn depart(&mut self, entry: NonNull<Entry>, cause: Cause, departures: &mut Departures) {
        // SAFETY: it was in the cache, and leaves once.
        let weight = self.memory.weight(unsafe { entry.as_ref() });
        self.retired = self.retired.wrapping_add(weight);
        self.state.retired += weight;
        if weight <= Spares::LONGEST {
            self.state.spares.add(entry, weight);
        } else {
            self.state.leaving.add(entry, weight);
        }
        departures.push((entry, cause));
    }

    /// Lets what left be freed, however little that is.
    pub(super) fn hurry(&mut self) {
        let State { leaving, spares, .. } = &mut *self.state;
        for entry in spares.take_all() {
            // SAFETY: it is valid until it is freed.
            leaving.add(entry, self.memory.weight(unsafe { entry.as_ref() }));
        }
        leaving.hurry();
    }

    /// Has the memory count what is due, and tells what else is, so that no more than so many
    /// bytes wait for more.
    pub(super) fn settle(&mut self, most: u64) -> Afterwards {
        self.count_tables();
        self.memory.count_retired(std::mem::take(&mut self.retired));
        let some_wait = self.state.spares.close(most, &self.memory.grace);
        let unwanted = self.state.spares.take_unwanted();
        Afterwards { retired: self.state.leaving.take(most), unwanted, some_wait }
    }

    /// Whether the shard has retired its share of so many bytes since this was true last.
    pub(super) fn has_retired_much(&mut self, bytes: u64, shards: usize) -> bool {
        let much = self.state.retired * shards as u64 >= bytes;
        if much {
            self.state.retired = 0;
        }
        much
    }

    /// Takes out what has expired.
    pub(super) fn expire(&mut self, now: u64, departures: &mut Departures) {
        let mut expired = Vec::new();
        let State { timers, slots, .. } = &mut *self.state;
        // SAFETY: what is in the wheel is in the cache, under our lock.
        let deadline = |token| unsafe { slots.get(token).as_ref() }.times().deadline();
        timers.advance(now, deadline, |token| expired.push(token));
        for token in expired {
            let entry = self.state.slots.get(token);
            self.remove(entry, Cause::Expired, departures);
        }
    }

    /// A reader hit the entry, see [`Policy::SEES_HITS`].
    pub(super) fn hit(&mut self, entry: &Entry) {
        let token = entry.token();
        if token != NO_TOKEN {
            self.state.policy.hit(token);
        }
    }

    /// Takes out some that carry a tag, at most `most`. Tells whether none is left.
    pub(super) fn remove_tagged(
        &mut self,
        tag: &[u8],
        most: usize,
        departures: &mut Departures,
    ) -> bool {
        for _ in 0..most {
            let Some(token) = self.state.tags.any_with(tag) else { return true };
            let entry = self.state.slots.get(token);
            self.remove(entry, Cause::Invalidated, departures);
        }
        false
    }

    /// Takes out some whose key begins with a prefix, at most `most`. Tells whether none
    /// is left. From the first call on, the shard keeps its keys in order.
    pub(super) fn remove_prefixed(
        &mut self,
        prefix: &[u8],
        most: usize,
        departures: &mut Departures,
    ) -> bool {
        let State { order, slots, .. } = &mut *self.state;
        order.get_or_insert_with(|| {
            let mut order = KeyOrder::default();
            slots.entries().for_each(|entry| order.add(entry));
            order
        });
        for _ in 0..most {
            let first = self.state.order.as_ref().and_then(|order| order.first_with(prefix));
            let Some(entry) = first else { return true };
            self.remove(entry, Cause::Invalidated, departures);
        }
        false
    }

    /// Takes all out, and gives up what the tables have grown to.
    pub(super) fn clear(&mut self, departures: &mut Departures) {
        let state = &mut *self.state;
        self.shard.index.clear(self.guard);
        state.policy.clear();
        state.timers.clear();
        state.tags.clear();
        if let Some(order) = &mut state.order {
            order.clear();
        }
        state.counts.data_bytes = 0;
        for entry in std::mem::take(&mut state.slots).entries() {
            // SAFETY: it was in the cache until now, under our lock.
            unsafe { entry.as_ref() }.set_token(NO_TOKEN);
            self.state.counts.departed(Cause::Invalidated);
            self.depart(entry, Cause::Invalidated, departures);
        }
        self.shard.weight.store(0, Relaxed);
        self.hurry();
    }

    /// Moves an entry to another block, if it is in the cache.
    pub(super) fn relocate(&mut self, entry: NonNull<Entry>, departures: &mut Departures) {
        // SAFETY: the block is valid; only its atomics are looked at until it is known
        // that the entry is in the cache.
        let token = unsafe { entry.as_ref() }.token();
        if self.state.slots.0.get(token as usize) != Some(&Slot::used(entry)) {
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
        self.state.slots.0[token as usize] = Slot::used(moved);
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

/// The entries by token.
#[derive(Default)]
struct Slots(Vec<Slot>, FirstFree);

/// A token's entry, or the next token that is free.
///
/// Entries have even addresses; a free token is told by bit 0.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot(u64);

impl Slot {
    fn used(entry: NonNull<Entry>) -> Self {
        Self(entry.as_ptr().expose_provenance() as u64)
    }

    fn free(next: Token) -> Self {
        Self(u64::from(next) << 1 | 1)
    }

    fn entry(self) -> Option<NonNull<Entry>> {
        let is_free = self.0 & 1 == 1;
        if is_free {
            None
        } else {
            NonNull::new(std::ptr::with_exposed_provenance_mut(self.0 as usize))
        }
    }

    fn next_free(self) -> Token {
        (self.0 >> 1) as Token
    }
}

struct FirstFree(Token);

impl Default for FirstFree {
    fn default() -> Self {
        Self(NO_TOKEN)
    }
}

impl Slots {
    fn add(&mut self, entry: NonNull<Entry>) -> Token {
        let free = self.1.0;
        if let Some(slot) = self.0.get_mut(free as usize) {
            self.1 = FirstFree(slot.next_free());
            *slot = Slot::used(entry);
            return free;
        }
        if self.0.len() == self.0.capacity() {
            // Byte-exact budgets do not like doubling.
            self.0.reserve_exact(self.0.len() / 32 + 16);
        }
        self.0.push(Slot::used(entry));
        self.0.len() as Token - 1
    }

    fn remove(&mut self, token: Token) {
        self.0[token as usize] = Slot::free(self.1.0);
        self.1 = FirstFree(token);
    }

    #[inline]
    fn get(&self, token: Token) -> NonNull<Entry> {
        self.0[token as usize].entry().expect("the token is that of an entry")
    }

    fn entries(&self) -> impl Iterator<Item = NonNull<Entry>> {
        self.0.iter().filter_map(|slot| slot.entry())
    }

    fn footprint(&self) -> usize {
        self.0.capacity() * size_of::<Slot>()
    }
}

/// The hash that the policy sees: entries keep half of theirs.
#[inline]
fn spread(place: u32) -> u64 {
    u64::from(place).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The entries as the policy sees them.
struct View<'a> {
    slots: &'a Slots,
    memory: &'a Memory,
}

impl View<'_> {
    fn entry(&self, token: Token) -> &Entry {
        // SAFETY: entries with a token are in the cache, and valid under the shard's lock.
        unsafe { self.slots.get(token).as_ref() }
    }
}

impl Entries for View<'_> {
    #[inline]
    fn hash(&self, token: Token) -> u64 {
        spread(self.entry(token).place())
    }

    #[inline]
    fn weight(&self, token: Token) -> u64 {
        self.memory.weight(self.entry(token))
    }

    #[inline]
    fn hits(&self, token: Token) -> u8 {
        self.entry(token).hits()
    }

    #[inline]
    fn set_hits(&self, token: Token, hits: u8) {
        self.entry(token).set_hits(hits);
    }
}

impl<P> Drop for Shard<P> {
    fn drop(&mut self) {
        debug_assert!(self.weight.load(Relaxed) == 0, "the cache has taken its entries out");
    }
}
