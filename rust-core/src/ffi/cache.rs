//! Caches: opening, closing, reads, changes, and what left.

use super::calls::Calls;
use super::departed::Departed;
use super::handle::Condition;
use super::point::split;
use super::status::*;
use super::{borrowed, copy_out};
use crate::cache::{CacheOptions, CacheStats, LockFreeCache, PutOptions};
use crate::error::{Error, Result};
use crate::sync::{Mutex, lock};
use crossbeam_epoch::{self as epoch, Guard};
use smallvec::SmallVec;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering::SeqCst};

/// An open cache. Opaque.
pub struct MantisdbCache {
    /// Null once closed. It is dropped when no change is in flight, and by way of the
    /// epoch: so who found it uses it to its end.
    cache: AtomicPtr<LockFreeCache>,
    condition: Condition,
    /// Those that change something.
    changes: Calls,
    departed: Option<Arc<Mutex<Departed>>>,
}

impl MantisdbCache {
    /// Runs the body of a read.
    #[inline]
    fn read(&self, body: impl FnOnce(&LockFreeCache, &Guard) -> Result<i32>) -> i32 {
        self.condition.run(|| {
            let guard = epoch::pin();
            // SAFETY: null, or dropped no sooner than our guard.
            match unsafe { self.cache.load(SeqCst).as_ref() } {
                Some(cache) => body(cache, &guard),
                None => Err(Error::Closed),
            }
        })
    }

    /// Runs the body of a call that changes something. It may wait for memory that left,
    /// which must not be held up by a guard of its own.
    #[inline]
    fn change(&self, body: impl FnOnce(&LockFreeCache) -> Result<i32>) -> i32 {
        self.condition.run(|| {
            let _call = self.changes.enter();
            // SAFETY: null, or dropped no sooner than our call has left.
            match unsafe { self.cache.load(SeqCst).as_ref() } {
                Some(cache) => body(cache),
                None => Err(Error::Closed),
            }
        })
    }

    fn close(&self) {
        self.condition.close();
        let cache = self.cache.swap(ptr::null_mut(), SeqCst);
        if cache.is_null() {
            return;
        }
        // SAFETY: it came from a box, and only this call has swapped it out.
        let cache = unsafe { Box::from_raw(cache) };
        // Who loaded the pointer before it was swapped out is a change, or pinned.
        self.changes.wait();
        epoch::pin().defer(move || drop(cache));
        for _ in 0..4 {
            // Moves the epoch on, if nobody is pinned in an old one.
            epoch::pin().flush();
        }
    }
}

/// How to open a cache.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MantisdbCacheOptions {
    /// The bytes that the cache may take, everything counted; 256 KiB at least.
    pub budget: u64,
    /// Not 0 to keep keys in order from the start: for `mantisdb_cache_remove_prefix`.
    pub ordered: u32,
    /// Not 0 to keep what leaves for `mantisdb_cache_take_departed`.
    pub listen: u32,
}

/// An entry left since room was needed.
pub const MANTISDB_CACHE_EVICTED: u32 = 0;
/// An entry left since its time had come.
pub const MANTISDB_CACHE_EXPIRED: u32 = 1;
/// An entry left since another value was put under its key.
pub const MANTISDB_CACHE_REPLACED: u32 = 2;
/// An entry left since it was removed by its key.
pub const MANTISDB_CACHE_REMOVED: u32 = 3;
/// An entry left with a prefix, a tag, or all.
pub const MANTISDB_CACHE_INVALIDATED: u32 = 4;

/// Figures of a cache, of nearly one moment.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MantisdbCacheStats {
    /// Entries, those that have expired and were not found to be yet among them.
    pub entries: u64,
    /// The budget in bytes.
    pub budget: u64,
    /// What counts against it: entries, retired ones, and tables.
    pub used_bytes: u64,
    /// Of that, entries that left and that a reader may still have.
    pub retired_bytes: u64,
    /// Keys and values of the entries, alone.
    pub data_bytes: u64,
    /// Lookups that found an entry.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Entries put.
    pub puts: u64,
    /// Entries that were heavier than the whole budget, and others that found no room.
    pub refused: u64,
    /// Entries that left for others.
    pub evicted: u64,
    /// Entries that expired.
    pub expired: u64,
    /// Entries whose value was replaced.
    pub replaced: u64,
    /// Entries that were removed by key.
    pub removed: u64,
    /// Entries that went with a prefix, a tag, or all.
    pub invalidated: u64,
    /// How long those that left for others had been there on average, in milliseconds.
    pub evicted_age: u64,
}

impl From<CacheStats> for MantisdbCacheStats {
    fn from(s: CacheStats) -> Self {
        Self {
            entries: s.entries,
            budget: s.budget,
            used_bytes: s.used_bytes,
            retired_bytes: s.retired_bytes,
            data_bytes: s.data_bytes,
            hits: s.hits,
            misses: s.misses,
            puts: s.puts,
            refused: s.refused,
            evicted: s.evicted,
            expired: s.expired,
            replaced: s.replaced,
            removed: s.removed,
            invalidated: s.invalidated,
            evicted_age: s.evicted_age,
        }
    }
}

fn open(options: &MantisdbCacheOptions) -> Result<MantisdbCache> {
    let departed = (options.listen != 0).then(Arc::<Mutex<Departed>>::default);
    let listener = departed.clone().map(|departed| -> crate::cache::Listener {
        Box::new(move |departure| lock(&departed).add(departure))
    });
    let ordered = options.ordered != 0;
    let cache = LockFreeCache::open(CacheOptions {
        budget: options.budget,
        ordered,
        listener,
        ..CacheOptions::default()
    })?;
    Ok(MantisdbCache {
        cache: AtomicPtr::new(Box::into_raw(Box::new(cache))),
        condition: Condition::default(),
        changes: Calls::new(),
        departed,
    })
}

/// Opens an empty cache into `*cache`. It must be closed by `mantisdb_cache_close` and then
/// freed by `mantisdb_cache_free`. If that fails, `*cache` is null and up to
/// `message_capacity` bytes of a message (UTF-8, no terminator) are written to `message`,
/// its length to `*message_len`.
///
/// # Safety
/// `options`, `cache` and `message_len` are valid, `message` has room for
/// `message_capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_open(
    options: *const MantisdbCacheOptions,
    cache: *mut *mut MantisdbCache,
    message: *mut u8,
    message_capacity: usize,
    message_len: *mut usize,
) -> i32 {
    // SAFETY: valid by the contract.
    let options = unsafe { &*options };
    let (status, text) = match catch_unwind(|| open(options)) {
        Ok(Ok(opened)) => {
            // SAFETY: valid by the contract.
            unsafe { *cache = Box::into_raw(Box::new(opened)) };
            return MANTISDB_OK;
        }
        Ok(Err(error)) => (status_of(&error), detail_of(&error).unwrap_or_default()),
        Err(_) => (MANTISDB_PANICKED, "the core panicked while opening".into()),
    };
    // SAFETY: valid by the contract.
    unsafe {
        *cache = ptr::null_mut();
        copy_out(text.as_bytes(), message, message_capacity);
        *message_len = text.len().min(message_capacity);
    }
    status
}

/// Closes a cache. Calls in flight finish, later ones return `MANTISDB_CLOSED`; closing
/// again does nothing. It waits for calls that change something. The memory is given back
/// once no call uses it. What had left can still be taken.
///
/// # Safety
/// `cache` came from `mantisdb_cache_open` and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_close(cache: *mut MantisdbCache) -> i32 {
    // SAFETY: valid by the contract.
    let cache = unsafe { &*cache };
    match catch_unwind(AssertUnwindSafe(|| cache.close())) {
        Ok(()) => MANTISDB_OK,
        Err(_) => MANTISDB_PANICKED,
    }
}

/// Closes a cache if need be and frees its handle. Null does nothing.
///
/// # Safety
/// `cache` came from `mantisdb_cache_open`; it is not used any more, by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_free(cache: *mut MantisdbCache) {
    if cache.is_null() {
        return;
    }
    // SAFETY: by the contract it is ours alone.
    unsafe {
        mantisdb_cache_close(cache);
        drop(Box::from_raw(cache));
    }
}

/// Reads the value of a key into `buffer`, and its length into `*value_len`; or returns
/// `MANTISDB_NOT_FOUND`. If the value is longer than `capacity`, the status is
/// `MANTISDB_SHORT_BUFFER`, and `*value_len` the length that is needed.
///
/// # Safety
/// `cache` is a handle; `key` has `key_len` bytes; `buffer` has room for `capacity` bytes;
/// `value_len` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_get(
    cache: *const MantisdbCache,
    key: *const u8,
    key_len: usize,
    buffer: *mut u8,
    capacity: usize,
    value_len: *mut usize,
) -> i32 {
    // SAFETY: by the contract.
    let (cache, key) = unsafe { (&*cache, borrowed(key, key_len)) };
    cache.read(|cache, guard| {
        let read = cache.get_pinned(key, guard, |hit| {
            // SAFETY: by the contract.
            unsafe {
                *value_len = hit.value.len();
                copy_out(hit.value, buffer, capacity)
            }
        });
        Ok(match read {
            None => MANTISDB_NOT_FOUND,
            Some(true) => MANTISDB_OK,
            Some(false) => {
                cache.uncount(1, 0);
                MANTISDB_SHORT_BUFFER
            }
        })
    })
}

/// Whether a key has an entry: `MANTISDB_OK`, or `MANTISDB_NOT_FOUND`. It counts as no
/// read.
///
/// # Safety
/// `cache` is a handle; `key` has `key_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_has(
    cache: *const MantisdbCache,
    key: *const u8,
    key_len: usize,
) -> i32 {
    // SAFETY: by the contract.
    let (cache, key) = unsafe { (&*cache, borrowed(key, key_len)) };
    cache.read(|cache, _| Ok(if cache.holds(key) { MANTISDB_OK } else { MANTISDB_NOT_FOUND }))
}

/// Reads `count` keys, each by itself. `keys` holds them back to back; `key_ends[i]` is
/// where the i-th ends. `lengths[i]` becomes the i-th value's length, or -1 if the key has
/// none; the values come back to back into `buffer`. `*total` becomes the length of all
/// values; if it is greater than `capacity`, the status is `MANTISDB_SHORT_BUFFER` and
/// `buffer` is of no use.
///
/// # Safety
/// `cache` is a handle; `keys` has `keys_len` bytes; `key_ends` and `lengths` have `count`
/// elements; `buffer` has room for `capacity` bytes; `total` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_get_many(
    cache: *const MantisdbCache,
    keys: *const u8,
    keys_len: usize,
    key_ends: *const u32,
    count: usize,
    buffer: *mut u8,
    capacity: usize,
    lengths: *mut i64,
    total: *mut usize,
) -> i32 {
    // SAFETY: by the contract.
    let (cache, keys, ends) = unsafe { (&*cache, borrowed(keys, keys_len), ends(key_ends, count)) };
    cache.read(|cache, _| {
        let (mut len, mut hits) = (0, 0);
        cache.get_many(&split::<Vec<_>>(keys, ends)?, |i, hit| {
            // SAFETY: by the contract; `i` is below `count`.
            unsafe { *lengths.add(i) = hit.map_or(-1, |hit| hit.value.len() as i64) };
            let Some(hit) = hit else { return };
            if let Some(room) = capacity.checked_sub(len) {
                // SAFETY: the length so far is within the capacity.
                unsafe { copy_out(hit.value, buffer.wrapping_add(len), room) };
            }
            len += hit.value.len();
            hits += 1;
        });
        // SAFETY: by the contract.
        unsafe { *total = len };
        if len > capacity {
            cache.uncount(hits, count as u64 - hits);
            return Ok(MANTISDB_SHORT_BUFFER);
        }
        Ok(MANTISDB_OK)
    })
}

/// Where things that lie back to back end; none for a null pointer.
///
/// # Safety
/// `ends` is null, or has `count` elements that do not change for `'a`.
unsafe fn ends<'a>(ends: *const u32, count: usize) -> &'a [u32] {
    if ends.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: by the contract.
    unsafe { std::slice::from_raw_parts(ends, count) }
}

/// What a put is of, as the caller has it.
struct Put<'a> {
    key: &'a [u8],
    value: &'a [u8],
    ttl: u64,
    /// Back to back, and where each ends.
    tags: (&'a [u8], &'a [u32]),
}

impl MantisdbCache {
    /// Puts an entry, maybe only if its key has none.
    fn put(&self, put: &Put<'_>, if_absent: bool) -> i32 {
        self.change(|cache| {
            let (tags, ends) = put.tags;
            let tags: SmallVec<[_; 8]> = split(tags, ends)?;
            let options = PutOptions { ttl: put.ttl, tags: &tags };
            if !if_absent {
                cache.put(put.key, put.value, options)?;
                return Ok(MANTISDB_OK);
            }
            let stored = cache.put_if_absent(put.key, put.value, options)?;
            Ok(if stored { MANTISDB_OK } else { MANTISDB_EXISTS })
        })
    }
}

/// Puts an entry, in the place of the one that the key has, for `ttl` milliseconds; 0 is
/// for ever. It carries `tag_count` tags, which lie back to back in `tags`; `tag_ends[i]`
/// is where the i-th ends. An entry that is heavier than the budget is
/// `MANTISDB_OVER_BUDGET`; the key has none then. `MANTISDB_BUSY` says that there was no
/// room because readers hold on to what left; the key has what it had.
///
/// # Safety
/// `cache` is a handle; `key` has `key_len` bytes, `value` has `value_len`, `tags` has
/// `tags_len`; `tag_ends` has `tag_count` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_put(
    cache: *const MantisdbCache,
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
    ttl: u64,
    tags: *const u8,
    tags_len: usize,
    tag_ends: *const u32,
    tag_count: usize,
) -> i32 {
    // SAFETY: by the contract.
    let (cache, put) = unsafe {
        let (key, value) = (borrowed(key, key_len), borrowed(value, value_len));
        let tags = (borrowed(tags, tags_len), ends(tag_ends, tag_count));
        (&*cache, Put { key, value, ttl, tags })
    };
    cache.put(&put, false)
}

/// As `mantisdb_cache_put`, but only if the key has no entry: else `MANTISDB_EXISTS`, and
/// nothing is put.
///
/// # Safety
/// As `mantisdb_cache_put`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_put_if_absent(
    cache: *const MantisdbCache,
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
    ttl: u64,
    tags: *const u8,
    tags_len: usize,
    tag_ends: *const u32,
    tag_count: usize,
) -> i32 {
    // SAFETY: by the contract.
    let (cache, put) = unsafe {
        let (key, value) = (borrowed(key, key_len), borrowed(value, value_len));
        let tags = (borrowed(tags, tags_len), ends(tag_ends, tag_count));
        (&*cache, Put { key, value, ttl, tags })
    };
    cache.put(&put, true)
}

/// Removes the entry of a key, or returns `MANTISDB_NOT_FOUND`.
///
/// # Safety
/// `cache` is a handle; `key` has `key_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_remove(
    cache: *const MantisdbCache,
    key: *const u8,
    key_len: usize,
) -> i32 {
    // SAFETY: by the contract.
    let (cache, key) = unsafe { (&*cache, borrowed(key, key_len)) };
    cache.change(|cache| Ok(if cache.remove(key) { MANTISDB_OK } else { MANTISDB_NOT_FOUND }))
}

/// Removes all entries whose key begins with `prefix`, and tells in `*removed` how many.
///
/// # Safety
/// `cache` is a handle; `prefix` has `prefix_len` bytes; `removed` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_remove_prefix(
    cache: *const MantisdbCache,
    prefix: *const u8,
    prefix_len: usize,
    removed: *mut u64,
) -> i32 {
    // SAFETY: by the contract.
    let (cache, prefix) = unsafe { (&*cache, borrowed(prefix, prefix_len)) };
    cache.change(|cache| {
        let count = cache.remove_prefix(prefix);
        // SAFETY: by the contract.
        unsafe { *removed = count };
        Ok(MANTISDB_OK)
    })
}

/// Removes all entries that carry `tag`, and tells in `*removed` how many.
///
/// # Safety
/// `cache` is a handle; `tag` has `tag_len` bytes; `removed` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_remove_tag(
    cache: *const MantisdbCache,
    tag: *const u8,
    tag_len: usize,
    removed: *mut u64,
) -> i32 {
    // SAFETY: by the contract.
    let (cache, tag) = unsafe { (&*cache, borrowed(tag, tag_len)) };
    cache.change(|cache| {
        let count = cache.remove_tag(tag);
        // SAFETY: by the contract.
        unsafe { *removed = count };
        Ok(MANTISDB_OK)
    })
}

/// Removes all entries, and tells in `*removed` how many there were.
///
/// # Safety
/// `cache` is a handle; `removed` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_clear(
    cache: *const MantisdbCache,
    removed: *mut u64,
) -> i32 {
    // SAFETY: by the contract.
    unsafe { &*cache }.change(|cache| {
        let count = cache.clear();
        // SAFETY: by the contract.
        unsafe { *removed = count };
        Ok(MANTISDB_OK)
    })
}

/// Changes the budget, in bytes. What is too much leaves before it returns.
///
/// # Safety
/// `cache` is a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_resize(cache: *const MantisdbCache, budget: u64) -> i32 {
    // SAFETY: by the contract.
    unsafe { &*cache }.change(|cache| cache.resize(budget).map(|()| MANTISDB_OK))
}

/// Writes figures of this moment to `*stats`.
///
/// # Safety
/// `cache` is a handle, `stats` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_stats(
    cache: *const MantisdbCache,
    stats: *mut MantisdbCacheStats,
) -> i32 {
    // SAFETY: by the contract.
    unsafe { &*cache }.change(|cache| {
        let figures = cache.stats().into();
        // SAFETY: by the contract.
        unsafe { *stats = figures };
        Ok(MANTISDB_OK)
    })
}

/// Takes what left since the last call, if the cache was opened to keep that: as many
/// records as fit into `buffer`, their length in `*len`; 0 if there are none. If the first
/// one does not fit, the status is `MANTISDB_SHORT_BUFFER`, and `*len` its length. A
/// record is, with integers little-endian: cause u8 (`MANTISDB_CACHE_...`), key length
/// u32, value length u32, key, value. What left by a call can be taken when that has
/// returned. It works after the close, too.
///
/// # Safety
/// `cache` is a handle; `buffer` has room for `capacity` bytes; `len` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_take_departed(
    cache: *const MantisdbCache,
    buffer: *mut u8,
    capacity: usize,
    len: *mut usize,
) -> i32 {
    // SAFETY: by the contract.
    let cache = unsafe { &*cache };
    let take = || {
        let Some(departed) = &cache.departed else { return (MANTISDB_OK, 0) };
        let mut departed = lock(departed);
        let first = departed.record_len(departed.start);
        if first > capacity {
            return (MANTISDB_SHORT_BUFFER, first);
        }
        let taken = {
            let records = departed.next(capacity);
            // SAFETY: by the contract.
            unsafe { copy_out(records, buffer, capacity) };
            records.len()
        };
        departed.forget(taken);
        (MANTISDB_OK, taken)
    };
    let (status, length) = catch_unwind(AssertUnwindSafe(take)).unwrap_or((MANTISDB_PANICKED, 0));
    // SAFETY: by the contract.
    unsafe { *len = length };
    status
}

/// Puts the cache's clock forward: how a caller tests what expires.
///
/// # Safety
/// `cache` is a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_test_advance(
    cache: *const MantisdbCache,
    milliseconds: u64,
) -> i32 {
    // SAFETY: by the contract.
    unsafe { &*cache }.change(|cache| {
        cache.advance_clock(milliseconds);
        Ok(MANTISDB_OK)
    })
}
