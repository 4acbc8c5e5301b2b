//! The entries of a shard by token, and how its policy sees them.

use crate::cache::chunks::Chunks;
use crate::cache::entry::{Entry, NO_TOKEN};
use crate::cache::memory::Memory;
use crate::cache::policy::{Entries, Token};
use std::ptr::NonNull;

/// The entries by token, in an array that leaves no former memory behind when it grows: what
/// the growing vectors of many shards leave is up to a tenth of the budget.
pub(super) struct Slots {
    slots: Chunks<Slot>,
    /// How many tokens there are, free ones too: all below.
    len: usize,
    first_free: Token,
}

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

impl Default for Slots {
    fn default() -> Self {
        Self { slots: Chunks::new(), len: 0, first_free: NO_TOKEN }
    }
}

impl Slots {
    pub(super) fn add(&mut self, entry: NonNull<Entry>) -> Token {
        let free = self.first_free;
        if free != NO_TOKEN {
            let slot = self.slots.at(free as usize);
            self.first_free = slot.next_free();
            *slot = Slot::used(entry);
            return free;
        }
        self.slots.reach(self.len, Slot::free(NO_TOKEN));
        *self.slots.at(self.len) = Slot::used(entry);
        self.len += 1;
        self.len as Token - 1
    }

    /// Gives a token another entry.
    pub(super) fn replace(&mut self, token: Token, entry: NonNull<Entry>) {
        *self.slots.at(token as usize) = Slot::used(entry);
    }

    /// Whether a token is that of an entry.
    pub(super) fn is_of(&self, token: Token, entry: NonNull<Entry>) -> bool {
        self.slots.get(token as usize) == Some(Slot::used(entry))
    }

    pub(super) fn remove(&mut self, token: Token) {
        *self.slots.at(token as usize) = Slot::free(self.first_free);
        self.first_free = token;
    }

    #[inline]
    pub(super) fn get(&self, token: Token) -> NonNull<Entry> {
        self.find(token).expect("the token is that of an entry")
    }

    /// The entry of a token that may be free.
    #[inline]
    pub(super) fn find(&self, token: Token) -> Option<NonNull<Entry>> {
        self.slots.get(token as usize)?.entry()
    }

    /// Asks for the memory of a token's place.
    #[inline]
    pub(super) fn prefetch(&self, token: Token) {
        self.slots.prefetch(token as usize);
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = NonNull<Entry>> {
        (0..self.len as Token).filter_map(|token| self.find(token))
    }

    pub(super) fn footprint(&self) -> usize {
        self.slots.footprint()
    }
}

/// The hash that the policy sees: entries keep half of theirs.
#[inline]
pub(super) fn spread(place: u32) -> u64 {
    u64::from(place).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The entries as the policy sees them.
pub(super) struct View<'a> {
    pub(super) slots: &'a Slots,
    pub(super) memory: &'a Memory,
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
