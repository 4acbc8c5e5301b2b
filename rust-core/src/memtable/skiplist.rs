//! The entries in key order: a lock-free skiplist whose nodes are the entries.
//!
//! The algorithm is that of Fraser ("Practical lock-freedom", 2004) as in
//! Herlihy and Shavit's "The Art of Multiprocessor Programming", ch. 14: a link
//! with bit 0 set marks the entry that holds it as removed on that level, and
//! whoever passes a marked entry unlinks it.
//!
//! Two restrictions keep it simple:
//! 1. Removals are made by one thread at a time (the janitor).
//! 2. An entry is removed only when nobody holds it ([`Entry::acquire`]), so its
//!    inserter has linked all of its levels.
//!
//! Why a removed entry R is unreachable when [`SkipList::remove`] returns: all
//! its links are marked before the last search, so nobody can link anything
//! behind R any more, and an insertion that still takes R for its successor
//! fails unless its predecessor points to R at that moment. The last search
//! passes every entry with R's key or less on every level and unlinks what is
//! marked, so no predecessor points to R after it. It must pass equal keys, as a
//! new entry with R's key may already stand before R on some level.

use super::entry::{Entry, Link, MAX_HEIGHT};
use crate::error::Result;
use crate::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, SeqCst},
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

/// Where a key belongs: on each level the tower before it and the entry at or
/// after it.
struct Position {
    before: [*const Link; MAX_HEIGHT],
    after: [*mut Entry; MAX_HEIGHT],
}

/// What [`SkipList::get_or_insert`] ended with.
pub(super) enum Inserted<'g> {
    /// A new entry, held by the caller.
    New(&'g Entry),
    /// An entry that was there; it may be dying.
    Old(&'g Entry),
}

const MARK: usize = 1;
/// On how many lower levels a search asks for the entries that it may come to.
const PREFETCHED_LEVELS: usize = 3;

fn is_marked(link: *mut Entry) -> bool {
    link.addr() & MARK != 0
}

fn unmarked(link: *mut Entry) -> *mut Entry {
    link.map_addr(|a| a & !MARK)
}

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

    /// Returns the entry of `key`, which is made if there is none. A new entry
    /// is held by the caller, and in the list on all levels.
    pub(super) fn get_or_insert<'g>(&self, key: &[u8], guard: &'g Guard) -> Result<Inserted<'g>> {
        let mut position = self.find(Place::At(key), guard);
        if let Some(old) = entry_with_key(position.after[0], key, guard) {
            return Ok(Inserted::Old(old));
        }
        let height = random_height();
        let new = Entry::allocate(key, height)?;
        self.height.fetch_max(height, Relaxed);
        // SAFETY: ours until linked, then protected by the guard.
        let tower = unsafe { Entry::tower(new.as_ptr()) };
        loop {
            for level in 0..height {
                // SAFETY: `level` is below the entry's height.
                unsafe { &*tower.add(level) }.store(position.after[level], Relaxed);
            }
            if position.link(0, new, guard) {
                break;
            }
            position = self.find(Place::At(key), guard);
            if let Some(old) = entry_with_key(position.after[0], key, guard) {
                // SAFETY: it was never linked.
                unsafe { Entry::free(new) };
                return Ok(Inserted::Old(old));
            }
        }
        for level in 1..height {
            while !position.link(level, new, guard) {
                position = self.find(Place::At(key), guard);
                // SAFETY: `level` is below the height. The entry is held, so no
                // one marks its links, and on this level no one follows them.
                unsafe { &*tower.add(level) }.store(position.after[level], Relaxed);
            }
        }
        // SAFETY: linked, so it is valid under the guard.
        Ok(Inserted::New(unsafe { new.as_ref() }))
    }

    /// The first entry at or after `key`.
    pub(super) fn first_at<'g>(&self, key: &[u8], guard: &'g Guard) -> Option<&'g Entry> {
        let position = self.find(Place::At(key), guard);
        // SAFETY: in the list during the guard.
        unsafe { position.after[0].as_ref() }
    }

    /// The first entry after `key`.
    pub(super) fn first_after<'g>(&self, key: &[u8], guard: &'g Guard) -> Option<&'g Entry> {
        let position = self.find(Place::After(key), guard);
        // SAFETY: in the list during the guard.
        unsafe { position.after[0].as_ref() }
    }

    /// The entry after `entry`, which may meanwhile have been removed.
    #[inline]
    pub(super) fn next<'g>(&self, entry: &'g Entry, _guard: &'g Guard) -> Option<&'g Entry> {
        // SAFETY: every entry has level 0; what it leads to was in the list
        // during the guard, even if `entry` has been removed since.
        unsafe {
            let link = &*Entry::tower(entry);
            unmarked(link.load(Acquire)).as_ref()
        }
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
            entry = self.next(e, guard);
        }
    }

    /// Removes an entry from the list. It can be retired when this returns.
    ///
    /// # Safety
    /// It is in the list and was claimed by [`Entry::begin_dying`]; no other
    /// removal runs.
    pub(super) unsafe fn remove(&self, entry: &Entry, guard: &Guard) {
        // SAFETY: valid by the contract.
        let (tower, key) = unsafe { (Entry::tower(entry), Entry::key(entry)) };
        for level in (0..entry.height()).rev() {
            // SAFETY: `level` is below the height.
            let link = unsafe { &*tower.add(level) };
            let mut next = link.load(SeqCst);
            while let Err(now) =
                link.compare_exchange(next, next.map_addr(|a| a | MARK), SeqCst, SeqCst)
            {
                next = now;
            }
        }
        self.find(Place::After(key), guard);
    }

    /// Frees all entries with their chains.
    ///
    /// # Safety
    /// Nobody else uses the list, now or later.
    pub(super) unsafe fn free_all(&mut self) {
        let mut next = self.head[0].load(Relaxed);
        while let Some(mut entry) = NonNull::new(unmarked(next)) {
            // SAFETY: ours alone by the contract, freed once.
            unsafe {
                next = (*Entry::tower(entry.as_ptr())).load(Relaxed);
                entry.as_mut().chain.free_all();
                Entry::free(entry);
            }
        }
    }

    /// Finds a place, and unlinks removed entries on the way.
    fn find(&self, place: Place<'_>, guard: &Guard) -> Position {
        loop {
            if let Some(position) = self.try_find(place, guard) {
                return position;
            }
        }
    }

    /// As [`SkipList::find`]; `None` if the ground moved underfoot.
    #[inline]
    fn try_find(&self, place: Place<'_>, _guard: &Guard) -> Option<Position> {
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
            if is_marked(current) {
                return None;
            }
            while !current.is_null() && current != bound {
                // If the key lies before `current`, these are looked at next.
                for lower in level.saturating_sub(PREFETCHED_LEVELS)..level {
                    // SAFETY: as above, some levels lower.
                    prefetch(unsafe { &*tower.add(lower) }.load(Relaxed));
                }
                // SAFETY: `current` is linked on this level and valid under the
                // guard.
                let (links, current_key) = unsafe { (Entry::tower(current), Entry::key(current)) };
                // SAFETY: as above.
                let next = unsafe { &*links.add(level) }.load(Acquire);
                if is_marked(next) {
                    // SAFETY: as for `tower` above.
                    let link = unsafe { &*tower.add(level) };
                    let next = unmarked(next);
                    link.compare_exchange(current, next, SeqCst, SeqCst).ok()?;
                    current = next;
                    continue;
                }
                if !place.passes(current_key) {
                    break;
                }
                tower = links;
                current = next;
            }
            position.before[level] = tower;
            position.after[level] = current;
            bound = current;
        }
        Some(position)
    }
}

impl Position {
    /// Links `new` between its neighbours on `level`, unless they moved.
    fn link(&self, level: usize, new: NonNull<Entry>, _guard: &Guard) -> bool {
        // SAFETY: the tower before has this level and is valid under the guard.
        let link = unsafe { &*self.before[level].add(level) };
        link.compare_exchange(self.after[level], new.as_ptr(), SeqCst, Relaxed).is_ok()
    }
}

fn entry_with_key<'g>(entry: *mut Entry, key: &[u8], _guard: &'g Guard) -> Option<&'g Entry> {
    // SAFETY: null or in the list during the guard.
    unsafe { entry.as_ref().filter(|&e| Entry::key(e) == key) }
}

#[inline]
fn prefetch(entry: *const Entry) {
    crate::memtable::prefetch::read(entry.cast());
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
fn random_height() -> usize {
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
