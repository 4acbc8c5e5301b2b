//! The order of the entries: the tree, and the entries that wait to be put into it.

use super::entry::Entry;
use super::order_tree::OrderTree;
use super::prefetch;
use super::residents::Residents;
use crate::sync::atomic::{
    AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use crate::sync::{Mutex, lock, try_lock, unlock_fair};
use crossbeam_epoch::Guard;
use crossbeam_queue::SegQueue;
use crossbeam_utils::CachePadded;
use std::ptr::NonNull;

/// See the module's text.
pub(super) struct Order {
    tree: OrderTree,
    waiting: SegQueue<Waiting>,
    /// Held by whoever changes the tree, and by whoever takes entries from
    /// `waiting` until they are in the tree or back. With it goes what may leave.
    changing: Mutex<Option<Residents>>,
    /// How many entries were left here that are not in the tree yet.
    unsettled: CachePadded<AtomicUsize>,
}

/// An entry in the waiting list, which owns it together with the hash index.
struct Waiting(NonNull<Entry>);

// SAFETY: entries are shared between threads in any case.
unsafe impl Send for Waiting {}
// SAFETY: as above.
unsafe impl Sync for Waiting {}

/// Entries that are put in order together: the more, the nearer each is to the
/// last one.
const CHUNK: usize = 256;

impl Order {
    /// No entries yet, with the place of those that may leave, if any may.
    pub(super) fn new(residents: Option<Residents>) -> Self {
        Self {
            tree: OrderTree::new(),
            waiting: SegQueue::new(),
            changing: Mutex::new(residents),
            unsettled: CachePadded::new(AtomicUsize::new(0)),
        }
    }

    /// The entries in order, but for those that wait.
    pub(super) fn tree(&self) -> &OrderTree {
        &self.tree
    }

    /// Leaves an entry to be put in order. The order owns it from here on; once
    /// it is abandoned, it is freed.
    pub(super) fn add(&self, entry: NonNull<Entry>) {
        self.unsettled.fetch_add(1, SeqCst);
        self.waiting.push(Waiting(entry));
    }

    /// How many entries wait.
    #[inline]
    pub(super) fn waiting(&self) -> usize {
        self.unsettled.load(Relaxed)
    }

    /// Puts up to `limit` entries in order. See [`Order::settle_all`].
    pub(super) fn settle_some(
        &self,
        limit: usize,
        is_indexed: impl Fn(&Entry) -> bool,
        guard: &Guard,
    ) {
        let mut changing = lock(&self.changing);
        self.settle(limit.min(self.waiting.len()), &is_indexed, &mut changing, guard);
        unlock_fair(changing);
    }

    /// As [`Order::settle_some`], unless another thread is changing the tree: then
    /// nothing is done.
    pub(super) fn try_settle_some(
        &self,
        limit: usize,
        is_indexed: impl Fn(&Entry) -> bool,
        guard: &Guard,
    ) {
        if let Some(mut changing) = try_lock(&self.changing) {
            self.settle(limit.min(self.waiting.len()), &is_indexed, &mut changing, guard);
            unlock_fair(changing);
        }
    }

    /// Puts all entries in order that wait now, but for those of which
    /// `is_indexed` says that they are not in the hash index yet: nobody has
    /// found these, so they have no versions.
    pub(super) fn settle_all(&self, is_indexed: impl Fn(&Entry) -> bool, guard: &Guard) {
        if self.unsettled.load(SeqCst) == 0 {
            return;
        }
        // With the lock, what is unsettled is in `waiting`, and only we put
        // entries back into it.
        let mut changing = lock(&self.changing);
        self.settle(self.waiting.len(), &is_indexed, &mut changing, guard);
    }

    fn settle(
        &self,
        count: usize,
        is_indexed: &impl Fn(&Entry) -> bool,
        residents: &mut Option<Residents>,
        guard: &Guard,
    ) {
        let mut left = count;
        while left > 0 {
            self.settle_chunk(left.min(CHUNK), is_indexed, residents, guard);
            left -= left.min(CHUNK);
        }
    }

    /// Puts some entries in order; the caller has the lock.
    fn settle_chunk(
        &self,
        count: usize,
        is_indexed: &impl Fn(&Entry) -> bool,
        residents: &mut Option<Residents>,
        guard: &Guard,
    ) {
        let mut entries = [const { None }; CHUNK];
        let mut len = 0;
        for _ in 0..count.min(CHUNK) {
            let Some(waiting) = self.waiting.pop() else { break };
            prefetch::read(waiting.0.as_ptr().cast());
            entries[len] = Some(waiting);
            len += 1;
        }
        let mut ready: Vec<NonNull<Entry>> = Vec::with_capacity(len);
        for waiting in entries.into_iter().flatten() {
            // SAFETY: owned by the waiting list, so valid.
            let entry = unsafe { waiting.0.as_ref() };
            if entry.is_abandoned() {
                // SAFETY: no index has it; its maker may still look at it, under
                // a guard.
                unsafe { guard.defer_unchecked(move || Entry::free({ waiting }.0)) };
                self.unsettled.fetch_sub(1, SeqCst);
            } else if is_indexed(entry) {
                ready.push(waiting.0);
            } else {
                self.waiting.push(waiting);
            }
        }
        // SAFETY: valid, as above.
        ready
            .sort_unstable_by(|a, b| unsafe { Entry::key(a.as_ptr()).cmp(Entry::key(b.as_ptr())) });
        // SAFETY: they are in the hash index and are not removed while unordered.
        // We have the lock, and a key has one entry at a time: it leaves the tree
        // before another one gets into the hash index.
        unsafe {
            self.tree.insert_ascending(&ready, guard);
            ready.iter().for_each(|entry| entry.as_ref().mark_ordered());
        }
        if let Some(residents) = residents {
            // SAFETY: valid and in order. Who removes one, needs the lock for it.
            ready.iter().for_each(|&entry| unsafe { residents.admit(entry, guard) });
        }
        self.unsettled.fetch_sub(ready.len(), SeqCst);
    }

    /// Takes an entry out of the tree, after `first` was called: both seem one
    /// to whoever changes the tree.
    ///
    /// # Safety
    /// The entry is in the tree.
    pub(super) unsafe fn remove(&self, entry: &Entry, first: impl FnOnce(), guard: &Guard) {
        debug_assert!(!entry.is_unordered());
        let mut changing = lock(&self.changing);
        first();
        // SAFETY: by the contract, and we have the lock.
        unsafe { self.tree.remove(entry, guard) };
        if let Some(residents) = &mut *changing {
            // SAFETY: valid by the contract.
            unsafe { residents.remove(entry) };
        }
    }

    /// Gives those that may leave to `body`, with the tree, which it may change, if any
    /// may.
    pub(super) fn with_residents(&self, body: impl FnOnce(&mut Residents, &OrderTree)) {
        let mut changing = lock(&self.changing);
        if let Some(residents) = &mut *changing {
            body(residents, &self.tree);
        }
        unlock_fair(changing);
    }
}

impl Drop for Order {
    fn drop(&mut self) {
        while let Some(Waiting(mut entry)) = self.waiting.pop() {
            // SAFETY: exclusive access; an entry that waits is not in the tree.
            unsafe {
                entry.as_mut().chain.free_all();
                Entry::free(entry);
            }
        }
        // SAFETY: exclusive access; what was retired before is not in the tree.
        unsafe { self.tree.free_all() };
    }
}
