//! What calls return.

use crate::error::Error;
use std::io::ErrorKind;

/// The call did what it should.
pub const MANTISDB_OK: i32 = 0;
/// The key has no live value.
pub const MANTISDB_NOT_FOUND: i32 = 1;
/// The key has a live value already.
pub const MANTISDB_EXISTS: i32 = 2;
/// The caller's buffer is too small; the needed length was told.
pub const MANTISDB_SHORT_BUFFER: i32 = 3;
/// Flushes, compactions or evictions are behind, or the log's next file is being made: nothing
/// was written, and the call is to be made again in a moment.
pub const MANTISDB_BUSY: i32 = 4;
/// What a transaction read has changed since: nothing was written.
pub const MANTISDB_CONFLICT: i32 = 5;
/// The database or the snapshot was closed.
pub const MANTISDB_CLOSED: i32 = -1;
/// The key is empty.
pub const MANTISDB_KEY_EMPTY: i32 = -2;
/// The key is too long.
pub const MANTISDB_KEY_TOO_LARGE: i32 = -3;
/// The value is too long.
pub const MANTISDB_VALUE_TOO_LARGE: i32 = -4;
/// The packed batch is too long.
pub const MANTISDB_BATCH_TOO_LARGE: i32 = -5;
/// The packed batch does not parse.
pub const MANTISDB_BATCH_CORRUPT: i32 = -6;
/// An argument is out of its range.
pub const MANTISDB_INVALID_ARGUMENT: i32 = -7;
/// The system refused memory.
pub const MANTISDB_OUT_OF_MEMORY: i32 = -8;
/// An earlier internal failure makes the database unusable: open it anew.
pub const MANTISDB_POISONED: i32 = -9;
/// The core panicked in this call; the database is poisoned.
pub const MANTISDB_PANICKED: i32 = -10;
/// The system refused a thread.
pub const MANTISDB_THREAD_SPAWN: i32 = -11;
/// The system refused an operation on a file.
pub const MANTISDB_IO: i32 = -12;
/// Stored bytes failed verification.
pub const MANTISDB_CORRUPT: i32 = -13;
/// The data directory is in use.
pub const MANTISDB_LOCKED: i32 = -14;
/// The data directory has a format that this version does not read.
pub const MANTISDB_WRONG_FORMAT: i32 = -15;
/// A write or a sync of the log failed, earlier or in this call: no more writes are
/// accepted until the database is opened anew.
pub const MANTISDB_WRITES_FAILED: i32 = -16;
/// The system refused an operation on a file, since the disk or a quota is full.
pub const MANTISDB_DISK_FULL: i32 = -17;
/// The value is not a decimal number of 64 bits.
pub const MANTISDB_NOT_A_NUMBER: i32 = -18;
/// The number would overflow 64 bits.
pub const MANTISDB_OVERFLOW: i32 = -19;
/// Changes that a watch asks for are gone.
pub const MANTISDB_HISTORY_GONE: i32 = -20;
/// Changes that a watch has not been given are gone: it is read too slowly.
pub const MANTISDB_WATCH_TOO_SLOW: i32 = -21;
/// The entry is heavier than the whole budget of the cache.
pub const MANTISDB_OVER_BUDGET: i32 = -22;
/// The write alone is more than the memory limit of a cache has room for.
pub const MANTISDB_OVER_MEMORY_LIMIT: i32 = -23;

/// An error's status.
pub(super) fn status_of(error: &Error) -> i32 {
    match error {
        Error::Closed => MANTISDB_CLOSED,
        Error::KeyEmpty => MANTISDB_KEY_EMPTY,
        Error::KeyTooLarge(_) => MANTISDB_KEY_TOO_LARGE,
        Error::ValueTooLarge(_) => MANTISDB_VALUE_TOO_LARGE,
        Error::BatchTooLarge(_) => MANTISDB_BATCH_TOO_LARGE,
        Error::OverMemoryLimit { .. } => MANTISDB_OVER_MEMORY_LIMIT,
        Error::BatchCorrupt { .. } => MANTISDB_BATCH_CORRUPT,
        Error::InvalidArgument(_) => MANTISDB_INVALID_ARGUMENT,
        Error::OutOfMemory => MANTISDB_OUT_OF_MEMORY,
        Error::ThreadSpawn(_) => MANTISDB_THREAD_SPAWN,
        Error::Io { kind: ErrorKind::StorageFull | ErrorKind::QuotaExceeded, .. } => {
            MANTISDB_DISK_FULL
        }
        Error::Io { .. } => MANTISDB_IO,
        Error::Corrupt { .. } => MANTISDB_CORRUPT,
        Error::Locked(_) => MANTISDB_LOCKED,
        Error::WrongFormat(_) => MANTISDB_WRONG_FORMAT,
        Error::WritesFailed(_) => MANTISDB_WRITES_FAILED,
        Error::Busy => MANTISDB_BUSY,
        Error::Conflict => MANTISDB_CONFLICT,
        Error::NotANumber => MANTISDB_NOT_A_NUMBER,
        Error::Overflow => MANTISDB_OVERFLOW,
        Error::HistoryGone(_) => MANTISDB_HISTORY_GONE,
        Error::WatchTooSlow(_) => MANTISDB_WATCH_TOO_SLOW,
        Error::OverBudget { .. } => MANTISDB_OVER_BUDGET,
        Error::Poisoned => MANTISDB_POISONED,
    }
}

/// What an error has to tell beyond its status, which has a text of its own; none
/// if that says it all.
pub(super) fn detail_of(error: &Error) -> Option<String> {
    match error {
        Error::Corrupt { file, offset, what } => Some(format!("{what} in {file} at byte {offset}")),
        Error::Locked(text) | Error::WrongFormat(text) | Error::WritesFailed(text) => {
            Some(text.clone())
        }
        Error::InvalidArgument(text) => Some((*text).into()),
        Error::ThreadSpawn(reason) => Some(reason.clone()),
        Error::HistoryGone(next) | Error::WatchTooSlow(next) => {
            Some(format!("changes can be had from version {next} on"))
        }
        Error::OverMemoryLimit { len, limit } => {
            Some(format!("{len} bytes, of a limit of {limit}"))
        }
        Error::Io { .. } | Error::OverBudget { .. } => Some(error.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_a_status_of_its_own() {
        let of = |kind| {
            status_of(&Error::Io {
                operation: "extend",
                path: "log".into(),
                kind,
                reason: "(os error 28)".into(),
            })
        };
        assert_eq!(of(ErrorKind::StorageFull), MANTISDB_DISK_FULL);
        assert_eq!(of(ErrorKind::QuotaExceeded), MANTISDB_DISK_FULL);
        assert_eq!(of(ErrorKind::Other), MANTISDB_IO);
    }
}
