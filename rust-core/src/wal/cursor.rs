//! The place at which the log goes on.

use super::file::{FileRef, OpenFile};
use super::header::FILE_HEADER_LEN;
use super::record::END_LEN;
use crate::fs::{Blocks, LONG_RECORD};
use std::collections::VecDeque;
use std::sync::Arc;

/// Syncs are seldom with so many bytes between them: what one costs beside writing these does
/// not matter.
const SELDOM: u64 = 4 << 20;

/// Where the next record goes.
pub(super) struct Cursor {
    pub(super) file: Arc<OpenFile>,
    /// The offset of the next record in the file.
    pub(super) offset: u64,
    /// The records in the file.
    pub(super) records: u64,
    /// The last sequence of the last record.
    pub(super) last_sequence: u64,
    /// The file that follows: blank, and ready.
    pub(super) next: Option<Arc<OpenFile>>,
    /// The files before, oldest first.
    pub(super) filled: VecDeque<Filled>,
    pub(super) closed: bool,
}

/// A file before the one that is written to.
pub(super) struct Filled {
    pub(super) file: FileRef,
    /// The open file, until all of it is synced.
    pub(super) unsynced: Option<Arc<OpenFile>>,
}

impl Cursor {
    /// The bytes of records that the file can still take. An end mark has its
    /// place kept.
    pub(super) fn room(&self) -> u64 {
        self.file.len.saturating_sub(self.offset + END_LEN)
    }

    /// The part of the file that is filled, from 0 to 1.
    pub(super) fn fill(&self) -> f64 {
        self.offset as f64 / self.file.len as f64
    }

    /// Takes a place of `len` bytes, if there is room.
    #[inline]
    pub(super) fn take(&mut self, len: u64) -> Option<(Arc<OpenFile>, u64)> {
        if len > self.room() {
            return None;
        }
        let offset = self.offset;
        self.offset += len;
        self.records += 1;
        Some((Arc::clone(&self.file), offset))
    }

    /// How the next file is to get its blocks, judged by the file's records and one of `len`
    /// bytes that is to have a place, if any. One for long records is to be there as fast as
    /// these may need it; unless each few of them are synced, since a sync of blocks that
    /// were only set aside has more to do.
    pub(super) fn next_blocks(&self, len: u64) -> Blocks {
        let records = self.records + u64::from(len > 0);
        let bytes = self.offset - FILE_HEADER_LEN + len;
        let are_long = records > 0 && bytes / records >= LONG_RECORD as u64;
        if are_long && bytes >= self.file.syncs() * SELDOM {
            Blocks::Reserved
        } else {
            Blocks::Written
        }
    }

    /// Whether a file is ready that takes a record of `len` bytes.
    pub(super) fn next_takes(&self, len: u64) -> bool {
        self.next.as_ref().is_some_and(|next| next.len >= FILE_HEADER_LEN + len + END_LEN)
    }
}
