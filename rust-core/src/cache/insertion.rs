//! Putting: what is done for an entry that comes.

use super::departure::Cause;
use super::entry::{Entry, Times};
use super::index::Hash;
use super::policy::Policy;
use super::shard::Arrival;
use super::spares::Spares;
use super::{Cache, PutOptions};
use crate::error::{Error, Result};
use crate::limits::{check_key, check_value};
use crate::sync::atomic::Ordering::Relaxed;
use crossbeam_epoch as epoch;
use std::ptr::NonNull;
use std::time::Duration;

/// What an entry is made of.
struct Content<'a> {
    hash: Hash,
    key: &'a [u8],
    value: &'a [u8],
    /// As [`PutOptions::ttl`].
    ttl: u64,
}

/// Blocks of up to so many bytes are taken and written under the shard's lock, which may have one
/// at hand; it takes less time than another lock.
const COPIED_UNDER_LOCK: usize = Spares::LONGEST as usize;

impl<P: Policy> Cache<P> {
    pub(super) fn put(
        &self,
        key: &[u8],
        value: &[u8],
        o: PutOptions<'_>,
        if_absent: bool,
        patience: Duration,
    ) -> Result<bool> {
        check_key(key)?;
        check_value(value)?;
        if o.tags.iter().any(|tag| tag.len() > usize::from(u16::MAX)) {
            return Err(Error::InvalidArgument("a tag is longer than 65,535 bytes"));
        }
        let hash = self.hash(key);
        if if_absent && self.find(hash, key, &epoch::pin()).is_some() {
            return Ok(false);
        }
        let home = self.shard_of(hash);
        self.shards[home].index.prefetch(hash);
        let len = self.memory.arena.block_len(Entry::size_of(key.len(), value.len()));
        self.admit(len as u64, home, patience).inspect_err(|error| {
            if matches!(error, Error::OverBudget { .. }) && !if_absent {
                self.remove_if_any(hash, key);
            }
        })?;
        let content = Content { hash, key, value, ttl: o.ttl };
        // What is long is copied without the lock.
        let mut entry = None;
        if len > COPIED_UNDER_LOCK {
            let block = self.memory.alloc(len).ok_or(Error::OutOfMemory)?;
            entry = Some(self.write(block, &content, self.clock.now()));
        }
        let mut hurries = false;
        let done = self.within(home, |shard, departures| {
            shard.prefetch(hash);
            let now = self.clock.now();
            shard.expire(now, departures);
            let old = shard.live(hash, key, now, departures);
            if if_absent && old.is_some() {
                return Ok(false);
            }
            if old.is_none() {
                shard.prefetch_coming(hash);
            }
            let entry = match entry {
                Some(entry) => entry,
                None => {
                    let block = shard.alloc(len).ok_or(Error::OutOfMemory)?;
                    *entry.insert(self.write(block, &content, now))
                }
            };
            if old.is_none() {
                shard.prefetch_eviction();
            }
            shard.put(Arrival { hash, entry, tags: o.tags }, old, departures)?;
            // Most often room is made under the lock that is held anyway.
            let mut evicted = false;
            while shard.excess_with(0) > 0 && self.is_heavy(home) {
                if shard.evict(now, departures).is_none() {
                    break;
                }
                evicted = true;
            }
            if old.is_none() || evicted {
                shard.look_ahead();
            }
            hurries = self.memory.is_behind()
                && shard.has_retired_much(self.memory.stretch(), self.shards.len());
            Ok(true)
        });
        if done == Ok(true) {
            if self.memory.excess() > 0 {
                self.make_room(0, home);
            }
        } else if let Some(entry) = entry {
            // SAFETY: it never was in the cache.
            unsafe { self.memory.free_entry(entry) };
        }
        if hurries {
            self.memory.hurry();
        }
        self.help_compact();
        done
    }

    fn remove_if_any(&self, hash: Hash, key: &[u8]) {
        self.within(self.shard_of(hash), |shard, departures| {
            if let Some(old) = shard.live(hash, key, self.clock.now(), departures) {
                shard.remove(old, Cause::Replaced, departures);
            }
        });
    }

    /// Waits until there is room for a block of a length.
    fn admit(&self, len: u64, home: usize, patience: Duration) -> Result<()> {
        if len > self.memory.room().saturating_sub(self.memory.tables()) {
            self.refused.fetch_add(1, Relaxed);
            return Err(Error::OverBudget { bytes: len, budget: self.memory.budget() });
        }
        // The model checker knows no time to wait for.
        let waits = !cfg!(feature = "shuttle");
        if waits && self.memory.is_short_of(len) && !self.wait_for_room(len, home, patience) {
            self.refused.fetch_add(1, Relaxed);
            return Err(Error::Busy);
        }
        Ok(())
    }

    /// Writes an entry that is not in the cache yet into a fresh block that is long enough.
    fn write(&self, block: NonNull<u8>, content: &Content<'_>, now: u64) -> NonNull<Entry> {
        let &Content { hash, key, value, ttl } = content;
        let deadline = if ttl == 0 || ttl > Times::END / 2 { 0 } else { now + ttl };
        if deadline != 0 && !self.expires.load(Relaxed) {
            self.expires.store(true, Relaxed);
        }
        // SAFETY: the block is fresh and long enough, and the lengths were checked.
        unsafe { Entry::write(block, hash.place(), Times::new(now, deadline), key, value) }
    }
}
