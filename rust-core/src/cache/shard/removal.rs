//! Taking entries out of a shard: one by one, by the policy's choice, by time, tag or prefix, and
//! all.

use super::slots::View;
use super::{Locked, State};
use crate::cache::departure::{Cause, Departures};
use crate::cache::entry::{Entry, NO_TOKEN};
use crate::cache::key_order::KeyOrder;
use crate::cache::policy::{Policy, Token};
use crate::sync::atomic::Ordering::Relaxed;
use std::ptr::NonNull;

impl<P: Policy> Locked<'_, P> {
    /// Takes an entry out that is in the cache.
    pub(in crate::cache) fn remove(
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
    pub(in crate::cache) fn evict(&mut self, now: u64, departures: &mut Departures) -> Option<u64> {
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

    /// What an entry's leaving means for all but index, slots, policy and order.
    pub(super) fn leave(&mut self, entry: &Entry, token: Token) {
        entry.set_token(NO_TOKEN);
        self.state.timers.remove(token);
        self.state.tags.remove(token);
        self.state.counts.data_bytes -= entry.data_len() as u64;
        self.weigh(self.memory.weight(entry).wrapping_neg());
    }

    /// Takes out what has expired.
    pub(in crate::cache) fn expire(&mut self, now: u64, departures: &mut Departures) {
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

    /// Takes out some that carry a tag, at most `most`. Tells whether none is left.
    pub(in crate::cache) fn remove_tagged(
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
    pub(in crate::cache) fn remove_prefixed(
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
    pub(in crate::cache) fn clear(&mut self, departures: &mut Departures) {
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
}
