//! What leaves a cache when it is full, apart from how threads share the cache.
//!
//! A [`Policy`] is told of entries by a [`Token`], a small number that their owner gives
//! out, and orders tokens in queues of its own. What it wants to know of an entry it asks
//! [`Entries`]. Whoever calls it holds a lock, or is alone: a policy knows no threads.
//!
//! Reads come without the lock. So a policy says by [`Policy::MAX_HITS`] up to where they
//! count in the entry, and looks at the count when it meets the entry again. A policy that
//! must know of each hit at once says so by [`Policy::SEES_HITS`], and its reads lock.

pub mod adaptive_s3_fifo;
mod ghost;
pub mod lru;
mod queues;
pub mod s3_fifo;
#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests;

use smallvec::SmallVec;

/// The policy of a cache that names none.
pub type DefaultPolicy = adaptive_s3_fifo::AdaptiveS3Fifo;

/// The number of an entry. Owners give out small ones and use them again, so that policies
/// can keep what they note of an entry in arrays.
pub type Token = u32;

/// How far a policy looks ahead: about as many entries as it looks at until it finds one
/// that leaves.
const AHEAD: usize = 2;

/// See [`Policy::upcoming`].
pub type Upcoming = SmallVec<[Token; AHEAD]>;

/// What a policy tells of one of its queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueStats {
    /// Its name: letters alone.
    pub name: &'static str,
    /// How many entries it has, or of how many former ones it knows.
    pub entries: u64,
    /// What those weigh; of a queue of former ones, what it takes itself.
    pub bytes: u64,
}

/// What a policy may ask about entries that it was told of.
pub trait Entries {
    /// The hash of the entry's key: all bits are equally good, and it is the same each
    /// time that the key comes back.
    fn hash(&self, token: Token) -> u64;
    /// The bytes that the entry takes of the budget, at least 1.
    fn weight(&self, token: Token) -> u64;
    /// Hits since [`Entries::set_hits`], or since the entry came, up to the policy's
    /// [`Policy::MAX_HITS`].
    fn hits(&self, token: Token) -> u8;
    /// Sets the count of hits. A hit of the same moment may be lost.
    fn set_hits(&self, token: Token, hits: u8);
}

/// Decides what leaves a cache.
pub trait Policy: Send {
    /// The name under which it can be chosen and is shown.
    const NAME: &'static str;
    /// Up to where reads count hits in the entry. Once there, they write nothing.
    const MAX_HITS: u8;
    /// Whether each read calls [`Policy::hit`], under the lock.
    const SEES_HITS: bool = false;

    /// A policy for about so many bytes.
    fn new(capacity: u64) -> Self;
    /// Changes the capacity.
    fn set_capacity(&mut self, capacity: u64);
    /// Takes in an entry that came, whose token is not known yet or no more.
    fn insert(&mut self, token: Token, entries: &impl Entries);
    /// The entry was read, see [`Policy::SEES_HITS`].
    fn hit(&mut self, token: Token);
    /// The entry's value was replaced, whereby its weight may have changed.
    fn replace(&mut self, token: Token, old_weight: u64, entries: &impl Entries);
    /// Forgets an entry that was removed, but not by [`Policy::evict`].
    fn remove(&mut self, token: Token, entries: &impl Entries);
    /// Chooses an entry to leave and forgets it; `None` if there is none. It may be the
    /// one that came last. Takes constant time, amortised over insertions and hits.
    fn evict(&mut self, entries: &impl Entries) -> Option<Token>;
    /// Asks for the memory where the coming of a key with this hash is looked up, which
    /// follows.
    fn prefetch(&self, _hash: u64) {}
    /// The entries that the next [`Policy::evict`] will probably look at, the first of them
    /// first, so that their memory can be asked for.
    fn upcoming(&self) -> Upcoming {
        Upcoming::new()
    }
    /// Figures of its queues, which cost no walk; none if it tells nothing of them.
    fn queues(&self) -> Vec<QueueStats> {
        Vec::new()
    }
    /// Forgets all entries and what is remembered of former ones.
    fn clear(&mut self);
    /// The bytes of memory that the policy itself takes.
    fn footprint(&self) -> usize;
}

/// Spreads what a hash says over all bits of another: the owner may have chosen, by some
/// bits of the hash, who asks.
#[inline]
fn mix(hash: u64) -> u64 {
    let wide = u128::from(hash ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    wide as u64 ^ (wide >> 64) as u64
}

/// One of `len` places, by 32 bits of a hash.
#[inline]
fn reduce(bits: u64, len: usize) -> usize {
    ((bits * len as u64) >> 32) as usize
}

/// So many entries and the place to become more: a sixteenth, so that tables that must be made
/// anew last for a while.
fn with_room(entries: usize) -> usize {
    (entries + entries / 16).max(64)
}
