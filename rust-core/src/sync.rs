//! The atomics and threads that the lock-free parts are written against.
//!
//! Under the feature `shuttle` they are the model checker's, which explores
//! interleavings; otherwise they are the standard library's, at no cost.

#[cfg(not(feature = "shuttle"))]
pub(crate) use std::{
    hint::spin_loop,
    sync::{Mutex, atomic},
    thread,
};

#[cfg(feature = "shuttle")]
pub(crate) use shuttle::{
    hint::spin_loop,
    sync::{Mutex, atomic},
    thread,
};

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
        if self.rounds < Self::SPIN_ROUNDS && !cfg!(feature = "shuttle") {
            for _ in 0..1 << self.rounds {
                spin_loop();
            }
            self.rounds += 1;
        } else {
            thread::yield_now();
        }
    }
}

/// Runs threads that may borrow, in tests. They are joined one by one, which
/// ThreadSanitizer sees; the standard library's scope hides it in its own code.
#[cfg(all(test, not(feature = "shuttle")))]
pub(crate) fn scope<'env, R>(body: impl FnOnce(&crossbeam_utils::thread::Scope<'env>) -> R) -> R {
    crossbeam_utils::thread::scope(body).expect("no thread panicked")
}
