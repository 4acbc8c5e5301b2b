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

use super::entry::Entry;
use super::prefetch;
use crate::error::{Error, Result};
use crate::sync::atomic::{
    AtomicPtr, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, SeqCst},
};
use crossbeam_epoch::Guard;
use std::ptr;

/// The hash of a key.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Hash(u64);

/// Hashes keys with a seed of its own, so that nobody outside can choose keys
/// that collide.
#[derive(Default, Clone)]
pub(super) struct Hasher(foldhash::quality::RandomState);

impl Hasher {
    #[inline]
    pub(super) fn hash(&self, key: &[u8]) -> Hash {
        use std::hash::{BuildHasher, Hasher as _};
        let mut hasher = self.0.build_hasher();
        hasher.write(key);
        Hash(hasher.finish())
    }
}

impl Hash {
    /// All 64 bits.
    pub(super) fn bits(self) -> u64 {
        self.0
    }

    /// The tag that the key's slots carry: the hash's highest 16 bits; its
    /// lowest ones choose the place.
    #[inline]
    fn tag(self) -> u64 {
        self.0 & TAG_MASK
    }

    /// Whether this key is one of those by which a table's filling is
    /// estimated: one in [`SAMPLE`], chosen by bits that serve nothing else.
    #[inline]
    fn is_sampled(self) -> bool {
        (self.0 >> 40).is_multiple_of(SAMPLE as u64)
    }
}

/// The slot was never used; a probe ends here.
const EMPTY: u64 = 0;
/// The slot's entry is gone; a probe goes on.
const REMOVED: u64 = 1;
/// The slot will never be used; a probe goes on in the successor.
const CLOSED: u64 = 2;
const TAG_MASK: u64 = 0xffff << 48;
const LINE: usize = 8;
/// Slots of the first table.
const INITIAL_SLOTS: usize = if cfg!(feature = "shuttle") { 8 } else { 4096 };
/// Only one insertion in so many counts, for all: the count is a shared line.
const SAMPLE: usize = if cfg!(feature = "shuttle") { 1 } else { 16 };

/// The index.
pub(super) struct HashIndex {
    /// The oldest table that may hold an entry which its successors lack.
    root: AtomicPtr<Table>,
}

/// One table.
pub(super) struct Table {
    slots: Slots,
    successor: AtomicPtr<Table>,
    /// Slots that are not empty, estimated by sampling.
    used: AtomicUsize,
    /// Of those, removed ones. Only the janitor writes it.
    removed: AtomicUsize,
    /// How far the janitor has copied this table to its successor.
    copied: AtomicUsize,
}

/// How an insertion ended.
pub(super) enum Inserted<'g> {
    /// The key has the new entry; and what the janitor has to do.
    New(Need),
    /// The key had this one; it may be dying.
    Old(&'g Entry),
}

/// How an insertion into one table ended.
enum Probe<'g> {
    Placed,
    Found(&'g Entry),
    /// The table needs a successor before it takes more.
    Crowded,
    /// The key belongs into the successor: no slot is left for it here.
    Beyond,
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

impl Table {
    /// The bytes of its slots.
    pub(super) fn footprint(&self) -> usize {
        self.slots.len() * size_of::<u64>()
    }
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

    /// Gives `each` the entries in some lines of the root from slot `from` on, and
    /// returns where to go on: 0 after the last line.
    ///
    /// Only the janitor calls it.
    pub(super) fn visit<'g>(
        &self,
        from: usize,
        guard: &'g Guard,
        mut each: impl FnMut(&'g Entry),
    ) -> usize {
        const LINES: usize = 32;
        let slots = &self.root(guard).slots;
        let from = if from < slots.len() { from } else { 0 };
        let to = (from + LINES * LINE).min(slots.len());
        let words = || {
            (from..to)
                .step_by(LINE)
                .flat_map(|line| slots.line(line))
                .map(|slot| slot.load(Acquire))
                .filter(|word| word & !TAG_MASK > CLOSED)
        };
        words().for_each(|word| prefetch::read(address(word).cast()));
        for word in words() {
            // SAFETY: an entry that stands in the index is valid under the guard.
            each(unsafe { &*address(word) });
        }
        if to < slots.len() { to } else { 0 }
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

    /// Copies an entry of `table` to a successor.
    fn copy_entry(&self, table: &Table, hash: Hash, word: u64, guard: &Guard) -> Result<()> {
        let mut table = table.ensure_successor(guard)?;
        loop {
            match table.probe(hash, word, guard, |_| None) {
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

impl Table {
    fn new(slots: usize, touch: Touch) -> Result<Self> {
        Ok(Self {
            slots: Slots::allocate(slots, touch)?,
            successor: AtomicPtr::new(ptr::null_mut()),
            used: AtomicUsize::new(0),
            removed: AtomicUsize::new(0),
            copied: AtomicUsize::new(0),
        })
    }

    #[inline]
    fn successor<'g>(&self, _guard: &'g Guard) -> Option<&'g Table> {
        // SAFETY: null, or kept as long as this table and then by the guard.
        unsafe { self.successor.load(SeqCst).as_ref() }
    }

    /// The successor, made if there is none: the janitor has not come in time.
    fn ensure_successor<'g>(&self, guard: &'g Guard) -> Result<&'g Table> {
        loop {
            if let Some(successor) = self.successor(guard) {
                return Ok(successor);
            }
            self.add_successor(Touch::Later)?;
        }
    }

    /// Gives the table a successor, unless another thread has been faster.
    fn add_successor(&self, touch: Touch) -> Result<()> {
        let new = Box::into_raw(Box::new(Table::new(self.successor_slots(), touch)?));
        if self.successor.compare_exchange(ptr::null_mut(), new, SeqCst, SeqCst).is_err() {
            // SAFETY: it came from a box and was not published.
            drop(unsafe { Box::from_raw(new) });
        }
        Ok(())
    }

    /// Three quarters full: time to think of a successor.
    fn is_filling(&self) -> bool {
        self.used.load(Relaxed) >= self.slots.len() / 4 * 3
    }

    /// So full that insertions wait for the successor.
    fn is_crowded(&self) -> bool {
        self.used.load(Relaxed) >= self.slots.len() / 8 * 7
    }

    /// Twice the slots if most of them hold live entries.
    fn successor_slots(&self) -> usize {
        let used = self.used.load(Relaxed);
        let live = used.saturating_sub(self.removed.load(Relaxed));
        slots_for(live + live / 2).unwrap_or(self.slots.len())
    }

    #[inline]
    fn get<'g>(&self, hash: Hash, key: &[u8], _guard: &'g Guard) -> Option<&'g Entry> {
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
    fn get_or_insert<'g>(&self, hash: Hash, key: &[u8], new: u64, guard: &'g Guard) -> Probe<'g> {
        self.probe(hash, new, guard, |word| {
            let entry = address(word);
            // SAFETY: it stands in the index, so it is valid under the guard.
            unsafe { (Entry::key(entry) == key).then(|| &*entry) }
        })
    }

    /// Goes to the end of a probe sequence, unless `matches` accepts an entry
    /// with the hash's tag before, and puts `new` there, or closes the slot if the
    /// table has a successor.
    fn probe<'g>(
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

    fn remove(&self, hash: Hash, word: u64) {
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
                }
            }
            at = self.slots.after(at);
        }
    }
}

/// When the memory of a table is first touched, which costs a fault a page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Touch {
    /// By whoever allocates it: the janitor, on whom nobody waits.
    Now,
    /// By those who use it.
    Later,
}

/// The memory of a table: lines of slots, all empty at first.
struct Slots {
    #[cfg(not(feature = "shuttle"))]
    memory: memmap2::MmapMut,
    #[cfg(feature = "shuttle")]
    memory: Box<[AtomicU64]>,
    count: usize,
}

impl Slots {
    /// Allocates `count` slots, a power of two of at least one line. Memory
    /// comes from the system as zeroes, and goes back to it at once, past the
    /// allocator. If it is touched here, it is in huge pages if the system has
    /// them: their first touch takes milliseconds.
    #[cfg(not(feature = "shuttle"))]
    fn allocate(count: usize, touch: Touch) -> Result<Self> {
        const PAGE: usize = 4096;
        debug_assert!(count.is_power_of_two() && count >= LINE);
        let bytes = count.checked_mul(size_of::<u64>()).ok_or(Error::OutOfMemory)?;
        let mut memory = memmap2::MmapMut::map_anon(bytes).map_err(|_| Error::OutOfMemory)?;
        if touch == Touch::Now {
            #[cfg(target_os = "linux")]
            // Advice only: small pages serve as well, more slowly.
            let _ = memory.advise(memmap2::Advice::HugePage);
            for page in memory.chunks_mut(PAGE) {
                // Volatile, since a plain write of what is there is no write.
                // SAFETY: an exclusive reference to a byte.
                unsafe { ptr::from_mut(&mut page[0]).write_volatile(0) };
            }
        }
        Ok(Self { memory, count })
    }

    #[cfg(feature = "shuttle")]
    fn allocate(count: usize, _touch: Touch) -> Result<Self> {
        Ok(Self { memory: (0..count).map(|_| AtomicU64::new(EMPTY)).collect(), count })
    }

    fn len(&self) -> usize {
        self.count
    }

    /// Where the line of a hash starts.
    #[inline]
    fn home(&self, hash: Hash) -> usize {
        hash.0 as usize & (self.count - 1) & !(LINE - 1)
    }

    /// Where the line after the one at `start` starts.
    #[inline]
    fn after(&self, start: usize) -> usize {
        (start + LINE) & (self.count - 1)
    }

    /// The line that starts at slot `start`.
    #[inline]
    fn line(&self, start: usize) -> &[AtomicU64; LINE] {
        debug_assert!(start.is_multiple_of(LINE) && start < self.count);
        // SAFETY: callers pass what `home` and `after` return or multiples of
        // LINE below the count, so the line lies in the memory, which is
        // aligned, initialised, and only ever used as atomics.
        unsafe { &*self.memory.as_ptr().cast::<AtomicU64>().add(start).cast() }
    }
}

/// Makes sure that an empty slot stays so, and returns the entry's word if it is
/// not empty and not removed.
fn close(slot: &AtomicU64) -> Option<u64> {
    let word = match slot.compare_exchange(EMPTY, CLOSED, SeqCst, SeqCst) {
        Ok(_) => CLOSED,
        Err(word) => word,
    };
    (word > CLOSED).then_some(word)
}

/// The slots of a table that begins to fill with `entries`, if there can be so
/// many.
fn slots_for(entries: usize) -> Option<usize> {
    let slots = entries.checked_mul(4)?.div_ceil(3).checked_next_power_of_two()?;
    Some(slots.max(INITIAL_SLOTS))
}

/// The word of an entry's slot.
fn word(hash: Hash, entry: &Entry) -> Result<u64> {
    let address = ptr::from_ref(entry).expose_provenance() as u64;
    // User space is within 48 bits unless a process asks for more.
    if address & TAG_MASK != 0 { Err(Error::OutOfMemory) } else { Ok(hash.tag() | address) }
}

/// The entry's address in a word.
#[inline]
fn address(word: u64) -> *const Entry {
    ptr::with_exposed_provenance((word & !TAG_MASK) as usize)
}
