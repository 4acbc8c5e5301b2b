//! The entries by key: a lock-free open-addressing hash table that grows
//! without a pause. It decides which entry a key has.
//!
//! A slot is 8 bytes: [`EMPTY`], [`REMOVED`], [`CLOSED`], or 16 bits of the key's
//! hash over 48 bits of the entry's address. It goes from empty to an entry to
//! removed, or from empty to closed, and never back. A key's probe sequence (by
//! cache lines of 8 slots) ends at its first empty or closed slot, so two threads
//! that insert one key meet at the same slot, and one of them finds the other's
//! entry.
//!
//! To grow (or to be rid of removed slots), a table gets a *successor*. From
//! then on an insertion that ends at an empty slot closes it, which sends all
//! that come after to the successor, and goes there itself. Lookups try the
//! table and then the successor. Meanwhile the janitor copies the entries over
//! and closes every empty slot; then the successor becomes the root.

mod hash;
mod slots;
mod table;
#[cfg(all(test, not(feature = "shuttle")))]
mod tests;

use super::entry::Entry;
use super::prefetch;
use crate::error::{Error, Result};
use crate::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Relaxed, SeqCst},
};
use crossbeam_epoch::Guard;
pub(super) use hash::{Hash, Hasher};
use slots::{CLOSED, INITIAL_SLOTS, LINE, TAG_MASK, Touch, address, close, slots_for, word};
use std::ptr;
use table::Probe;
pub(super) use table::Table;

/// The index.
pub(super) struct HashIndex {
    /// The oldest table that may hold an entry which its successors lack.
    root: AtomicPtr<Table>,
}

/// How an insertion ended.
pub(super) enum Inserted<'g> {
    /// The key has the new entry; and what the janitor has to do.
    New(Need),
    /// The key had this one; it may be dying.
    Old(&'g Entry),
}

/// What the janitor has to do for the index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Need {
    /// Nothing.
    Nothing,
    /// The newest table should get a successor soon.
    Successor,
    /// There is something to be copied.
    Copying,
}

impl HashIndex {
    /// An empty index in which `expected` entries find room without growth.
    pub(super) fn new(expected: usize) -> Result<Self> {
        let slots = slots_for(expected).ok_or(Error::OutOfMemory)?;
        let touch = if slots > INITIAL_SLOTS { Touch::Now } else { Touch::Later };
        let root = Box::into_raw(Box::new(Table::new(slots, touch)?));
        Ok(Self { root: AtomicPtr::new(root) })
    }

    /// The entry of a key.
    #[inline]
    pub(super) fn get<'g>(&self, hash: Hash, key: &[u8], guard: &'g Guard) -> Option<&'g Entry> {
        let mut table = self.root(guard);
        loop {
            if let Some(entry) = table.get(hash, key, guard) {
                return Some(entry);
            }
            table = table.successor(guard)?;
        }
    }

    /// Asks for the memory where a lookup starts.
    #[inline]
    pub(super) fn prefetch(&self, hash: Hash, guard: &Guard) {
        let table = self.root(guard);
        prefetch::read(ptr::from_ref(table.slots.line(table.slots.home(hash))).cast());
    }

    /// The address of the entry that a key probably has, to be prefetched.
    #[inline]
    pub(super) fn probable(&self, hash: Hash, guard: &Guard) -> *const Entry {
        let table = self.root(guard);
        let line = table.slots.line(table.slots.home(hash));
        line.iter()
            .map(|slot| slot.load(Relaxed))
            .find(|&word| word & TAG_MASK == hash.tag() && word & !TAG_MASK > CLOSED)
            .map_or(ptr::null(), address)
    }

    /// Gives `entry`'s key that entry, unless it has one already.
    pub(super) fn get_or_insert<'g>(
        &self,
        hash: Hash,
        key: &[u8],
        entry: &'g Entry,
        guard: &'g Guard,
    ) -> Result<Inserted<'g>> {
        let word = word(hash, entry)?;
        let mut table = self.root(guard);
        loop {
            match table.get_or_insert(hash, key, word, guard) {
                Probe::Placed if table.is_filling() => return Ok(Inserted::New(Need::Successor)),
                Probe::Placed => return Ok(Inserted::New(Need::Nothing)),
                Probe::Found(old) => return Ok(Inserted::Old(old)),
                Probe::Crowded => table.ensure_successor(guard).map(drop)?,
                Probe::Beyond => table = table.ensure_successor(guard)?,
            }
        }
    }

    /// Takes an entry out of the index.
    ///
    /// Only the janitor calls it.
    pub(super) fn remove(&self, hash: Hash, entry: &Entry, guard: &Guard) {
        let Ok(word) = word(hash, entry) else { return };
        let mut table = Some(self.root(guard));
        while let Some(t) = table {
            t.remove(hash, word);
            table = t.successor(guard);
        }
    }

    /// Gives `each` the entries in some lines of the root, and returns where to go on.
    /// `from` is how many lines of a round were seen; after the last one it is 0 again.
    ///
    /// Only the janitor calls it.
    pub(super) fn visit<'g>(
        &self,
        from: usize,
        guard: &'g Guard,
        mut each: impl FnMut(&'g Entry),
    ) -> usize {
        const SOME: usize = 32;
        let slots = &self.root(guard).slots;
        let from = if from < slots.lines() { from } else { 0 };
        let to = (from + SOME).min(slots.lines());
        let lines = || (from..to).map(|step| slots.line(slots.scattered(step)));
        let entries = || {
            let words = lines().flatten().map(|slot| slot.load(Acquire));
            // SAFETY: an entry that stands in the index is valid under the guard.
            words.filter(|word| word & !TAG_MASK > CLOSED).map(|word| unsafe { &*address(word) })
        };
        lines().for_each(|line| prefetch::read(ptr::from_ref(line).cast()));
        entries().for_each(|entry| prefetch::read(ptr::from_ref(entry).cast()));
        entries().for_each(|entry| prefetch::read(entry.chain.newest_address().cast()));
        entries().for_each(&mut each);
        if to < slots.lines() { to } else { 0 }
    }

    /// What the janitor has to do.
    pub(super) fn need(&self, guard: &Guard) -> Need {
        let root = self.root(guard);
        if root.successor(guard).is_some() {
            Need::Copying
        } else if root.is_filling() {
            Need::Successor
        } else {
            Need::Nothing
        }
    }

    /// Gives the newest table a successor, touched so that insertions find its
    /// memory ready. Only the janitor calls it.
    pub(super) fn grow(&self, guard: &Guard) -> Result<()> {
        let table = self.newest(guard);
        if table.is_filling() { table.add_successor(Touch::Now) } else { Ok(()) }
    }

    /// Copies up to `count` slots of the root to its successor. When the root
    /// is copied whole, it is taken out and returned: its memory may be
    /// released once nobody reads it any more. Only the janitor calls it.
    pub(super) fn copy(
        &self,
        count: usize,
        hasher: &Hasher,
        guard: &Guard,
    ) -> Result<Option<Box<Table>>> {
        let root = self.root(guard);
        if root.successor(guard).is_none() {
            return Ok(None);
        }
        let from = root.copied.load(Relaxed);
        let to = (from + count).min(root.slots.len());
        for line in (from..to).step_by(LINE) {
            self.copy_line(root, line, hasher, guard)?;
        }
        root.copied.store(to, Relaxed);
        if to < root.slots.len() {
            return Ok(None);
        }
        let old = ptr::from_ref(root).cast_mut();
        self.root.store(root.successor.load(SeqCst), SeqCst);
        // SAFETY: it came from a box, nothing leads to it any more, and only
        // this thread replaces the root. Readers that still have it are the
        // caller's concern.
        Ok(Some(unsafe { Box::from_raw(old) }))
    }

    fn copy_line(&self, table: &Table, line: usize, hasher: &Hasher, guard: &Guard) -> Result<()> {
        /// How many lines ahead entries are asked for.
        const AHEAD: usize = 4 * LINE;
        if line + AHEAD < table.slots.len() {
            for slot in table.slots.line(line + AHEAD) {
                prefetch::read(address(slot.load(Relaxed)).cast());
            }
        }
        for slot in table.slots.line(line) {
            let Some(word) = close(slot) else { continue };
            // SAFETY: an entry that stands in the index is valid: only the
            // janitor, which is us, takes entries out and retires them.
            let entry = unsafe { &*address(word) };
            // SAFETY: as above.
            let key = unsafe { Entry::key(entry) };
            self.copy_entry(table, hasher.hash(key), word, guard)?;
        }
        Ok(())
    }

    /// Copies an entry of `table` to a successor, unless it is there already: after an
    /// error the janitor copies the same lines again.
    fn copy_entry(&self, table: &Table, hash: Hash, word: u64, guard: &Guard) -> Result<()> {
        // SAFETY: it stands in `table`, so it is valid under the guard.
        let entry = unsafe { &*address(word) };
        let mut table = table.ensure_successor(guard)?;
        loop {
            match table.probe(hash, word, guard, |there| (there == word).then_some(entry)) {
                Probe::Crowded => table.ensure_successor(guard).map(drop)?,
                Probe::Beyond => table = table.ensure_successor(guard)?,
                Probe::Placed | Probe::Found(_) => return Ok(()),
            }
        }
    }

    /// Bytes that the tables take.
    pub(super) fn footprint(&self, guard: &Guard) -> usize {
        let mut bytes = 0;
        let mut table = Some(self.root(guard));
        while let Some(t) = table {
            bytes += t.footprint();
            table = t.successor(guard);
        }
        bytes
    }

    /// Bytes that the newest table's successor will take, if it has yet to come.
    pub(super) fn growth(&self, guard: &Guard) -> usize {
        let root = self.root(guard);
        match root.successor(guard) {
            Some(_) => 0,
            None => root.successor_slots() * size_of::<u64>(),
        }
    }

    #[inline]
    fn root<'g>(&self, _guard: &'g Guard) -> &'g Table {
        // SAFETY: never null; a table that was replaced is kept until every
        // guard of that time is gone.
        unsafe { &*self.root.load(Acquire) }
    }

    fn newest<'g>(&self, guard: &'g Guard) -> &'g Table {
        let mut table = self.root(guard);
        while let Some(successor) = table.successor(guard) {
            table = successor;
        }
        table
    }
}

impl Drop for HashIndex {
    fn drop(&mut self) {
        let mut table = self.root.load(Relaxed);
        while !table.is_null() {
            // SAFETY: tables come from boxes, and nobody else uses the index.
            let owned = unsafe { Box::from_raw(table) };
            table = owned.successor.load(Relaxed);
        }
    }
}
