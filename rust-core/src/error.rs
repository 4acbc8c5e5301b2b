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
    /// The entry is heavier than the whole budget of the cache.
    #[error("an entry of {bytes} bytes is heavier than the cache's budget of {budget} bytes")]
    OverBudget {
        /// What it would take, in bytes.
        bytes: u64,
        /// The budget in bytes.
        budget: u64,
    },
    /// The packed batch is too long; its length in bytes is given.
    #[error("batch too large: {0} bytes, at most {MAX_BATCH_LEN}")]
    BatchTooLarge(usize),
    /// The write alone is more than the memory limit of a cache has room for.
    #[error("too large for the memory limit: {len} bytes, of a limit of {limit}")]
    OverMemoryLimit {
        /// The bytes of its keys and values.
        len: usize,
        /// The limit, in bytes, of which tables and headers take a part.
        limit: u64,
    },
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
    /// A value that is to be counted up is not a decimal number of 64 bits.
    #[error("the value is not a decimal number of 64 bits")]
    NotANumber,
    /// The number would not fit into 64 bits with a sign.
    #[error("the number would overflow 64 bits")]
    Overflow,
    /// What a transaction read has changed since.
    #[error("what the transaction read has changed since")]
    Conflict,
    /// Changes that a watch asks for are neither in memory nor in the log any more;
    /// the first version is given from which on they may be had.
    #[error("the changes before version {0} cannot be had any more")]
    HistoryGone(u64),
    /// A watch was read too slowly: changes that it has not been given are neither in
    /// memory nor in the log any more; the first version is given from which on they
    /// may be had.
    #[error("the watch is too slow: the changes before version {0} cannot be had any more")]
    WatchTooSlow(u64),
    /// The system refused memory.
    #[error("out of memory")]
    OutOfMemory,
    /// A background thread could not be started; the system's reason is given.
    #[error("cannot start a background thread: {0}")]
    ThreadSpawn(String),
    /// The system refused an operation on a file.
    #[error("cannot {operation} {path}: {reason}")]
    Io {
        /// What was tried: "create", "sync".
        operation: &'static str,
        /// The file's or directory's path.
        path: String,
        /// The kind of the system's error.
        kind: std::io::ErrorKind,
        /// The system's error as text.
        reason: String,
    },
    /// Stored bytes failed verification. What is damaged was not used.
    #[error("corrupt: {what} in {file} at byte {offset}")]
    Corrupt {
        /// The file's path.
        file: String,
        /// Where in the file, in bytes.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// Another process, or another opening in this one, has the data directory.
    #[error("{0} is in use: close the other database first")]
    Locked(String),
    /// The data directory has a format that this version does not read.
    #[error("unknown format: {0}")]
    WrongFormat(String),
    /// A write to the log or to the file system failed earlier: what was
    /// acknowledged is safe, but nothing more is accepted. The first failure is
    /// told.
    #[error("no more writes are accepted, since an earlier one failed: {0}")]
    WritesFailed(String),
    /// Flushes, compactions or evictions are behind, or the log's next file is being made, and
    /// the write has to wait: nothing was written. [`Storage`](crate::Storage)'s methods wait by
    /// themselves.
    #[error("writers have to wait: try again in a moment")]
    Busy,
    /// An earlier panic left the storage in a state that promises nothing.
    #[error("poisoned by an earlier internal failure: close the database and open it again")]
    Poisoned,
}

/// The result of an operation of the core.
pub type Result<T> = std::result::Result<T, Error>;
