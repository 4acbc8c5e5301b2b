//! The log: what was written, in the order of its sequence numbers, so that it
//! survives the end of the process and, once synced, the loss of power.
//!
//! An *LSN* is a byte position in a log without end. Each file holds a range of
//! LSNs, which its name tells; the ranges of two files never overlap, and none
//! is used twice, so that a record's LSN, which its checksum covers, tells it
//! from what a recycled file held before.
//!
//! A write takes its sequence numbers and its place in the log under one short
//! lock, so that both have one order ([`Wal::reserve`]); its bytes are copied
//! into the mapped file outside the lock ([`Wal::write`]).
//!
//! Everything below the *durable* LSN is on the disk. Each record tells how far
//! behind it the durable LSN was when it was written. So damage is told from a
//! tail that was lost with the power: if anything behind a place that holds no
//! valid record knows that place to have been durable, the log is damaged, and
//! is refused; otherwise nothing behind it was ever promised, and it is dropped.
//!
//! See docs/format.md for the bytes.

mod cursor;
mod file;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod group;
mod header;
mod pace;
mod reader;
mod record;
mod recovery;
mod salvage;
mod stats;
mod writer;

#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests;

pub(crate) use reader::LogReader;
pub(crate) use recovery::{Recovered, Torn, beginning, recover};
pub(crate) use salvage::{LogSalvage, salvage};
pub(crate) use stats::LogFileStats;
pub(crate) use writer::{Slot, Wal, WalOptions};

/// Whether a file of this name is the log's.
pub(crate) fn is_log_name(name: &str) -> bool {
    header::base_of(name).is_some() || header::spare_base(name).is_some()
}
