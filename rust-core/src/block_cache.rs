//! Blocks of segments, decompressed, in a cache that all segments of a storage share.
//!
//! Only what is stored compressed comes here: everything else is read where it lies in
//! the mapped file, and a copy would gain nothing. The cache is opened by the first such
//! block, so that a storage without any pays nothing.
//!
//! A block is known by the number of its segment, which a storage never gives twice, and
//! its own number in it; it carries the segment as a tag, by which it is dropped with the
//! segment.
//!
//! To take a block in, and let another go for it, costs as much as to decompress it by LZ4.
//! So a full cache takes one of [`ADMITTED`] blocks that were missed: what is read often
//! soon comes in all the same, and reads without any order pay little.
//!
//! The cache has a share of the storage's memory, which the memtable has the use of until
//! blocks come: the cache *claims* a step more than it holds, the memtable makes room, and
//! the cache is *allowed* what is free then. So both together stay within theirs at any
//! moment.

use crate::cache::policy::QueueStats;
use crate::cache::{CacheOptions, LockFreeCache, MIN_BUDGET, PutOptions};
use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// Most blocks are little longer than 4 KiB.
const USUAL_LEN: usize = 8 << 10;

/// Of so many blocks that were missed, a full cache takes one in.
const ADMITTED: u64 = 8;

/// See the module's text.
#[derive(Default)]
pub(crate) struct BlockCache {
    /// The bytes that it may take at most; 0 if there is none.
    share: u64,
    /// None in it if it could not be opened: reads then do without.
    cache: OnceLock<Option<LockFreeCache>>,
    /// The bytes that it may take now.
    allowed: AtomicU64,
    misses: CachePadded<AtomicU64>,
}

/// Figures of the cache; all zero before its first block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BlockCacheStats {
    /// Blocks that were found.
    pub(crate) hits: u64,
    /// Compressed blocks that were not, and so were decompressed.
    pub(crate) misses: u64,
    /// All that counts, in bytes.
    pub(crate) bytes: u64,
}

impl BlockCache {
    /// A cache that may take so many bytes; none if they are too few for one.
    pub(crate) fn new(share: u64) -> Self {
        let share = if share < MIN_BUDGET { 0 } else { share };
        Self { share, allowed: AtomicU64::new(share), ..Self::default() }
    }

    /// The cache, if a block has come yet.
    #[inline]
    fn opened(&self) -> Option<&LockFreeCache> {
        self.cache.get()?.as_ref()
    }

    /// The blocks that it holds.
    #[cfg(test)]
    pub(crate) fn blocks(&self) -> u64 {
        self.opened().map_or(0, |cache| cache.stats().entries)
    }

    /// The bytes that others should leave to it now.
    pub(crate) fn claimed(&self) -> u64 {
        const STEPS: u64 = 8;
        match self.opened() {
            Some(cache) => self.share.min(cache.used_bytes() + self.share / STEPS),
            None => 0,
        }
    }

    /// Allows it so many bytes. What it has stays, if it is more.
    pub(crate) fn allow(&self, bytes: u64) {
        self.allowed.store(bytes, Relaxed);
    }

    /// Figures of this moment.
    pub(crate) fn stats(&self) -> BlockCacheStats {
        let Some(cache) = self.opened() else { return BlockCacheStats::default() };
        let stats = cache.stats();
        BlockCacheStats {
            hits: stats.hits,
            misses: self.misses.load(Relaxed),
            bytes: stats.used_bytes,
        }
    }

    /// The bytes that it may take at most; 0 if there is none.
    pub(crate) fn share(&self) -> u64 {
        self.share
    }

    /// Figures of the cache's queues; none before its first block.
    pub(crate) fn queues(&self) -> Vec<QueueStats> {
        self.opened().map_or_else(Vec::new, LockFreeCache::queues)
    }

    /// Whether a block that comes is taken in: if there is room, or, since a cache at its
    /// share makes its own, if it is one of [`ADMITTED`].
    fn admits(&self, cache: &LockFreeCache, len: u64) -> bool {
        /// A block longer than this part would drive out too many others.
        const LONGEST: u64 = 16;
        let used = cache.used_bytes();
        let is_full = used + self.share / 16 >= self.share;
        let admitted = match is_full {
            true => self.misses.load(Relaxed).is_multiple_of(ADMITTED),
            false => used + len <= self.allowed.load(Relaxed),
        };
        len <= self.share / LONGEST && admitted
    }
}

/// A segment's blocks in the cache. They go when it is dropped, so whoever reads the
/// segment's blocks holds it.
pub(crate) struct SegmentBlocks {
    cache: Arc<BlockCache>,
    segment: u64,
}

impl SegmentBlocks {
    /// Those of the segment with a number; none if there is no cache.
    pub(crate) fn new(cache: &Arc<BlockCache>, segment: u64) -> Option<Self> {
        (cache.share != 0).then(|| Self { cache: Arc::clone(cache), segment })
    }

    /// Gives `read` a block, if it is there. It is borrowed for the call, which is to be
    /// short.
    #[inline]
    pub(crate) fn get<R>(&self, number: usize, read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.cache.opened()?.get(&self.key(number), |hit| read(hit.value))
    }

    /// Counts a block that had to be decompressed.
    #[inline]
    pub(crate) fn count_miss(&self) {
        self.cache.misses.fetch_add(1, Relaxed);
    }

    /// Puts a block, which is whole and sound, if there is room.
    pub(crate) fn put(&self, number: usize, raw: &[u8]) {
        let budget = self.cache.share;
        let options = CacheOptions { budget, usual_len: USUAL_LEN, ..CacheOptions::default() };
        let open = || LockFreeCache::open(options).ok();
        let Some(cache) = self.cache.cache.get_or_init(open) else { return };
        if self.cache.admits(cache, raw.len() as u64) {
            // The caller is pinned, and so must not wait for what is retired. What is
            // refused is read from the file again.
            let tags: &[&[u8]] = &[&self.segment.to_be_bytes()];
            let _ = cache.offer(&self.key(number), raw, PutOptions { tags, ttl: 0 });
        }
    }

    #[inline]
    fn key(&self, number: usize) -> [u8; 12] {
        let mut key = [0; 12];
        key[..8].copy_from_slice(&self.segment.to_be_bytes());
        // A block has a frame of 16 bytes, and offsets are of 64 bits; a segment's length
        // is bounded far below 2^32 blocks.
        key[8..].copy_from_slice(&(number as u32).to_be_bytes());
        key
    }
}

impl Drop for SegmentBlocks {
    fn drop(&mut self) {
        if let Some(cache) = self.cache.opened() {
            cache.remove_tag(&self.segment.to_be_bytes());
        }
    }
}
