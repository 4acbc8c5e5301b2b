//! The order of the entries: the skiplist, and the entries that wait to be put
//! into it.

use super::entry::Entry;
use super::prefetch;
use super::skiplist::{Position, SkipList};
use crate::sync::atomic::{AtomicBool, Ordering::SeqCst};
use crate::sync::{Mutex, lock, try_lock};
use crossbeam_epoch::Guard;
use crossbeam_queue::SegQueue;
use std::ptr::NonNull;

/// See the module's text.
pub(super) struct Order {
    list: SkipList,
    waiting: SegQueue<Waiting>,
    /// Held by whoever changes the list.
    changing: Mutex<()>,
    /// Set while entries are taken from `waiting` that are not in the list yet.
    settling: AtomicBool,
}

/// An entry in the waiting list, which owns it together with the hash index.
struct Waiting(NonNull<Entry>);

// SAFETY: entries are shared between threads in any case.
unsafe impl Send for Waiting {}
// SAFETY: as above.
unsafe impl Sync for Waiting {}

/// Entries that are put in order under one lock.
const CHUNK: usize = 64;

impl Order {
    pub(super) fn new() -> Self {
        Self {
            list: SkipList::new(),
            waiting: SegQueue::new(),
            changing: Mutex::new(()),
            settling: AtomicBool::new(false),
        }
    }

    /// The entries in order, but for those that wait.
    pub(super) fn list(&self) -> &SkipList {
        &self.list
    }

    /// Leaves an entry to be put in order. The order owns it from here on; once
    /// it is abandoned, it is freed.
    pub(super) fn add(&self, entry: NonNull<Entry>) {
        self.waiting.push(Waiting(entry));
    }

    /// How many entries wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Puts up to `limit` entries in order, unless another thread is changing
    /// the list; returns how many are left. See [`Order::settle_all`].
    pub(super) fn settle_some(
        &self,
        limit: usize,
        is_indexed: impl Fn(&Entry) -> bool,
        guard: &Guard,
    ) -> usize {
        if let Some(_changing) = try_lock(&self.changing) {
            let mut left = limit.min(self.waiting.len());
            while left > 0 {
                let chunk = left.min(CHUNK);
                self.settle_chunk(chunk, &is_indexed, guard);
                left -= chunk;
            }
        }
        self.waiting.len()
    }

    /// Puts all entries in order that wait now, but for those of which
    /// `is_indexed` says that they are not in the hash index yet: nobody has
    /// found these, so they have no versions.
    pub(super) fn settle_all(&self, is_indexed: impl Fn(&Entry) -> bool, guard: &Guard) {
        // In this order: what is not in the queue any more is in the list, or
        // someone is about it, who has said so before.
        let mut left = self.waiting.len();
        if left == 0 && !self.settling.load(SeqCst) {
            return;
        }
        loop {
            let _changing = lock(&self.changing);
            let chunk = left.min(CHUNK);
            self.settle_chunk(chunk, &is_indexed, guard);
            left -= chunk;
            if left == 0 {
                return;
            }
        }
    }

    /// Puts some entries in order; the caller has the lock.
    fn settle_chunk(&self, count: usize, is_indexed: &impl Fn(&Entry) -> bool, guard: &Guard) {
        self.settling.store(true, SeqCst);
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
            } else if is_indexed(entry) {
                ready.push(waiting.0);
            } else {
                self.waiting.push(waiting);
            }
        }
        // SAFETY: valid, as above.
        ready
            .sort_unstable_by(|a, b| unsafe { Entry::key(a.as_ptr()).cmp(Entry::key(b.as_ptr())) });
        self.insert_ascending(&ready, guard);
        self.settling.store(false, SeqCst);
    }

    fn insert_ascending(&self, entries: &[NonNull<Entry>], guard: &Guard) {
        let mut position: Option<Position> = None;
        for &entry in entries {
            // SAFETY: valid: in the hash index, and not removed while unordered.
            let key = unsafe { Entry::key(entry.as_ptr()) };
            let position = match &mut position {
                Some(position) => {
                    self.list.advance(position, key, guard);
                    position
                }
                none => none.insert(self.list.position(key, guard)),
            };
            // SAFETY: we have the lock, and a key has one entry at a time: it
            // leaves the list before another one gets into the hash index.
            unsafe {
                self.list.insert(entry, position);
                entry.as_ref().mark_ordered();
            }
        }
    }

    /// Takes an entry out of the list, after `first` was called: both seem one
    /// to whoever changes the list.
    ///
    /// # Safety
    /// The entry is in the list.
    pub(super) unsafe fn remove(&self, entry: &Entry, first: impl FnOnce(), guard: &Guard) {
        debug_assert!(!entry.is_unordered());
        let _changing = lock(&self.changing);
        first();
        // SAFETY: by the contract, and we have the lock.
        unsafe { self.list.remove(entry, guard) };
    }
}

impl Drop for Order {
    fn drop(&mut self) {
        while let Some(Waiting(mut entry)) = self.waiting.pop() {
            // SAFETY: exclusive access; an entry that waits is not in the list.
            unsafe {
                entry.as_mut().chain.free_all();
                Entry::free(entry);
            }
        }
        // SAFETY: exclusive access; what was retired before is not in the list.
        unsafe { self.list.free_all() };
    }
}
