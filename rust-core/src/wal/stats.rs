//! What the log tells of its files.

use std::fmt::{Display, Formatter, Result};

/// What a file of the log is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFileState {
    /// It is written to.
    Active,
    /// It waits for a flush of what it holds.
    Waiting,
    /// It holds nothing, and is ready to follow or kept for later.
    Spare,
}

/// A file of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogFileStats {
    /// The LSN of its first byte, which names it; of a spare one perhaps a former one.
    pub(crate) number: u64,
    pub(crate) state: LogFileState,
    /// Bytes of records, and the header.
    pub(crate) bytes: u64,
    /// The file's length.
    pub(crate) file_bytes: u64,
}

impl LogFileStats {
    pub(super) fn new(number: u64, state: LogFileState, bytes: u64, file_bytes: u64) -> Self {
        Self { number, state, bytes, file_bytes }
    }
}

impl Display for LogFileState {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Spare => "spare",
        })
    }
}
