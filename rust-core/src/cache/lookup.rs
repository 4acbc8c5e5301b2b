//! Reading: what finds an entry, without a lock.

use super::entry::Entry;
use super::index::Hash;
use super::policy::Policy;
use super::shard::Locked;
use super::{Cache, Hit};
use crossbeam_epoch::{self as epoch, Guard};
use smallvec::SmallVec;

impl<P: Policy> Cache<P> {
    #[inline]
    pub(super) fn get<R>(
        &self,
        key: &[u8],
        guard: &Guard,
        read: impl FnOnce(Hit<'_>) -> R,
    ) -> Option<R> {
        let hit = self.find(self.hash(key), key, guard);
        self.lookups.count(u64::from(hit.is_some()), u64::from(hit.is_none()));
        hit.map(read)
    }

    pub(super) fn holds(&self, key: &[u8]) -> bool {
        let hash = self.hash(key);
        let guard = &epoch::pin();
        let entry = self.shards[self.shard_of(hash)].index.get(hash, key, guard);
        let live = |deadline| deadline == 0 || deadline > self.clock.now();
        entry.is_some_and(|entry| live(entry.times().deadline()))
    }

    /// The live entry of a key, which has been hit once more.
    #[inline]
    pub(super) fn find<'g>(&self, hash: Hash, key: &[u8], guard: &'g Guard) -> Option<Hit<'g>> {
        let shard = &self.shards[self.shard_of(hash)];
        let entry = shard.index.get(hash, key, guard)?;
        let mut ttl = 0;
        if entry.times().deadline() != 0 {
            ttl = entry.times().deadline().checked_sub(self.clock.now()).filter(|&ttl| ttl != 0)?;
        }
        if P::SEES_HITS {
            Locked::new(shard, shard.lock(), &self.memory, guard).hit(entry);
        } else {
            entry.count_hit(P::MAX_HITS);
        }
        // SAFETY: the entry was found, and lives as long as the guard.
        Some(Hit { value: unsafe { Entry::value(entry) }, ttl })
    }

    pub(super) fn get_together(
        &self,
        keys: &[&[u8]],
        mut each: impl FnMut(usize, Option<Hit<'_>>),
    ) {
        let hashes: SmallVec<[Hash; 16]> = keys.iter().map(|k| self.hash(k)).collect();
        for &hash in &hashes {
            self.shards[self.shard_of(hash)].index.prefetch(hash);
        }
        let guard = &epoch::pin();
        for &hash in &hashes {
            self.shards[self.shard_of(hash)].index.prefetch_entry(hash, guard);
        }
        let mut hits = 0;
        for (i, (&hash, key)) in hashes.iter().zip(keys).enumerate() {
            let hit = self.find(hash, key, guard);
            hits += u64::from(hit.is_some());
            each(i, hit);
        }
        self.lookups.count(hits, keys.len() as u64 - hits);
    }
}
