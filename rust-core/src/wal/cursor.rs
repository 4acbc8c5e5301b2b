//! The place at which the log goes on.

use super::file::{FileRef, OpenFile};
use super::header::FILE_HEADER_LEN;
use super::record::END_LEN;
use std::collections::VecDeque;
use std::sync::Arc;

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

    /// How long records are, those of the file and one of `len` bytes more, if it is to have a
    /// place; 0 if there are none.
    pub(super) fn mean_len(&self, len: u64) -> u64 {
        let records = self.records + u64::from(len > 0);
        (self.offset - FILE_HEADER_LEN + len) / records.max(1)
    }

    /// Whether a file is ready that takes a record of `len` bytes.
    pub(super) fn next_takes(&self, len: u64) -> bool {
        self.next.as_ref().is_some_and(|next| next.len >= FILE_HEADER_LEN + len + END_LEN)
    }
}
