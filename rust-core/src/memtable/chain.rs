//! A key's versions, newest first: a lock-free singly linked list.
//!
//! Invariants:
//! 1. Sequences strictly decrease along the chain.
//! 2. A version is inserted before its sequence is visible, and only versions
//!    below one that is at or under the horizon (and so visible) are cut off.
//!    So an insertion never meets a cut: between the newest version and the
//!    place of an insertion there is nothing under the horizon.
//! 3. Whoever takes a version's `next` away owns what it pointed to: cut-off
//!    versions are retired exactly once.
//! 4. A sealed head ends the chain's life: its entry is being removed, nothing
//!    is pushed any more.
//!
//! Reads walk under an epoch guard, which keeps cut-off versions readable.

use super::version::Version;
use crate::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Relaxed, SeqCst},
};
use crossbeam_epoch::Guard;
use std::ptr::{self, NonNull};

/// The head of a chain.
pub(super) struct Chain {
    head: AtomicPtr<Version>,
}

/// How a push ended.
pub(super) enum Pushed<'g> {
    /// The version is the newest; the one before it is given.
    OnTop(Option<&'g Version>),
    /// A newer version was there already; this one lies beneath it.
    Beneath,
    /// The chain is sealed: the caller still owns the version, and must look
    /// the key up again.
    Sealed,
}

/// What a reader at a sequence finds.
pub(super) enum Found<'g> {
    /// The newest version at or below the sequence.
    Version(&'g Version),
    /// The key had no version then, or, if newer ones were passed over, it may
    /// have been cut off since; `passed_newer` tells.
    Nothing { passed_newer: bool },
}

const SEALED: usize = 1;

impl Chain {
    pub(super) fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The newest version, visible or not, also of a sealed chain.
    #[inline]
    pub(super) fn newest<'g>(&self, _guard: &'g Guard) -> Option<&'g Version> {
        let head = untagged(self.head.load(Acquire));
        // SAFETY: versions in a chain are valid, and are retired only through
        // epochs: it lives as long as the guard.
        unsafe { head.as_ref() }
    }

    /// The address of the newest version, to be prefetched.
    #[inline]
    pub(super) fn newest_address(&self) -> *const Version {
        untagged(self.head.load(Relaxed))
    }

    /// The newest version at or below `sequence`.
    #[inline]
    pub(super) fn at<'g>(&self, sequence: u64, guard: &'g Guard) -> Found<'g> {
        let mut version = self.newest(guard);
        let mut passed_newer = false;
        while let Some(v) = version {
            if v.sequence <= sequence {
                return Found::Version(v);
            }
            passed_newer = true;
            version = older(v, guard);
        }
        Found::Nothing { passed_newer }
    }

    /// Inserts `new` where its sequence belongs.
    ///
    /// # Safety
    /// `new` is owned by the caller, its sequence is set and not yet visible,
    /// and no other version of the chain has it. Unless the chain was sealed,
    /// the chain owns it from here on.
    pub(super) unsafe fn push<'g>(&self, new: NonNull<Version>, guard: &'g Guard) -> Pushed<'g> {
        // SAFETY: owned by us, and once in the chain protected by the guard.
        let sequence = unsafe { new.as_ref() }.sequence;
        let mut head = self.head.load(Acquire);
        loop {
            if is_sealed(head) {
                return Pushed::Sealed;
            }
            // SAFETY: in the chain, so valid under the guard.
            let previous = unsafe { head.cast_const().as_ref::<'g>() };
            if let Some(newer) = previous.filter(|v| v.sequence > sequence) {
                // SAFETY: as our contract has it; `newer` is in this chain.
                unsafe { insert_beneath(newer, new, sequence, guard) };
                return Pushed::Beneath;
            }
            // SAFETY: still ours alone.
            unsafe { new.as_ref() }.next.store(head, Relaxed);
            match self.head.compare_exchange(head, new.as_ptr(), SeqCst, Acquire) {
                Ok(_) => return Pushed::OnTop(previous),
                Err(now) => head = now,
            }
        }
    }

    /// Replaces `expected`, the newest version that the caller has judged (null
    /// for none), by `new`, and tells whether it still was the newest.
    ///
    /// # Safety
    /// As for [`Chain::push`]; moreover every sequence below `new`'s is visible.
    /// If false is returned, the caller still owns `new`.
    pub(super) unsafe fn replace(&self, expected: *const Version, new: NonNull<Version>) -> bool {
        // SAFETY: still ours alone.
        unsafe { new.as_ref() }.next.store(expected.cast_mut(), Relaxed);
        self.head.compare_exchange(expected.cast_mut(), new.as_ptr(), SeqCst, Relaxed).is_ok()
    }

    /// Cuts off and retires every version that no reader at or above `horizon`
    /// can see.
    pub(super) fn trim(&self, horizon: u64, guard: &Guard) -> Trimmed {
        let mut version = self.newest(guard);
        let mut newest = true;
        while let Some(v) = version {
            if v.sequence <= horizon {
                return Trimmed { retired: cut_below(v, guard), many: !newest };
            }
            newest = false;
            version = older(v, guard);
        }
        Trimmed { retired: Retired::default(), many: !newest }
    }

    /// Seals the chain if `only` is its newest version (`None` for an empty
    /// chain), so that nothing can be pushed any more.
    pub(super) fn seal(&self, only: Option<&Version>) -> bool {
        let only = only.map_or(ptr::null_mut(), |v| ptr::from_ref(v).cast_mut());
        let sealed = only.map_addr(|a| a | SEALED);
        self.head.compare_exchange(only, sealed, SeqCst, Relaxed).is_ok()
    }

    /// Retires every version.
    ///
    /// # Safety
    /// The chain is sealed and its entry can no longer be found.
    pub(super) unsafe fn retire_all(&self, guard: &Guard) -> Retired {
        retire_list(untagged(self.head.load(Acquire)), guard)
    }

    /// Frees every version at once.
    ///
    /// # Safety
    /// Nobody else uses the chain, now or later.
    pub(super) unsafe fn free_all(&mut self) {
        let mut version = untagged(self.head.load(Relaxed));
        while let Some(v) = NonNull::new(version) {
            // SAFETY: ours alone, by the contract.
            unsafe {
                version = v.as_ref().next.load(Relaxed);
                Version::free(v);
            }
        }
    }
}

/// What [`Chain::trim`] did.
pub(super) struct Trimmed {
    /// What was cut off.
    pub(super) retired: Retired,
    /// Whether versions older than the newest are left.
    pub(super) many: bool,
}

/// Versions that were handed to the epoch collector.
#[derive(Default)]
pub(super) struct Retired {
    /// Their size.
    pub(super) bytes: u64,
    /// How many of them had an expiry.
    pub(super) expiring: u64,
}

/// What a retired version's `next` is, so that no second cut can take what the
/// first has taken.
const DETACHED: *mut Version = ptr::without_provenance_mut(align_of::<Version>());

fn untagged(head: *mut Version) -> *mut Version {
    head.map_addr(|a| a & !SEALED)
}

fn is_sealed(head: *mut Version) -> bool {
    head.addr() & SEALED != 0
}

/// The next older version.
#[inline]
fn older<'g>(version: &Version, _guard: &'g Guard) -> Option<&'g Version> {
    let next = version.next.load(Acquire);
    if next == DETACHED {
        return None;
    }
    // SAFETY: reached under the guard from a version that was in the chain.
    unsafe { next.as_ref() }
}

/// Links `new` in somewhere below `newer`.
///
/// # Safety
/// As for [`Chain::push`]; `newer` is in the same chain and has a greater
/// sequence.
unsafe fn insert_beneath(newer: &Version, new: NonNull<Version>, sequence: u64, guard: &Guard) {
    let mut above = newer;
    loop {
        let below = above.next.load(Acquire);
        debug_assert!(below != DETACHED, "invariant 2: nothing invisible is cut off");
        if let Some(v) = older(above, guard).filter(|v| v.sequence > sequence) {
            above = v;
            continue;
        }
        // SAFETY: still ours alone.
        unsafe { new.as_ref() }.next.store(below, Relaxed);
        if above.next.compare_exchange(below, new.as_ptr(), SeqCst, Relaxed).is_ok() {
            return;
        }
    }
}

/// Takes away and retires everything below `version`.
fn cut_below(version: &Version, guard: &Guard) -> Retired {
    let tail = version.next.load(Acquire);
    if tail.is_null() || tail == DETACHED {
        return Retired::default();
    }
    match version.next.compare_exchange(tail, ptr::null_mut(), SeqCst, Relaxed) {
        Ok(_) => retire_list(tail, guard),
        // Another thread is cutting here.
        Err(_) => Retired::default(),
    }
}

/// Retires a list that was cut off.
fn retire_list(mut list: *mut Version, guard: &Guard) -> Retired {
    /// Garbage of this size is handed on at once instead of waiting in the
    /// thread's bag for more to come.
    const HEAVY: u64 = 16 << 10;
    let mut retired = Retired::default();
    while let Some(version) = NonNull::new(list).filter(|v| v.as_ptr() != DETACHED) {
        // SAFETY: cut off by us (invariant 3), so it is valid until retired.
        let v = unsafe { version.as_ref() };
        retired.bytes += v.footprint() as u64;
        retired.expiring += u64::from(v.expires_at != 0);
        list = v.next.swap(DETACHED, SeqCst);
        // SAFETY: it is unreachable for whoever pins after now, and this is
        // the only place that retires it (invariant 3).
        unsafe { guard.defer_unchecked(move || Version::free(version)) };
    }
    if retired.bytes >= HEAVY {
        guard.flush();
    }
    retired
}
