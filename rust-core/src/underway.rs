//! Work of which at most one piece runs at a time, for who asks what runs.

use crate::sync::{Mutex, lock};

/// What runs, if anything does.
pub(crate) struct Underway<T>(Mutex<Option<T>>);

/// Tells, while it lives, that something runs.
pub(crate) struct Running<'a, T>(&'a Underway<T>);

impl<T> Default for Underway<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Underway<T> {
    /// Tells of work that begins, until what is returned is dropped.
    pub(crate) fn begin(&self, work: T) -> Running<'_, T> {
        *lock(&self.0) = Some(work);
        Running(self)
    }

    /// What runs now.
    pub(crate) fn now(&self) -> Option<T> {
        lock(&self.0).clone()
    }
}

impl<T> Drop for Running<'_, T> {
    fn drop(&mut self) {
        *lock(&self.0.0) = None;
    }
}
