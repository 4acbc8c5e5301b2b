//! A key's versions, newest first: a lock-free singly linked list.
//!
//! Invariants:
//! 1. Sequences strictly decrease along the chain.
//! 2. A version is inserted before its sequence is visible, and only behind
//!    visible versions is anything taken out. So insertions and removals never
//!    change the same link.
//! 3. Versions are taken out by one thread at a time: whoever has the entry's
//!    trim lock, or has sealed the chain.
//! 4. A sealed head ends the chain's life: its entry is being removed, nothing
//!    is pushed any more.
//!
//! Reads walk under an epoch guard, which keeps versions that were taken out
//! readable; their links stay as they were.

use super::version::Version;
use crate::garbage;
use crate::snapshot::Horizon;
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
pub(super) struct Found<'g> {
    /// The newest version at or below the sequence.
    pub(super) version: Option<&'g Version>,
    /// The oldest of the newer ones, if any was passed. Once that is visible,
    /// `version` may be older than what the reader should have seen, unless an
    /// open snapshot holds the sequence.
    pub(super) newer: Option<&'g Version>,
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

    /// The address of the version before the newest one, to be prefetched.
    pub(super) fn older_address(&self, guard: &Guard) -> *const Version {
        self.newest(guard).map_or(ptr::null(), |v| v.next.load(Relaxed))
    }

    /// The newest version at or below `sequence`.
    #[inline]
    pub(super) fn at<'g>(&self, sequence: u64, guard: &'g Guard) -> Found<'g> {
        let mut version = self.newest(guard);
        let mut newer = None;
        while let Some(v) = version.filter(|v| v.sequence > sequence) {
            newer = version;
            version = older(v, guard);
        }
        Found { version, newer }
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

    /// Whether there is more than one version.
    #[inline]
    pub(super) fn is_long(&self, guard: &Guard) -> bool {
        self.newest(guard).is_some_and(|v| !v.next.load(Acquire).is_null())
    }

    /// Whether a version older than the newest visible one is left.
    pub(super) fn is_held(&self, visible: u64, guard: &Guard) -> bool {
        let top = self.at(visible, guard).version;
        top.is_some_and(|v| !v.next.load(Acquire).is_null())
    }

    /// Takes out and retires versions that no reader can see any more: all
    /// below the newest one at or under the oldest snapshot, and those between
    /// the newest visible one and the newest snapshot. What lies between two
    /// open snapshots stays until one is closed. The caller has the trim lock.
    pub(super) fn trim(&self, horizon: &Horizon, guard: &Guard) -> Retired {
        let mut retired = Retired::default();
        let Some(top) = self.at(horizon.visible, guard).version else { return retired };
        if top.sequence > horizon.newest_snapshot {
            let below = older(top, guard);
            let kept = first_at(below, horizon.newest_snapshot, guard);
            take_out(top, below, kept, guard, &mut retired);
        }
        if let Some(bottom) = first_at(Some(top), horizon.oldest(), guard) {
            take_out(bottom, older(bottom, guard), None, guard, &mut retired);
        }
        retired
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
        let mut retired = Retired::default();
        retire(self.newest(guard), None, guard, &mut retired);
        retired
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

/// Versions that were handed to the epoch collector.
#[derive(Default)]
pub(super) struct Retired {
    /// Their size.
    pub(super) bytes: u64,
    /// How many of them had an expiry.
    pub(super) expiring: u64,
}

fn untagged(head: *mut Version) -> *mut Version {
    head.map_addr(|a| a & !SEALED)
}

fn is_sealed(head: *mut Version) -> bool {
    head.addr() & SEALED != 0
}

/// The next older version.
#[inline]
pub(super) fn older<'g>(version: &Version, _guard: &'g Guard) -> Option<&'g Version> {
    // SAFETY: reached under the guard from a version that was in the chain.
    unsafe { version.next.load(Acquire).as_ref() }
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

/// The first of `version` and the older ones that is at or below `sequence`.
fn first_at<'g>(
    mut version: Option<&'g Version>,
    sequence: u64,
    guard: &'g Guard,
) -> Option<&'g Version> {
    while let Some(v) = version.filter(|v| v.sequence > sequence) {
        version = older(v, guard);
    }
    version
}

/// Takes out the versions from `first` up to but not including `end`, which
/// follow `above`.
fn take_out(
    above: &Version,
    first: Option<&Version>,
    end: Option<&Version>,
    guard: &Guard,
    retired: &mut Retired,
) {
    if address(first) != address(end) {
        // Only visible versions are concerned, and we have the trim lock, so
        // nobody else writes this link.
        above.next.store(address(end).cast_mut(), SeqCst);
        retire(first, end, guard, retired);
    }
}

/// Retires the versions from `first` up to but not including `end`.
fn retire(first: Option<&Version>, end: Option<&Version>, guard: &Guard, retired: &mut Retired) {
    let (mut version, mut count, bytes_before) = (first, 0, retired.bytes);
    while let Some(v) = version.filter(|&v| !ptr::eq(v, address(end))) {
        count += 1;
        retired.bytes += v.footprint() as u64;
        retired.expiring += u64::from(v.expires_at != 0);
        version = older(v, guard);
        let dead = NonNull::from(v);
        // SAFETY: it is unreachable for whoever pins from now on, and by
        // invariant 3 nobody else retires it.
        unsafe { guard.defer_unchecked(move || Version::free(dead)) };
    }
    garbage::note(count, retired.bytes - bytes_before, guard);
}

fn address(version: Option<&Version>) -> *const Version {
    version.map_or(ptr::null(), ptr::from_ref)
}
