//! The entries that may leave for the sake of memory, by the tokens under which a policy
//! knows them.
//!
//! An entry is a resident from when it is put in order until it leaves the order. Both,
//! and all else here, happens under the order lock, which the policy asks for: so tokens,
//! which lie in the entries, need no other.

use super::entry::{Entry, MAX_HITS, NO_TOKEN};
use super::hash_index::Hasher;
use crate::cache::policy::{DefaultPolicy, Entries, Policy, QueueStats, Token};
use crate::storage::Prefix;
use crossbeam_epoch::Guard;
use std::ptr::{self, NonNull};

const _: () = assert!(DefaultPolicy::MAX_HITS <= MAX_HITS && !DefaultPolicy::SEES_HITS);

/// Up to where reads count in an entry.
pub(crate) const COUNTED_HITS: u8 = DefaultPolicy::MAX_HITS;

/// See the module's text.
pub(super) struct Residents {
    policy: DefaultPolicy,
    table: Table,
    /// Keys that begin with it are no residents: they stay.
    pinned: Prefix,
}

/// What the policy may ask of.
struct Table {
    hasher: Hasher,
    /// By their tokens; null for a token that is free.
    entries: Vec<*const Entry>,
    /// What the policy was told that they weigh, in bytes.
    weights: Vec<u32>,
    free: Vec<Token>,
}

// SAFETY: entries are shared between threads in any case.
unsafe impl Send for Table {}

impl Residents {
    /// None yet, of a memory of so many bytes.
    pub(super) fn new(capacity: u64, pinned: Prefix, hasher: Hasher) -> Self {
        Self {
            policy: DefaultPolicy::new(capacity),
            table: Table { hasher, entries: Vec::new(), weights: Vec::new(), free: Vec::new() },
            pinned,
        }
    }

    /// Takes an entry in, unless it is pinned.
    ///
    /// # Safety
    /// The entry is valid, in order, no resident, and has room for a token. It is taken
    /// out before it is retired.
    pub(super) unsafe fn admit(&mut self, entry: NonNull<Entry>, guard: &Guard) {
        // SAFETY: valid by the contract.
        let (entry, key) = unsafe { (entry.as_ref(), Entry::key(entry.as_ptr())) };
        if self.pinned.begins(key) {
            return;
        }
        let token = self.table.add(entry, weigh(entry, guard));
        // SAFETY: by the contract, and we have the order lock.
        unsafe { Entry::set_token(entry, token) };
        self.policy.insert(token, &self.table);
    }

    /// Takes an entry out that is removed for another reason, if it is a resident.
    ///
    /// # Safety
    /// The entry is valid.
    pub(super) unsafe fn remove(&mut self, entry: &Entry) {
        // SAFETY: valid, and we have the order lock.
        let token = unsafe { Entry::token(entry) };
        if token != NO_TOKEN {
            self.policy.remove(token, &self.table);
            // SAFETY: as above; it has a token.
            unsafe { self.table.free(token) };
        }
    }

    /// Takes the entry out that the policy would have leave.
    pub(super) fn evict(&mut self) -> Option<NonNull<Entry>> {
        let token = self.policy.evict(&self.table)?;
        // SAFETY: the policy knows the tokens of residents only.
        Some(unsafe { self.table.free(token) })
    }

    /// Tells the policy what a resident weighs now.
    ///
    /// # Safety
    /// The entry is valid.
    pub(super) unsafe fn reweigh(&mut self, entry: &Entry, guard: &Guard) {
        // SAFETY: valid, and we have the order lock.
        let token = unsafe { Entry::token(entry) };
        let weight = weigh(entry, guard);
        if token == NO_TOKEN || self.table.weights[token as usize] == weight {
            return;
        }
        let old = std::mem::replace(&mut self.table.weights[token as usize], weight);
        // The write has counted as a hit already, or is the one that made the entry.
        let hits = entry.hits();
        self.policy.replace(token, old.into(), &self.table);
        entry.set_hits(hits);
    }

    /// Figures of the policy's queues.
    pub(super) fn queues(&self) -> Vec<QueueStats> {
        self.policy.queues()
    }

    /// The bytes that all this takes, and the policy.
    pub(super) fn footprint(&self) -> usize {
        let Table { entries, weights, free, .. } = &self.table;
        self.policy.footprint()
            + entries.capacity() * size_of::<*const Entry>()
            + weights.capacity() * size_of::<u32>()
            + free.capacity() * size_of::<Token>()
    }
}

/// The bytes of an entry and its newest version. Older ones are few, and soon gone.
fn weigh(entry: &Entry, guard: &Guard) -> u32 {
    let version = entry.chain.newest(guard).map_or(0, |version| version.footprint());
    // Far from 4 GiB: a value has at most 64 MiB.
    (entry.footprint() + version) as u32
}

impl Table {
    fn add(&mut self, entry: &Entry, weight: u32) -> Token {
        let token = self.free.pop().unwrap_or_else(|| {
            self.entries.push(ptr::null());
            self.weights.push(0);
            (self.entries.len() - 1) as Token
        });
        self.entries[token as usize] = entry;
        self.weights[token as usize] = weight;
        token
    }

    /// Lets a token be given out again, and returns whose it was.
    ///
    /// # Safety
    /// It is the token of a valid entry.
    unsafe fn free(&mut self, token: Token) -> NonNull<Entry> {
        let entry = std::mem::replace(&mut self.entries[token as usize], ptr::null());
        self.free.push(token);
        // SAFETY: by the contract.
        unsafe {
            Entry::set_token(entry, NO_TOKEN);
            NonNull::new_unchecked(entry.cast_mut())
        }
    }

    fn entry(&self, token: Token) -> &Entry {
        // SAFETY: whoever is in the table is valid: it leaves it before it is retired,
        // under the order lock, which we have.
        unsafe { &*self.entries[token as usize] }
    }
}

impl Entries for Table {
    fn hash(&self, token: Token) -> u64 {
        // SAFETY: as in `entry`.
        self.hasher.hash(unsafe { Entry::key(self.entries[token as usize]) }).bits()
    }

    fn weight(&self, token: Token) -> u64 {
        self.weights[token as usize].into()
    }

    fn hits(&self, token: Token) -> u8 {
        self.entry(token).hits()
    }

    fn set_hits(&self, token: Token, hits: u8) {
        self.entry(token).set_hits(hits);
    }
}
