//! What left the cache, and why.

use super::entry::Entry;
use smallvec::SmallVec;
use std::ptr::NonNull;

/// Why an entry left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// It was the policy's choice when room was needed.
    Evicted = 0,
    /// Its time had come.
    Expired = 1,
    /// Another value was put under its key.
    Replaced = 2,
    /// It was removed by its key.
    Removed = 3,
    /// It went with a prefix, a tag, or all.
    Invalidated = 4,
    /// It did not leave: it was moved to another block.
    #[doc(hidden)]
    Moved = 5,
}

/// An entry that left; its bytes are borrowed for the call that tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Departure<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// Why it left.
    pub cause: Cause,
}

/// Who is told of each entry that leaves, on the thread that made it leave, once it can
/// not be found any more and outside of all locks. It must not panic, and what it does
/// holds that thread up.
pub type Listener = Box<dyn Fn(Departure<'_>) + Send + Sync>;

/// Entries that left under one lock, of which the listener is to be told.
pub(super) type Departures = SmallVec<[(NonNull<Entry>, Cause); 4]>;
