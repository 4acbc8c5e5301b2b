//! One table of the index.

use super::Hash;
use super::slots::{CLOSED, EMPTY, LINE, REMOVED, Slots, TAG_MASK, Touch, address, slots_for};
use crate::error::Result;
use crate::memtable::entry::Entry;
use crate::sync::atomic::{
    AtomicPtr, AtomicUsize,
    Ordering::{Acquire, Relaxed, SeqCst},
};
use crossbeam_epoch::Guard;
use std::ptr;

/// Only one insertion in so many counts, for all: the count is a shared line.
pub(super) const SAMPLE: usize = if cfg!(feature = "shuttle") { 1 } else { 16 };

/// One table.
pub(in crate::memtable) struct Table {
    pub(super) slots: Slots,
    pub(super) successor: AtomicPtr<Table>,
    /// Slots that are not empty, estimated by sampling.
    used: AtomicUsize,
    /// Of those, removed ones. Only the janitor writes it.
    removed: AtomicUsize,
    /// How far the janitor has copied this table to its successor.
    pub(super) copied: AtomicUsize,
}

/// How an insertion into one table ended.
pub(super) enum Probe<'g> {
    Placed,
    Found(&'g Entry),
    /// The table needs a successor before it takes more.
    Crowded,
    /// The key belongs into the successor: no slot is left for it here.
    Beyond,
}

impl Table {
    pub(super) fn new(slots: usize, touch: Touch) -> Result<Self> {
        Ok(Self {
            slots: Slots::allocate(slots, touch)?,
            successor: AtomicPtr::new(ptr::null_mut()),
            used: AtomicUsize::new(0),
            removed: AtomicUsize::new(0),
            copied: AtomicUsize::new(0),
        })
    }

    #[inline]
    pub(super) fn successor<'g>(&self, _guard: &'g Guard) -> Option<&'g Table> {
        // SAFETY: null, or kept as long as this table and then by the guard.
        unsafe { self.successor.load(SeqCst).as_ref() }
    }

    /// The successor, made if there is none: the janitor has not come in time.
    pub(super) fn ensure_successor<'g>(&self, guard: &'g Guard) -> Result<&'g Table> {
        loop {
            if let Some(successor) = self.successor(guard) {
                return Ok(successor);
            }
            self.add_successor(Touch::Later)?;
        }
    }

    /// Gives the table a successor, unless another thread has been faster.
    pub(super) fn add_successor(&self, touch: Touch) -> Result<()> {
        let new = Box::into_raw(Box::new(Table::new(self.successor_slots(), touch)?));
        if self.successor.compare_exchange(ptr::null_mut(), new, SeqCst, SeqCst).is_err() {
            // SAFETY: it came from a box and was not published.
            drop(unsafe { Box::from_raw(new) });
        }
        Ok(())
    }

    /// Three quarters full: time to think of a successor.
    pub(super) fn is_filling(&self) -> bool {
        self.used.load(Relaxed) >= self.slots.len() / 4 * 3
    }

    /// So full that insertions wait for the successor.
    pub(super) fn is_crowded(&self) -> bool {
        self.used.load(Relaxed) >= self.slots.len() / 8 * 7
    }

    /// Twice the slots if most of them hold live entries.
    pub(super) fn successor_slots(&self) -> usize {
        let used = self.used.load(Relaxed);
        let live = used.saturating_sub(self.removed.load(Relaxed));
        slots_for(live + live / 2).unwrap_or(self.slots.len())
    }

    #[inline]
    pub(super) fn get<'g>(&self, hash: Hash, key: &[u8], _guard: &'g Guard) -> Option<&'g Entry> {
        let mut at = self.slots.home(hash);
        for _ in 0..self.slots.len() / LINE {
            for slot in self.slots.line(at) {
                let word = slot.load(Acquire);
                if word & TAG_MASK == hash.tag() && word & !TAG_MASK > CLOSED {
                    let entry = address(word);
                    // SAFETY: it stands in the index, so it is valid under the
                    // guard.
                    if unsafe { Entry::key(entry) } == key {
                        // SAFETY: as above.
                        return Some(unsafe { &*entry });
                    }
                }
                if word == EMPTY || word == CLOSED {
                    return None;
                }
            }
            at = self.slots.after(at);
        }
        None
    }

    /// Finds the entry of a key or gives it one.
    pub(super) fn get_or_insert<'g>(
        &self,
        hash: Hash,
        key: &[u8],
        new: u64,
        guard: &'g Guard,
    ) -> Probe<'g> {
        self.probe(hash, new, guard, |word| {
            let entry = address(word);
            // SAFETY: it stands in the index, so it is valid under the guard.
            unsafe { (Entry::key(entry) == key).then(|| &*entry) }
        })
    }

    /// Goes to the end of a probe sequence, unless `matches` accepts an entry
    /// with the hash's tag before, and puts `new` there, or closes the slot if the
    /// table has a successor.
    pub(super) fn probe<'g>(
        &self,
        hash: Hash,
        new: u64,
        guard: &'g Guard,
        matches: impl Fn(u64) -> Option<&'g Entry>,
    ) -> Probe<'g> {
        let mut at = self.slots.home(hash);
        for _ in 0..self.slots.len() / LINE {
            for slot in self.slots.line(at) {
                let mut word = slot.load(SeqCst);
                while word == EMPTY {
                    let beyond = self.successor(guard).is_some();
                    if !beyond && self.is_crowded() {
                        return Probe::Crowded;
                    }
                    let to = if beyond { CLOSED } else { new };
                    match slot.compare_exchange(EMPTY, to, SeqCst, SeqCst) {
                        Ok(_) if beyond => return Probe::Beyond,
                        Ok(_) => {
                            if hash.is_sampled() {
                                self.used.fetch_add(SAMPLE, Relaxed);
                            }
                            return Probe::Placed;
                        }
                        Err(now) => word = now,
                    }
                }
                if word == CLOSED {
                    return Probe::Beyond;
                }
                if word & TAG_MASK == hash.tag()
                    && word & !TAG_MASK > CLOSED
                    && let Some(entry) = matches(word)
                {
                    return Probe::Found(entry);
                }
            }
            at = self.slots.after(at);
        }
        Probe::Beyond
    }

    /// Takes an entry out, which a table has once at most.
    pub(super) fn remove(&self, hash: Hash, word: u64) {
        let mut at = self.slots.home(hash);
        for _ in 0..self.slots.len() / LINE {
            for slot in self.slots.line(at) {
                let now = slot.load(SeqCst);
                if now == EMPTY || now == CLOSED {
                    return;
                }
                if now == word {
                    slot.store(REMOVED, SeqCst);
                    if hash.is_sampled() {
                        self.removed.fetch_add(SAMPLE, Relaxed);
                    }
                    return;
                }
            }
            at = self.slots.after(at);
        }
    }

    /// The bytes of its slots.
    pub(in crate::memtable) fn footprint(&self) -> usize {
        self.slots.len() * size_of::<u64>()
    }
}
