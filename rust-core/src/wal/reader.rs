//! Reading the log while writers go on with it: what happened after a sequence.
//!
//! A reader has the files open that there were when it was opened, and reads them up
//! to where the log ended then. So it needs nothing of the log any more, and nothing
//! that is released takes a record from it; it costs the disk space of those files,
//! and no more, however slow it is.
//!
//! Files are read by calls of the system, not through a map: the last of them is
//! being written to, beyond what is read of it.

use super::file::Reading;
use super::header::{self, FILE_HEADER_LEN, Start};
use super::record::{self, HEADER_LEN, RecordHeader};
use crate::error::{Error, Result};
use crate::fs::{FileSystem, ReadFile};
use std::collections::VecDeque;
use std::path::PathBuf;

/// Bytes that are read at once, at least.
const CHUNK: usize = 256 << 10;

/// A file of the log, up to where its records count.
pub(super) struct Part {
    pub(super) path: PathBuf,
    /// The LSN of its first byte.
    pub(super) base: u64,
    /// The offset behind its last record.
    pub(super) end: u64,
    /// So that it is not used again.
    #[expect(dead_code, reason = "held, not read")]
    pub(super) reading: Reading,
}

/// A record, copied out of the log. Behind its operations there may be zeroes.
pub(crate) struct LogRecord {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) payload: Vec<u8>,
}

/// See the module's text.
pub(crate) struct LogReader {
    /// The file that is being read, and those behind it.
    files: VecDeque<OpenPart>,
    /// The place of the next record in the first file.
    offset: u64,
    /// Every sequence up to this one was given, or was not asked for.
    after: u64,
    /// Bytes of the first file from `buffered` on.
    buffer: Vec<u8>,
    buffered: u64,
}

struct OpenPart {
    part: Part,
    file: Box<dyn ReadFile>,
}

impl LogReader {
    /// Opens the files, oldest first. [`Error::HistoryGone`] if they begin behind the
    /// sequence that follows `after`.
    pub(super) fn open(fs: &dyn FileSystem, parts: Vec<Part>, after: u64) -> Result<Self> {
        let mut files = VecDeque::with_capacity(parts.len());
        for part in parts {
            let file = fs.open(&part.path)?;
            files.push_back(OpenPart { part, file });
        }
        if let Some(first) = files.front() {
            let before = first.previous_sequence()?;
            if before > after {
                return Err(Error::HistoryGone(before + 1));
            }
        }
        Ok(Self { files, offset: FILE_HEADER_LEN, after, buffer: Vec::new(), buffered: 0 })
    }

    /// The next record with a sequence that was asked for. A sequence that no record
    /// has was of a write that was not logged: [`Error::HistoryGone`]. The last
    /// numbers can be missing without a trace.
    pub(crate) fn next(&mut self) -> Result<Option<LogRecord>> {
        while let Some(header) = self.next_header()? {
            if header.is_end() || header.last_sequence() <= self.after {
                self.offset += header.stored_len();
                continue;
            }
            if header.first_sequence > self.after + 1 {
                return Err(Error::HistoryGone(header.first_sequence));
            }
            let len = HEADER_LEN + header.payload_len as usize;
            let payload = self.bytes(len)?[HEADER_LEN..len].to_vec();
            if record::checksum(&[&payload]) != header.payload_crc {
                return Err(self.corrupt("a record of the log is damaged"));
            }
            self.offset += header.stored_len();
            self.after = header.last_sequence();
            return Ok(Some(LogRecord {
                first: header.first_sequence,
                last: header.last_sequence(),
                payload,
            }));
        }
        Ok(None)
    }

    /// The header of the next record, in the next file if need be.
    fn next_header(&mut self) -> Result<Option<RecordHeader>> {
        loop {
            let Some(part) = self.files.front().map(|file| &file.part) else { return Ok(None) };
            let (base, end) = (part.base, part.end);
            if self.offset >= end {
                self.files.pop_front();
                (self.offset, self.buffered) = (FILE_HEADER_LEN, 0);
                self.buffer.clear();
                continue;
            }
            let lsn = base + self.offset;
            let header = RecordHeader::parse_alone(self.bytes(HEADER_LEN)?, lsn);
            let header = header.filter(|header| self.offset + header.stored_len() <= end);
            let header = header.ok_or_else(|| self.corrupt("a record's header is damaged"))?;
            return Ok(Some(header));
        }
    }

    /// The bytes of the first file from the offset on, at least `len` of them, which
    /// are within the file.
    fn bytes(&mut self, len: usize) -> Result<&[u8]> {
        let start = self.offset.saturating_sub(self.buffered) as usize;
        if self.offset < self.buffered || start + len > self.buffer.len() {
            let Some(file) = self.files.front() else { return Ok(&[]) };
            let left = file.part.end - self.offset;
            self.buffer.resize(len.max(CHUNK.min(left as usize)), 0);
            self.buffered = self.offset;
            if let Err(error) = file.file.read_at(self.offset, &mut self.buffer) {
                self.buffer.clear();
                return Err(error);
            }
            return Ok(&self.buffer);
        }
        Ok(&self.buffer[start..])
    }

    #[cold]
    fn corrupt(&self, what: &str) -> Error {
        let path = self.files.front().map(|file| file.part.path.display().to_string());
        let file = path.unwrap_or_default();
        Error::Corrupt { file, offset: self.offset, what: what.into() }
    }
}

impl OpenPart {
    /// The last sequence before the file.
    fn previous_sequence(&self) -> Result<u64> {
        let mut bytes = [0; FILE_HEADER_LEN as usize];
        self.file.read_at(0, &mut bytes)?;
        match header::parse(&bytes, self.part.base) {
            Start::Header(header) => Ok(header.previous_sequence),
            _ => Err(Error::Corrupt {
                file: self.part.path.display().to_string(),
                offset: 0,
                what: "the file's header is damaged".into(),
            }),
        }
    }
}
