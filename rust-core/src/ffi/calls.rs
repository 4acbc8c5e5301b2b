//! Calls in flight, for which a close waits.
//!
//! Each is counted where concurrent threads do not meet. So unlike in
//! [`Closable`](super::closable::Closable), entering touches no line that others write, and
//! the last call cannot know that it is the last: who closes waits.

use crate::stats::thread_number;
use crate::sync::Backoff;
use crossbeam_utils::CachePadded;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{Release, SeqCst},
};

/// Calls in flight.
pub(super) struct Calls {
    stripes: Box<[CachePadded<AtomicUsize>]>,
}

/// A call in flight. It leaves when it is dropped.
pub(super) struct Call<'a>(&'a AtomicUsize);

impl Calls {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(8, |n| n.get());
        let count = (2 * cores).next_power_of_two().clamp(4, 128);
        Self { stripes: (0..count).map(|_| CachePadded::default()).collect() }
    }

    /// Begins a call. What it loads after this, in the order of [`SeqCst`], is either what
    /// somebody has stored before [`Calls::wait`], or stays until the call has left.
    #[inline]
    pub(super) fn enter(&self) -> Call<'_> {
        let stripe = &self.stripes[thread_number() & (self.stripes.len() - 1)];
        stripe.fetch_add(1, SeqCst);
        Call(stripe)
    }

    /// Waits until all calls that have entered so far have left. The caller is none of
    /// them, and has seen to it that later ones leave soon.
    pub(super) fn wait(&self) {
        for stripe in &self.stripes {
            let mut backoff = Backoff::default();
            while stripe.load(SeqCst) != 0 {
                backoff.wait();
            }
        }
    }
}

impl Drop for Call<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.fetch_sub(1, Release);
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use crate::sync::scope;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    #[test]
    fn a_wait_lasts_until_the_calls_have_left() {
        let (calls, has_left) = (Calls::new(), AtomicBool::new(false));
        calls.wait();
        scope(|s| {
            let call = calls.enter();
            let waiter = s.spawn(|_| {
                calls.wait();
                has_left.load(SeqCst)
            });
            std::thread::sleep(Duration::from_millis(20));
            has_left.store(true, SeqCst);
            drop(call);
            assert!(waiter.join().expect("it did not panic"), "it went on too early");
        });
    }
}
