//! Random operations beside a plain map. The cache may have forgotten what the map has,
//! but never has anything else, and forgets only when it must.

use super::*;
use crate::cache::entry::Entry;
use crate::cache::{CacheStats, Cause, MIN_BUDGET};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

#[derive(Clone, PartialEq, Debug)]
struct Modelled {
    value: Vec<u8>,
    /// On the model's clock; 0 for never.
    deadline: u64,
    tags: BTreeSet<u8>,
}

/// An entry that left: key, value and cause.
type Left = (Vec<u8>, Vec<u8>, Cause);

/// By what the clock is put forward, in milliseconds.
const STEP: u64 = 1_000_000;

struct World {
    cache: LockFreeCache,
    model: BTreeMap<Vec<u8>, Modelled>,
    /// What left for others, or because of its time.
    left: Arc<Mutex<Vec<Left>>>,
    now: u64,
    random: Random,
}

impl World {
    fn new(budget: u64, ordered: bool, seed: u64) -> Self {
        let left = Arc::new(Mutex::new(Vec::<Left>::new()));
        let told = Arc::clone(&left);
        let listener = Box::new(move |gone: crate::cache::Departure<'_>| {
            told.lock().unwrap().push((gone.key.to_vec(), gone.value.to_vec(), gone.cause));
        });
        let options =
            CacheOptions { budget, ordered, listener: Some(listener), ..CacheOptions::default() };
        // Nothing leaves but by what the model does.
        let cache = LockFreeCache::open_still(options).unwrap();
        Self { cache, model: BTreeMap::new(), left, now: 0, random: Random(seed) }
    }

    fn key(&mut self) -> Vec<u8> {
        let group = self.random.below(20);
        format!("g{group}/{:0width$}", self.random.below(300), width = group as usize % 5 + 3)
            .into()
    }

    fn new_entry(&mut self) -> (Modelled, u64) {
        let length = self.random.length(20_000);
        let value = vec![self.random.below(256) as u8; length];
        // The clock is put forward by whole steps, so that deadlines are half a step from
        // the present, and the clock's own running does not matter.
        let ttl = match self.random.below(6) {
            0 => STEP / 2,
            1 => STEP * 2 + STEP / 2,
            2 => STEP * 90 + STEP / 2,
            _ => 0,
        };
        let count = if self.random.below(3) == 0 { self.random.below(3) } else { 0 };
        let tags = (0..count).map(|_| self.random.below(9) as u8).collect();
        let deadline = if ttl == 0 { 0 } else { self.now + ttl };
        (Modelled { value, deadline, tags }, ttl)
    }

    fn put(&mut self, if_absent: bool) {
        let (key, (entry, ttl)) = (self.key(), self.new_entry());
        let tags: Vec<[u8; 1]> = entry.tags.iter().map(|&tag| [tag]).collect();
        let tags: Vec<&[u8]> = tags.iter().map(|tag| &tag[..]).collect();
        let options = PutOptions { ttl, tags: &tags };
        if !if_absent {
            let old = self.model.insert(key.clone(), entry.clone());
            self.cache.put(&key, &entry.value, options).unwrap();
            self.forget(Some((&key, old)));
        } else {
            let was_there = self.model.contains_key(&key);
            let done = self.cache.put_if_absent(&key, &entry.value, options).unwrap();
            // It may have left to make room for itself.
            assert!(done || was_there, "{:?}", String::from_utf8(key));
            if done {
                self.model.insert(key, entry);
            }
            self.forget(None);
        }
    }

    /// Lets the model forget what the cache told that it had forgotten. A key that was just
    /// put had the given value before.
    fn forget(&mut self, mut replaced: Option<(&[u8], Option<Modelled>)>) {
        let left = std::mem::take(&mut *self.left.lock().unwrap());
        for (key, value, cause) in left {
            // The first that is told of a key that was put is told of its old value.
            let old =
                replaced.as_mut().filter(|(put, _)| *put == key).and_then(|(_, old)| old.take());
            let now = self.now;
            let has_expired = |entry: &Modelled| entry.deadline != 0 && entry.deadline <= now;
            match cause {
                Cause::Evicted | Cause::Replaced => {
                    assert_eq!(cause == Cause::Replaced, old.is_some() && cause != Cause::Evicted);
                    // The model has lost what has expired already, and so may have no such.
                    if let Some(was) = old.or_else(|| self.model.remove(&key)) {
                        assert_eq!(was.value, value);
                    }
                }
                Cause::Expired => {
                    let was = self.model.get(&key);
                    if was.is_some_and(has_expired) {
                        self.model.remove(&key);
                    }
                }
                Cause::Removed | Cause::Invalidated | Cause::Moved => panic!("{cause:?}"),
            }
        }
        let now = self.now;
        self.model.retain(|_, entry| entry.deadline == 0 || entry.deadline > now);
    }

    fn read(&mut self) {
        let key = self.key();
        let hit = self.cache.get(&key, |hit| (hit.value.to_vec(), hit.ttl));
        self.forget(None);
        match (hit, self.model.get(&key)) {
            (None, None) => {}
            (Some((value, ttl)), Some(entry)) => {
                assert_eq!(value, entry.value);
                let left = entry.deadline.saturating_sub(self.now);
                assert!(ttl <= left && ttl + STEP / 2 > left, "{ttl} {left}");
            }
            (hit, entry) => panic!("{} beside {}", hit.is_some(), entry.is_some()),
        }
    }

    fn read_many(&mut self) {
        let keys: Vec<_> = (0..40).map(|_| self.key()).collect();
        let keys: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
        let mut found = Vec::new();
        self.cache.get_many(&keys, |n, hit| found.push((n, hit.map(|hit| hit.value.to_vec()))));
        self.forget(None);
        let model = |n: usize| (n, self.model.get(keys[n]).map(|entry| entry.value.clone()));
        assert_eq!(found, (0..40).map(model).collect::<Vec<_>>());
    }

    /// Removes what the model says is to go, and compares the counts.
    fn remove(
        &mut self,
        remove: impl Fn(&LockFreeCache) -> u64,
        goes: impl Fn(&[u8], &Modelled) -> bool,
    ) {
        self.forget(None);
        let removed = remove(&self.cache);
        let told = std::mem::take(&mut *self.left.lock().unwrap());
        let before = self.model.len();
        self.model.retain(|key, entry| !goes(key, entry));
        let gone = (before - self.model.len()) as u64;
        let live = told.iter().filter(|(_, _, cause)| *cause != Cause::Expired).count() as u64;
        // What has expired and was there still counts as removed, too.
        assert!(removed >= gone && live >= gone && removed <= live + 20, "{removed} {live} {gone}");
    }

    fn step(&mut self) {
        match self.random.below(200) {
            0..80 => self.put(false),
            80..100 => self.put(true),
            100..160 => self.read(),
            160..164 => self.read_many(),
            164..190 => {
                let key = self.key();
                self.remove(|cache| u64::from(cache.remove(&key)), |k, _| k == key);
            }
            190..192 => {
                let prefix = format!("g{}/", self.random.below(20)).into_bytes();
                self.remove(|cache| cache.remove_prefix(&prefix), |k, _| k.starts_with(&prefix));
            }
            192..196 => {
                let tag = self.random.below(9) as u8;
                self.remove(|cache| cache.remove_tag(&[tag]), |_, e| e.tags.contains(&tag));
            }
            196 => self.cache.tidy(),
            _ => {
                self.now += STEP;
                self.cache.advance_clock(STEP);
                self.forget(None);
            }
        }
    }

    /// Changes the budget. If the tables take too much of it, all leave.
    fn resize(&mut self, budget: u64) {
        self.forget(None);
        self.cache.resize(budget).unwrap();
        let used = self.cache.used_bytes();
        assert!(used <= budget + budget / 50, "{used} of {budget}");
        for (key, value, cause) in std::mem::take(&mut *self.left.lock().unwrap()) {
            assert!(matches!(cause, Cause::Evicted | Cause::Invalidated), "{cause:?}");
            if let Some(was) = self.model.remove(&key) {
                assert_eq!(was.value, value);
            }
        }
    }

    /// What the entries of the model take, to the byte.
    fn content(&self) -> u64 {
        let block_len = |(key, entry): (&Vec<u8>, &Modelled)| {
            let size = Entry::size_of(key.len(), entry.value.len());
            self.cache.cache.memory.arena.block_len(size) as u64
        };
        self.model.iter().map(block_len).sum()
    }

    fn check(&mut self) -> CacheStats {
        self.cache.tidy();
        self.forget(None);
        let stats = self.cache.stats();
        let data: usize = self.model.iter().map(|(key, entry)| key.len() + entry.value.len()).sum();
        assert_eq!((stats.entries, stats.data_bytes), (self.model.len() as u64, data as u64));
        // Other tests may free what is retired meanwhile.
        let adds_up = || {
            let stats = self.cache.stats();
            stats.used_bytes == self.content() + stats.retired_bytes + stats.table_bytes
        };
        assert!((0..1000).any(|_| adds_up()), "{} in {:?}", self.content(), self.cache.stats());
        for (key, entry) in &self.model {
            assert_eq!(get(&self.cache, key).as_ref(), Some(&entry.value));
        }
        assert!(stats.used_bytes <= stats.budget + stats.budget / 50, "{stats:?}");
        stats
    }
}

#[test]
fn the_cache_is_a_map_that_forgets_at_need() {
    for seed in 0..6 {
        let mut world = World::new(256 << 10 << (seed % 2), seed % 2 == 0, seed);
        for _ in 0..20 {
            (0..1000).for_each(|_| world.step());
            world.check();
        }
        let stats = world.check();
        assert!(stats.evicted > 0 && stats.expired > 0 && stats.invalidated > 0, "{stats:?}");
        assert_eq!(world.cache.clear(), stats.entries);
        assert_eq!(world.cache.stats().entries, 0);
    }
}

#[test]
fn with_room_for_all_nothing_is_forgotten() {
    let mut world = World::new(256 << 20, false, 99);
    (0..20_000).for_each(|_| world.step());
    assert_eq!(world.check().evicted, 0);
}

/// A cache with many shards shrinks to the least that there is, and grows again.
#[test]
fn a_cache_of_many_shards_shrinks_and_grows() {
    for seed in [7, 8] {
        let mut world = World::new(64 << 20, seed % 2 == 0, seed);
        let shards = world.cache.cache.shards.len() as u64;
        assert!(shards >= 4);
        let least = MIN_BUDGET.max(shards * (32 << 10));
        let budgets = if seed == 7 { [least, 64 << 20] } else { [4 << 20, least] };
        for budget in budgets.into_iter().chain([least, 8 << 20]) {
            (0..3000).for_each(|_| world.step());
            world.check();
            world.resize(budget);
            assert_eq!(world.check().budget, budget);
            (0..3000).for_each(|_| world.step());
            let stats = world.check();
            assert!(stats.entries > 0, "{stats:?}");
        }
    }
}
