//! The cache: byte-exact, scan-resistant, and read without a lock.
//!
//! ```
//! use mantisdb_core::cache::{CacheOptions, LockFreeCache, PutOptions};
//!
//! let cache = LockFreeCache::open(CacheOptions { budget: 64 << 20, ..Default::default() })?;
//! cache.put(b"user/42", b"Ada", PutOptions { ttl: 60_000, ..Default::default() })?;
//! assert_eq!(cache.get(b"user/42", |hit| hit.value.to_vec()).as_deref(), Some(&b"Ada"[..]));
//! assert_eq!(cache.remove_prefix(b"user/"), 1);
//! # Ok::<(), mantisdb_core::Error>(())
//! ```
//!
//! # How it works
//!
//! An entry is one block of memory: header, key, value ([`entry`]). A key's hash chooses a
//! shard ([`shard`]), and there a bucket of the index ([`index`]), which leads to the entry.
//! A read pins the epoch, follows these, counts the hit in the entry unless it is hot
//! already, and takes no lock. Whoever changes something takes the lock of the shard. What
//! leaves is *retired*: freed, or its block used again ([`spares`]), once no reader can have
//! it.
//!
//! What leaves when room is needed is the choice of a policy ([`policy`]), which each shard
//! has for itself. The budget is one for all shards ([`memory`]): an entry may be as heavy
//! as all of it. All that is allocated counts. Blocks come from an arena of close size
//! classes ([`arena`]), and entries are moved together when too much of it lies empty
//! ([`compaction`]).
//!
//! Expiry is judged by each read; the memory comes back by a timing wheel
//! ([`timer_wheel`]), which each put moves on, and a thread of the cache's own when none
//! comes.

mod arena;
mod chunks;
mod clock;
mod compaction;
mod departure;
mod entry;
mod grace;
mod housekeeper;
mod index;
mod insertion;
mod invalidation;
mod key_order;
mod leaving;
mod lookup;
mod memory;
pub mod policy;
mod regions;
mod room;
mod shard;
#[cfg(all(test, feature = "shuttle"))]
mod shuttle_tests;
pub mod simulation;
mod spares;
mod stats;
mod tags;
#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests;
mod timer_wheel;

pub use departure::{Cause, Departure, Listener};
pub use policy::adaptive_s3_fifo::AdaptiveS3Fifo as DefaultPolicy;
pub use stats::CacheStats;

use crate::error::{Error, Result};
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use clock::Clock;
use crossbeam_epoch::{self as epoch, Guard};
use crossbeam_utils::CachePadded;
use departure::Departures;
use entry::Entry;
use housekeeper::Housekeeper;
use index::Hash;
use memory::Owned;
use policy::{Policy, QueueStats};
use shard::{Locked, Shard};
use stats::Lookups;
use std::sync::Arc;
use std::time::Duration;

/// How to open a cache.
#[derive(Default)]
pub struct CacheOptions {
    /// The bytes that the cache may take, at least [`MIN_BUDGET`]: keys, values, what each
    /// entry and the tables take, and what left but may still be read. What is retired may
    /// pass it by a hundredth.
    pub budget: u64,
    /// Keeps keys in order from the start. Else that begins, for each shard, with the first
    /// [`LockFreeCache::remove_prefix`], which so takes time for all entries. Keeping it
    /// costs each new key some microseconds in a cache of millions.
    pub ordered: bool,
    /// Values of up to so many bytes are usual. If the budget is small, those of some
    /// kilobytes are mapped from the system one by one, in whole pages, unless this says
    /// otherwise. At most 32 KiB count.
    pub usual_len: usize,
    /// Is told of each entry that leaves.
    pub listener: Option<Listener>,
}

/// The smallest budget, in bytes.
pub const MIN_BUDGET: u64 = 256 << 10;

/// What a put says beside key and value.
#[derive(Debug, Clone, Copy, Default)]
pub struct PutOptions<'a> {
    /// Milliseconds until the entry expires; 0 for never. More than 17 years are never.
    pub ttl: u64,
    /// What the entry depends on: [`LockFreeCache::remove_tag`] of one drops it. Each is up
    /// to 65,535 bytes long.
    pub tags: &'a [&'a [u8]],
}

/// An entry that was found. It is borrowed for the call that reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The value.
    pub value: &'a [u8],
    /// Milliseconds until it expires, at least 1; 0 for never.
    pub ttl: u64,
}

/// A cache of byte strings, for any number of threads.
///
/// Keys have 1 to [`MAX_KEY_LEN`](crate::limits::MAX_KEY_LEN) bytes, values up to
/// [`MAX_VALUE_LEN`](crate::limits::MAX_VALUE_LEN), or what the budget holds. A read that
/// begins after a change returned sees that change. An entry may leave at any time.
///
/// What a read is given is valid for that call. While it lasts, what leaves the cache
/// cannot be freed: it should be short, and put nothing into the cache.
pub struct LockFreeCache<P: Policy = DefaultPolicy> {
    // It ends before the cache.
    _housekeeper: Option<Housekeeper>,
    cache: Arc<Cache<P>>,
}

/// What the cache shares with its housekeeper.
struct Cache<P: Policy> {
    shards: Box<[CachePadded<Shard<P>>]>,
    /// The place of a hash, shifted right by so much, is the shard.
    shift: u32,
    hasher: foldhash::quality::FixedState,
    memory: Owned,
    clock: Clock,
    lookups: Lookups,
    refused: AtomicU64,
    /// Whether there ever was an entry that expires.
    expires: AtomicBool,
    listener: Option<Listener>,
    /// The shard from which room was made last, for another one's entry.
    hand: AtomicUsize,
}

/// What is asked of a policy's shard at most under one lock.
const BATCH: usize = 256;
/// How long a put waits for retired memory before it is refused. Tests run beside others, whose
/// threads hold that up too while they have no processor: for over a second under a sanitizer.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 30 } else { 1 });

impl<P: Policy + 'static> LockFreeCache<P> {
    /// An empty cache with the policy `P`. Its errors are those of a budget that is too
    /// small, of memory, and of the thread that it starts.
    pub fn with_policy(options: CacheOptions) -> Result<Self> {
        let cache = Arc::new(Cache::new(options)?);
        let _housekeeper = Some(Housekeeper::start(&cache)?);
        Ok(Self { cache, _housekeeper })
    }

    /// A cache without a thread of its own.
    #[cfg(test)]
    fn open_still(options: CacheOptions) -> Result<Self> {
        Ok(Self { cache: Arc::new(Cache::new(options)?), _housekeeper: None })
    }

    /// Moves a key's entry to another block, as compaction does.
    #[cfg(all(test, feature = "shuttle"))]
    fn relocate(&self, key: &[u8]) {
        let guard = &epoch::pin();
        let hash = self.cache.hash(key);
        let shard = &self.cache.shards[self.cache.shard_of(hash)];
        if let Some(entry) = shard.index.get(hash, key, guard) {
            self.cache.relocate(std::ptr::NonNull::from(entry));
        }
    }

    /// Gives `read` the entry of a key, if it has one.
    #[inline]
    pub fn get<R>(&self, key: &[u8], read: impl FnOnce(Hit<'_>) -> R) -> Option<R> {
        self.get_pinned(key, &epoch::pin(), read)
    }

    /// As [`LockFreeCache::get`], for a caller that is pinned anyway.
    #[inline]
    pub(crate) fn get_pinned<R>(
        &self,
        key: &[u8],
        guard: &Guard,
        read: impl FnOnce(Hit<'_>) -> R,
    ) -> Option<R> {
        self.cache.get(key, guard, read)
    }

    /// Whether a key has an entry. It counts as a read.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.get(key, |_| ()).is_some()
    }

    /// Whether a key has an entry. It counts as no read.
    pub fn holds(&self, key: &[u8]) -> bool {
        self.cache.holds(key)
    }

    /// Takes back lookups that are made again.
    pub(crate) fn uncount(&self, hits: u64, misses: u64) {
        self.cache.lookups.uncount(hits, misses);
    }

    /// Looks many keys up, so that the waiting for memory overlaps, and gives `each` their
    /// number and what was found.
    pub fn get_many(&self, keys: &[&[u8]], mut each: impl FnMut(usize, Option<Hit<'_>>)) {
        /// Lookups that are under way together.
        const STRIDE: usize = 16;
        for (n, keys) in keys.chunks(STRIDE).enumerate() {
            self.cache.get_together(keys, |i, hit| each(n * STRIDE + i, hit));
        }
    }

    /// Puts an entry, in the place of the one that the key has. An entry that is heavier
    /// than the budget is [`Error::OverBudget`]; the key has none then. The other errors
    /// change nothing. [`Error::Busy`] means that there was no room because a reader holds
    /// on to entries that left.
    pub fn put(&self, key: &[u8], value: &[u8], options: PutOptions<'_>) -> Result<()> {
        self.cache.put(key, value, options, false, PATIENCE).map(drop)
    }

    /// Puts an entry unless the key has one, and tells whether it did.
    pub fn put_if_absent(&self, key: &[u8], value: &[u8], options: PutOptions<'_>) -> Result<bool> {
        self.cache.put(key, value, options, true, PATIENCE)
    }

    /// As [`LockFreeCache::put`], but it does not wait for readers: [`Error::Busy`] comes
    /// at once. So it may be called from within a read.
    pub fn offer(&self, key: &[u8], value: &[u8], options: PutOptions<'_>) -> Result<()> {
        self.cache.put(key, value, options, false, Duration::ZERO).map(drop)
    }

    /// Removes the entry of a key, and tells whether there was one.
    pub fn remove(&self, key: &[u8]) -> bool {
        let hash = self.cache.hash(key);
        self.cache.within(self.cache.shard_of(hash), |shard, departures| {
            let live = shard.live(hash, key, self.cache.clock.now(), departures);
            live.map(|entry| shard.remove(entry, Cause::Removed, departures)).is_some()
        })
    }

    /// Removes all entries whose key begins with a prefix, in time proportional to how
    /// many those are, and tells that. The first call is slower, see
    /// [`CacheOptions::ordered`].
    pub fn remove_prefix(&self, prefix: &[u8]) -> u64 {
        if prefix.is_empty() {
            return self.clear();
        }
        self.cache.remove_while(|shard, out| shard.remove_prefixed(prefix, BATCH, out))
    }

    /// Removes all entries that carry a tag, in time proportional to how many those are,
    /// and tells that.
    pub fn remove_tag(&self, tag: &[u8]) -> u64 {
        self.cache.remove_while(|shard, out| shard.remove_tagged(tag, BATCH, out))
    }

    /// Removes all entries, and tells how many there were.
    pub fn clear(&self) -> u64 {
        self.cache.remove_while(|shard, out| {
            shard.clear(out);
            true
        })
    }

    /// The bytes that count towards the budget now.
    #[inline]
    pub fn used_bytes(&self) -> u64 {
        self.cache.memory.used()
    }

    /// Changes the budget. When it returns, the cache is within the new one, unless a
    /// reader holds on to what left for longer than a second. If the tables alone would
    /// take much of the new one, all entries are dropped. The cache stays in as many parts as
    /// it was opened with, whose tables may leave a much smaller budget no room.
    pub fn resize(&self, budget: u64) -> Result<()> {
        check_budget(budget)?;
        self.cache.resize(budget);
        Ok(())
    }

    /// The figures. It takes the lock of each shard for a moment.
    pub fn stats(&self) -> CacheStats {
        self.cache.stats()
    }

    /// Figures of the policy's queues, of all shards together.
    pub fn queues(&self) -> Vec<QueueStats> {
        self.cache.queues()
    }

    /// Puts the cache's clock forward, so that tests need not wait.
    #[doc(hidden)]
    pub fn advance_clock(&self, milliseconds: u64) {
        self.cache.clock.advance(milliseconds);
    }

    /// Does what is due: what the cache's own thread does from time to time.
    #[doc(hidden)]
    pub fn tidy(&self) {
        self.cache.tidy();
    }
}

impl LockFreeCache {
    /// An empty cache with the default policy, see [`LockFreeCache::with_policy`].
    pub fn open(options: CacheOptions) -> Result<Self> {
        Self::with_policy(options)
    }
}

impl<P: Policy> std::fmt::Debug for LockFreeCache<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LockFreeCache")
            .field("policy", &P::NAME)
            .field("budget", &self.cache.memory.budget())
            .field("used", &self.cache.memory.used())
            .finish_non_exhaustive()
    }
}

impl<P: Policy> Cache<P> {
    fn new(options: CacheOptions) -> Result<Self> {
        check_budget(options.budget)?;
        // Tables grow: what they leave behind would be resident beside the budget.
        crate::allocator::give_back_at_once();
        let (clock, shards) = (Clock::new(), shards_for(options.budget, options.usual_len));
        let capacity = options.budget / shards as u64;
        let shard = |_| Shard::new(capacity, options.ordered, clock.now()).map(CachePadded::new);
        let cache = Self {
            shards: (0..shards).map(shard).collect::<Result<_>>()?,
            shift: u32::BITS - shards.ilog2(),
            hasher: foldhash::quality::FixedState::with_seed(seed()),
            memory: Owned::new(options.budget, options.usual_len),
            clock,
            lookups: Lookups::new(),
            refused: AtomicU64::new(0),
            expires: AtomicBool::new(false),
            listener: options.listener,
            hand: AtomicUsize::new(0),
        };
        for shard in 0..shards {
            cache.within(shard, |_, _| ());
        }
        Ok(cache)
    }

    #[inline]
    fn hash(&self, key: &[u8]) -> Hash {
        use std::hash::{BuildHasher, Hasher};
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key);
        Hash(hasher.finish())
    }

    #[inline]
    fn shard_of(&self, hash: Hash) -> usize {
        self.shard_at(hash.place())
    }

    #[inline]
    fn shard_at(&self, place: u32) -> usize {
        place.unbounded_shr(self.shift) as usize
    }

    /// Does something with a shard under its lock, and then what follows for the entries
    /// that left.
    fn within<R>(
        &self,
        shard: usize,
        change: impl FnOnce(&mut Locked<'_, P>, &mut Departures) -> R,
    ) -> R {
        let (shard, mut departures) = (&self.shards[shard], Departures::new());
        let (guard, state) = shard.lock_pinned();
        let guard = &guard;
        let most = self.memory.linger() >> self.shards.len().ilog2();
        let (result, afterwards) = {
            let mut locked = Locked::new(shard, state, &self.memory, guard);
            let result = change(&mut locked, &mut departures);
            (result, locked.settle(most))
        };
        if afterwards.some_wait {
            self.memory.grace.begin(guard);
        }
        if !afterwards.unwanted.is_empty() {
            // SAFETY: as below; and no reader has them any more.
            unsafe { self.memory.free_unwanted(&afterwards.unwanted) };
        }
        if let Some(leaving) = afterwards.retired {
            // SAFETY: they cannot be found any more, were counted as retired, and are
            // retired once.
            unsafe { self.memory.retire(leaving, guard) };
            // Each call stands for many entries: what this thread keeps of them, no other one
            // could free while it rests.
            guard.flush();
        }
        if let Some(listener) = &self.listener {
            Self::see_off(departures, listener, guard);
        }
        result
    }

    /// Tells of entries that left.
    fn see_off(departures: Departures, listener: &Listener, _guard: &Guard) {
        for (entry, cause) in departures {
            if cause != Cause::Moved {
                // SAFETY: it left under our guard, whoever had it retired.
                let (key, value) =
                    unsafe { (Entry::key(entry.as_ptr()), Entry::value(entry.as_ptr())) };
                listener(Departure { key, value, cause });
            }
        }
    }

    /// What is due from time to time. It costs next to nothing if there is nothing to do: a
    /// process may have many caches that nobody uses.
    fn tidy(&self) {
        if self.expires.load(Relaxed) {
            self.expire();
        }
        self.compact();
        self.make_room(0, 0);
        if self.memory.retired() > 0 {
            self.hurry();
        }
        self.memory.free_some();
    }
}

impl<P: Policy> Drop for Cache<P> {
    fn drop(&mut self) {
        self.listener = None;
        self.remove_while(|locked, departures| {
            locked.clear(departures);
            true
        });
    }
}

/// How many shards a budget is parted into, a power of two: enough that writers seldom
/// meet, and so few that each is a cache of its own, of some hundred entries at least.
fn shards_for(budget: u64, usual_len: usize) -> usize {
    /// Entries of the usual length that a shard has room for.
    const ENTRIES: usize = 128;
    let least = usual_len.saturating_mul(ENTRIES).clamp(512 << 10, 2 << 20) as u64;
    let cores = std::thread::available_parallelism().map_or(8, |n| n.get());
    let most = (4 * cores).next_power_of_two().clamp(4, 64);
    let by_budget = (budget / least).max(1).ilog2();
    most.min(1 << by_budget.min(6))
}

fn check_budget(budget: u64) -> Result<()> {
    if budget < MIN_BUDGET {
        return Err(Error::InvalidArgument("a cache's budget is at least 262,144 bytes"));
    }
    if budget >= 1 << 48 {
        return Err(Error::InvalidArgument("a cache's budget is below 2^48 bytes"));
    }
    Ok(())
}

/// A seed that nobody outside knows, so that nobody can choose keys that collide.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}
