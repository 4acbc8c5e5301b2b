//! The errors of the core.

use crate::batch::MAX_BATCH_LEN;
use crate::limits::{MAX_KEY_LEN, MAX_VALUE_LEN};

/// What an operation of the core can fail with. An operation that fails has
/// written nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The storage was closed before the call, or while it ran.
    #[error("closed")]
    Closed,
    /// The empty key is not a key.
    #[error("key is empty")]
    KeyEmpty,
    /// The key is too long; its length in bytes is given.
    #[error("key too large: {0} bytes, at most {MAX_KEY_LEN}")]
    KeyTooLarge(usize),
    /// The value is too long; its length in bytes is given.
    #[error("value too large: {0} bytes, at most {MAX_VALUE_LEN}")]
    ValueTooLarge(usize),
    /// The packed batch is too long; its length in bytes is given.
    #[error("batch too large: {0} bytes, at most {MAX_BATCH_LEN}")]
    BatchTooLarge(usize),
    /// A packed batch does not parse.
    #[error("malformed batch: {what} at byte {offset}")]
    BatchCorrupt {
        /// Where in the batch the bad operation starts, in bytes.
        offset: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// An argument is out of its range.
    #[error("invalid argument: {0}")]
    InvalidArgument(&'static str),
    /// The system refused memory.
    #[error("out of memory")]
    OutOfMemory,
    /// A background thread could not be started; the system's reason is given.
    #[error("cannot start a background thread: {0}")]
    ThreadSpawn(String),
    /// An earlier panic left the storage in a state that promises nothing.
    #[error("poisoned by an earlier internal failure: close the database and open it again")]
    Poisoned,
}

/// The result of an operation of the core.
pub type Result<T> = std::result::Result<T, Error>;
