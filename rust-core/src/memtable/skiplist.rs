//! The entries in key order: a skiplist (Pugh, 1990) whose nodes are the entries,
//! read by any number of threads without a lock while one changes it.
//!
//! Who changes it holds the memtable's order lock. A reader that stands on an
//! entry while that is removed goes on by its links, which stay as they were. It
//! may then miss entries that come to stand right behind it later; whoever reads
//! at a snapshot does not want those, since all that the snapshot sees was in
//! the list before the reader began.

use super::entry::{Entry, Link, MAX_HEIGHT};
use super::walk::{self, Walk};
use crate::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use crossbeam_epoch::Guard;
use std::cmp::Ordering;
use std::ptr::{self, NonNull};

/// The list. Entries are owned by it from insertion on.
pub(super) struct SkipList {
    head: [Link; MAX_HEIGHT],
    /// No entry is higher than this; it only grows.
    height: AtomicUsize,
}

/// A place in the list: on each level the tower before it and the entry after.
struct Position {
    before: [*const Link; MAX_HEIGHT],
    after: [*mut Entry; MAX_HEIGHT],
}

/// On how many lower levels a search asks for the entries that it may come to.
const PREFETCHED_LEVELS: usize = 2;

/// The place that a search looks for: it passes the entries before it.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// Before the entries at or after the key.
    At(&'a [u8]),
    /// Before the entries after the key.
    After(&'a [u8]),
    /// Behind all entries.
    End,
}

impl Place<'_> {
    /// Whether an entry with `key` lies before the place.
    #[inline]
    fn passes(self, key: &[u8]) -> bool {
        match self {
            Place::At(place) => compare(key, place).is_lt(),
            Place::After(place) => compare(key, place).is_le(),
            Place::End => true,
        }
    }
}

impl SkipList {
    pub(super) fn new() -> Self {
        Self {
            head: std::array::from_fn(|_| Link::new(ptr::null_mut())),
            height: AtomicUsize::new(1),
        }
    }

    /// The first entry at or after `key`.
    pub(super) fn first_at<'g>(&self, key: &[u8], guard: &'g Guard) -> Option<&'g Entry> {
        // SAFETY: in the list during the guard.
        unsafe { self.find(Place::At(key), guard).after[0].as_ref() }
    }

    /// The first entry after `key`.
    pub(super) fn first_after<'g>(&self, key: &[u8], guard: &'g Guard) -> Option<&'g Entry> {
        // SAFETY: in the list during the guard.
        unsafe { self.find(Place::After(key), guard).after[0].as_ref() }
    }

    /// The entry after `entry`, which may meanwhile have been removed.
    #[inline]
    pub(super) fn next<'g>(entry: &'g Entry, guard: &'g Guard) -> Option<&'g Entry> {
        Self::next_on(0, entry, guard)
    }

    /// The entry after `entry`, which may meanwhile have been removed, of those that
    /// are linked on a level. `entry` is.
    #[inline]
    pub(super) fn next_on<'g>(
        level: usize,
        entry: &'g Entry,
        _guard: &'g Guard,
    ) -> Option<&'g Entry> {
        debug_assert!(entry.height() > level);
        // SAFETY: the entry has the level, as the caller promises. What it leads to was
        // in the list during the guard, even if `entry` has been removed since.
        unsafe { (*Entry::tower(entry).add(level)).load(Acquire).as_ref() }
    }

    /// A walk from the first entry at or after a key on, or after it if `exclusive`;
    /// from the first one of all without.
    pub(super) fn walk<'g>(
        &self,
        start: Option<&[u8]>,
        exclusive: bool,
        guard: &'g Guard,
    ) -> Walk<'g> {
        let (first, high) = match start {
            None => (self.head[0].load(Acquire), self.head[walk::LEVEL].load(Acquire)),
            Some(key) => {
                let place = if exclusive { Place::After(key) } else { Place::At(key) };
                let after = self.find(place, guard).after;
                (after[0], after[walk::LEVEL])
            }
        };
        // SAFETY: in the list during the guard.
        unsafe { Walk::new(first.as_ref(), high.as_ref(), guard) }
    }

    /// The first entry.
    pub(super) fn first<'g>(&self, _guard: &'g Guard) -> Option<&'g Entry> {
        // SAFETY: in the list during the guard.
        unsafe { self.head[0].load(Acquire).as_ref() }
    }

    /// Gives `each` some entries that end just before `end` (or with the last
    /// one), in ascending order: none only if there are none. A step back costs
    /// a search, so it is made for a run of entries at a time.
    pub(super) fn run_before<'g>(
        &self,
        end: Option<&[u8]>,
        guard: &'g Guard,
        mut each: impl FnMut(&'g Entry),
    ) {
        /// A run starts at the last entry of this level before the end: on
        /// average `2^LEVEL` entries before it.
        const LEVEL: usize = 5;
        let place = end.map_or(Place::End, Place::At);
        let start = self.find(place, guard).before[LEVEL];
        let mut entry = if start == self.head.as_ptr() {
            self.first(guard)
        } else {
            // SAFETY: the tower of an entry directly follows its header; it was
            // in the list during the guard.
            unsafe { start.cast::<Entry>().sub(1).as_ref() }
        };
        // SAFETY: valid during the guard.
        while let Some(e) = entry.filter(|&e| place.passes(unsafe { Entry::key(e) })) {
            each(e);
            entry = Self::next(e, guard);
        }
    }

    /// Inserts entries, whose keys ascend.
    ///
    /// The searches of some entries are made step by step in turns: each step asks
    /// for the memory that the next one of the same search needs, so that the
    /// misses of different searches overlap.
    ///
    /// # Safety
    /// The caller has the order lock. The entries are valid and in no list, their
    /// keys neither.
    pub(super) unsafe fn insert_ascending(&self, entries: &[NonNull<Entry>], guard: &Guard) {
        /// Searches in flight.
        const GROUP: usize = 16;
        for group in entries.chunks(GROUP) {
            // SAFETY: by the contract.
            let key = |entry: &NonNull<Entry>| unsafe { Entry::key(entry.as_ptr()) };
            let mut searches: [_; GROUP] =
                std::array::from_fn(|i| group.get(i).map(|e| Search::new(self, key(e))));
            let mut running = group.len();
            while running > 0 {
                for search in searches.iter_mut().flatten().filter(|s| !s.is_done) {
                    search.step(guard);
                    running -= usize::from(search.is_done);
                }
            }
            for (entry, search) in group.iter().zip(searches.iter_mut().flatten()) {
                // SAFETY: by the contract. What the group inserted so far has
                // lower keys, and nothing else has changed since the search.
                unsafe {
                    search.position.pass_new(entry.as_ref().height());
                    self.insert(*entry, &search.position);
                }
            }
        }
    }

    /// Inserts an entry at its position.
    ///
    /// # Safety
    /// The caller has the order lock. The entry is in no list, its key neither,
    /// and the position is that of the key.
    unsafe fn insert(&self, entry: NonNull<Entry>, position: &Position) {
        // SAFETY: valid by the contract.
        let (tower, height) = unsafe { (Entry::tower(entry.as_ptr()), entry.as_ref().height()) };
        self.height.fetch_max(height, Relaxed);
        for level in 0..height {
            // SAFETY: `level` is below the height.
            unsafe { &*tower.add(level) }.store(position.after[level], Relaxed);
        }
        // From below, so that what a reader finds on a level is on all lower.
        for level in 0..height {
            // SAFETY: the tower before has this level.
            unsafe { &*position.before[level].add(level) }.store(entry.as_ptr(), Release);
        }
    }

    /// Removes an entry from the list. It can be retired when this returns.
    ///
    /// # Safety
    /// The caller has the order lock; the entry is in the list.
    pub(super) unsafe fn remove(&self, entry: &Entry, guard: &Guard) {
        // SAFETY: valid by the contract.
        let (tower, key) = unsafe { (Entry::tower(entry), Entry::key(entry)) };
        let position = self.find(Place::At(key), guard);
        for level in (0..entry.height()).rev() {
            debug_assert!(ptr::eq(position.after[level], entry));
            // SAFETY: both towers have this level.
            unsafe {
                let next = (*tower.add(level)).load(Relaxed);
                (*position.before[level].add(level)).store(next, Release);
            }
        }
    }

    /// Frees all entries with their chains.
    ///
    /// # Safety
    /// Nobody else uses the list, now or later.
    pub(super) unsafe fn free_all(&mut self) {
        let mut next = self.head[0].load(Relaxed);
        while let Some(mut entry) = NonNull::new(next) {
            // SAFETY: ours alone by the contract, freed once.
            unsafe {
                next = (*Entry::tower(entry.as_ptr())).load(Relaxed);
                entry.as_mut().chain.free_all();
                Entry::free(entry);
            }
        }
    }

    /// Finds a place.
    #[inline]
    fn find(&self, place: Place<'_>, _guard: &Guard) -> Position {
        let mut position = Position {
            before: [self.head.as_ptr(); MAX_HEIGHT],
            after: [ptr::null_mut(); MAX_HEIGHT],
        };
        let mut tower = self.head.as_ptr();
        // An entry known to lie at or after the place, so never compared again.
        let mut bound = ptr::null_mut();
        for level in (0..self.height.load(Relaxed)).rev() {
            // SAFETY: `tower` is the head or of an entry found on a higher
            // level, so it has this one; it is valid under the guard.
            let mut current = unsafe { &*tower.add(level) }.load(Acquire);
            while !current.is_null() && current != bound {
                // If the key lies before `current`, these are looked at next.
                for lower in level.saturating_sub(PREFETCHED_LEVELS)..level {
                    // SAFETY: as above, some levels lower.
                    prefetch(unsafe { &*tower.add(lower) }.load(Relaxed));
                }
                // SAFETY: `current` is valid under the guard.
                if !place.passes(unsafe { Entry::key(current) }) {
                    break;
                }
                // SAFETY: it is linked on this level, so it has it.
                unsafe {
                    tower = Entry::tower(current);
                    current = (*tower.add(level)).load(Acquire);
                }
            }
            position.before[level] = tower;
            position.after[level] = current;
            bound = current;
        }
        position
    }
}

/// A search for the place of a key, made in steps.
struct Search<'a> {
    key: &'a [u8],
    level: usize,
    /// The last tower before the place so far, and what it leads to on `level`,
    /// which is to be looked at next.
    tower: *const Link,
    current: *mut Entry,
    /// An entry known to lie behind the place.
    bound: *mut Entry,
    position: Position,
    is_done: bool,
}

impl<'a> Search<'a> {
    fn new(list: &SkipList, key: &'a [u8]) -> Self {
        let level = list.height.load(Relaxed) - 1;
        Self {
            key,
            level,
            tower: list.head.as_ptr(),
            current: list.head[level].load(Acquire),
            bound: ptr::null_mut(),
            position: Position {
                before: [list.head.as_ptr(); MAX_HEIGHT],
                after: [ptr::null_mut(); MAX_HEIGHT],
            },
            is_done: false,
        }
    }

    /// Looks at one entry, and goes on to the next one to be looked at.
    #[inline]
    fn step(&mut self, _guard: &Guard) {
        let passes = !self.current.is_null() && self.current != self.bound && {
            // SAFETY: in the list, so valid under the guard.
            compare(unsafe { Entry::key(self.current) }, self.key).is_lt()
        };
        if passes {
            // SAFETY: as above; it is linked on this level, so it has it.
            unsafe {
                self.tower = Entry::tower(self.current);
                self.current = (*self.tower.add(self.level)).load(Acquire);
            }
        } else {
            self.descend();
        }
        // Levels on which there is nothing to look at.
        while !self.is_done && (self.current.is_null() || self.current == self.bound) {
            self.descend();
        }
        prefetch(self.current);
    }

    /// The place on this level is found.
    fn descend(&mut self) {
        self.position.before[self.level] = self.tower;
        self.position.after[self.level] = self.current;
        self.bound = self.current;
        if self.level == 0 {
            self.is_done = true;
            return;
        }
        self.level -= 1;
        // SAFETY: the tower has the level above, so it has this one.
        self.current = unsafe { &*self.tower.add(self.level) }.load(Acquire);
    }
}

impl Position {
    /// Moves on behind the entries that were inserted at this position since it
    /// was found, on the lowest `height` levels.
    ///
    /// # Safety
    /// The caller has the order lock; the keys of these entries are below the
    /// position's.
    unsafe fn pass_new(&mut self, height: usize) {
        for level in 0..height {
            loop {
                // SAFETY: in the list and on this level, so it has it.
                let next = unsafe { &*self.before[level].add(level) }.load(Relaxed);
                if next == self.after[level] {
                    break;
                }
                // SAFETY: in the list.
                self.before[level] = unsafe { Entry::tower(next) };
            }
        }
    }
}

#[inline]
fn prefetch(entry: *const Entry) {
    super::prefetch::read(entry.cast());
}

/// Compares keys as slices do, eight bytes at a time: most are short, and a call
/// of the library's comparison costs more than they do.
#[inline]
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a_words, a_rest) = a.as_chunks::<8>();
    let (b_words, b_rest) = b.as_chunks::<8>();
    for (x, y) in a_words.iter().zip(b_words) {
        if x != y {
            return u64::from_be_bytes(*x).cmp(&u64::from_be_bytes(*y));
        }
    }
    match a_words.len().cmp(&b_words.len()) {
        Ordering::Equal => a_rest.cmp(b_rest),
        // Equal as far as the shorter one has whole words.
        Ordering::Less => a_rest.cmp(&b[a_words.len() * 8..]),
        Ordering::Greater => a[b_words.len() * 8..].cmp(b_rest),
    }
}

/// A height from a geometric distribution: each level holds half of the one
/// below. Four levels to one in four would cost less memory, but a search passes
/// a fifth more entries.
pub(super) fn random_height() -> usize {
    use std::cell::Cell;
    thread_local! {
        static STATE: Cell<u64> = const { Cell::new(0) };
    }
    let bits = STATE.with(|state| {
        let mut x = state.get();
        if x == 0 {
            // The cell's address differs from thread to thread.
            x = (ptr::from_ref(state).addr() as u64) | 1;
        }
        // Marsaglia's xorshift64*.
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        state.set(x);
        x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    });
    (1 + bits.trailing_ones() as usize).min(MAX_HEIGHT)
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0u8..3, 0..30)
    }

    proptest! {
        #[test]
        fn compares_as_slices_do(a in bytes(), b in bytes()) {
            prop_assert_eq!(compare(&a, &b), a.cmp(&b));
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            let mut longer = a.clone();
            longer.extend(&b);
            prop_assert_eq!(compare(&a, &longer), a.cmp(&longer));
            prop_assert_eq!(compare(&longer, &a), longer.cmp(&a));
        }
    }

    #[test]
    fn heights_halve() {
        let mut of = [0u32; MAX_HEIGHT + 1];
        for _ in 0..100_000 {
            of[random_height()] += 1;
        }
        assert_eq!(of[0], 0);
        assert!((45_000..55_000).contains(&of[1]), "{of:?}");
        assert!((20_000..30_000).contains(&of[2]), "{of:?}");
    }
}
