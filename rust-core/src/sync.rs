//! The atomics and threads that the lock-free parts are written against.
//!
//! Under the feature `shuttle` they are the model checker's, which explores
//! interleavings; otherwise they are the standard library's, at no cost.

#[cfg(not(feature = "shuttle"))]
pub(crate) use std::{hint::spin_loop, sync::atomic, thread};

// Not the standard library's: ThreadSanitizer sees the order that a lock makes
// only if the lock is compiled with it.
#[cfg(not(feature = "shuttle"))]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};

#[cfg(feature = "shuttle")]
use std::sync::TryLockError;

#[cfg(feature = "shuttle")]
pub(crate) use shuttle::{
    hint::spin_loop,
    sync::{Condvar, Mutex, MutexGuard, atomic},
    thread,
};

/// Locks, also after a panic of another holder: what is locked here is
/// consistent between any two of its operations.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    #[cfg(not(feature = "shuttle"))]
    return mutex.lock();
    #[cfg(feature = "shuttle")]
    return mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
}

/// Locks, unless the lock is held.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    #[cfg(not(feature = "shuttle"))]
    return mutex.try_lock();
    #[cfg(feature = "shuttle")]
    return match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    };
}

/// Gives the lock up until it is notified, or wakes up without a reason.
pub(crate) fn wait<'a, T>(
    condition: &Condvar,
    #[allow(unused_mut)] mut guard: MutexGuard<'a, T>,
) -> MutexGuard<'a, T> {
    #[cfg(not(feature = "shuttle"))]
    {
        condition.wait(&mut guard);
        guard
    }
    #[cfg(feature = "shuttle")]
    condition.wait(guard).unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Unlocks, and hands the lock to whoever waits for it: else the thread that
/// unlocks may take it again and again before the other is awake.
pub(crate) fn unlock_fair<T>(guard: MutexGuard<'_, T>) {
    #[cfg(not(feature = "shuttle"))]
    MutexGuard::unlock_fair(guard);
    #[cfg(feature = "shuttle")]
    drop(guard);
}

/// Waits for another thread's progress: spins briefly, then gives the core away.
#[derive(Default)]
pub(crate) struct Backoff {
    rounds: u32,
}

impl Backoff {
    /// Rounds that only spin; each is twice as long as the one before.
    const SPIN_ROUNDS: u32 = 6;

    /// Waits a little, longer each time.
    pub(crate) fn wait(&mut self) {
        if !self.spin() {
            thread::yield_now();
        }
    }

    /// Spins a little, longer each time; false, and nothing done, once that is no use.
    pub(crate) fn spin(&mut self) -> bool {
        let is_of_use = self.rounds < Self::SPIN_ROUNDS && !cfg!(feature = "shuttle");
        if is_of_use {
            for _ in 0..1 << self.rounds {
                spin_loop();
            }
            self.rounds += 1;
        }
        is_of_use
    }
}

/// Runs threads that may borrow, in tests. They are joined one by one, which
/// ThreadSanitizer sees; the standard library's scope hides it in its own code.
#[cfg(all(test, not(feature = "shuttle")))]
pub(crate) fn scope<'env, R>(body: impl FnOnce(&crossbeam_utils::thread::Scope<'env>) -> R) -> R {
    crossbeam_utils::thread::scope(body).expect("no thread panicked")
}
