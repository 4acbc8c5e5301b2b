//! What is dropped as soon as it is closed and no call uses it, while its handle
//! stays.
//!
//! A database waits for its calls by way of the epoch, which takes its time. What
//! holds something up, as a snapshot does, counts its calls instead.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering::SeqCst};

/// A value that can be closed while calls use it.
pub(super) struct Closable<T> {
    /// Null once dropped.
    value: AtomicPtr<T>,
    /// The number of calls in flight, and [`CLOSED`].
    state: AtomicU64,
}

const CLOSED: u64 = 1 << 63;

/// A call in flight.
pub(super) struct Entered<'a, T>(&'a Closable<T>, *const T);

impl<T> Closable<T> {
    pub(super) fn new(value: T) -> Self {
        let value = AtomicPtr::new(Box::into_raw(Box::new(value)));
        Self { value, state: AtomicU64::new(0) }
    }

    /// Begins a call; `None` if the value was closed.
    pub(super) fn enter(&self) -> Option<Entered<'_, T>> {
        let is_open = self.state.fetch_add(1, SeqCst) & CLOSED == 0;
        let entered = Entered(self, self.value.load(SeqCst));
        is_open.then_some(entered)
    }

    /// Drops the value, now or at the end of the last call in flight. Closing again
    /// does nothing.
    pub(super) fn close(&self) {
        if self.state.fetch_or(CLOSED, SeqCst) == 0 {
            self.drop_value();
        }
    }

    /// As [`Closable::close`], for a caller into which no panic may get. One would leave
    /// nothing that another call could trip over.
    pub(super) fn close_caught(&self) {
        let _ = catch_unwind(AssertUnwindSafe(|| self.close()));
    }

    /// Drops the value, once: it is closed and no call uses it.
    fn drop_value(&self) {
        let value = self.value.swap(ptr::null_mut(), SeqCst);
        if !value.is_null() {
            // SAFETY: it came from a box, and only this call has swapped it out.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}

impl<T> Entered<'_, T> {
    pub(super) fn get(&self) -> &T {
        // SAFETY: the call entered before the value was closed, and the value is not
        // dropped while such a call is in flight.
        unsafe { &*self.1 }
    }
}

impl<T> Drop for Entered<'_, T> {
    fn drop(&mut self) {
        if self.0.state.fetch_sub(1, SeqCst) == CLOSED | 1 {
            self.0.drop_value();
        }
    }
}

impl<T> Drop for Closable<T> {
    fn drop(&mut self) {
        self.close();
    }
}
