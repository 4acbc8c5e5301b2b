//! Reading the log after a start: what it holds, where it ends, and whether
//! that end is a tail lost with the power or damage.

use super::file::{FileRef, Readers};
use super::header::{self, FILE_HEADER_LEN, FileHeader, Start};
use super::record::{self, ALIGN, RecordHeader};
use crate::error::{Error, Result};
use crate::fs::{Access, FileSystem, Mapping};
use std::path::{Path, PathBuf};

/// A tail of the log that was dropped: it was being written when the power or
/// the process went away, and nothing of it was ever said to be durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Torn {
    /// The file in which the tail begins.
    pub(crate) file: PathBuf,
    /// Where in that file, in bytes.
    pub(crate) offset: u64,
    /// How many bytes there is a trace of.
    pub(crate) bytes: u64,
}

/// What the log held, and what [`Wal::start`](super::Wal::start) goes on from.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// The last sequence in the log, 0 if there never was one.
    pub(crate) last_sequence: u64,
    /// What was dropped at the end.
    pub(crate) torn: Option<Torn>,
    /// The records that were given to the caller.
    pub(crate) records: u64,
    /// The bytes of their payloads.
    pub(crate) bytes: u64,
    /// Whether the log was closed in order, and so is all durable.
    pub(crate) closed: bool,
    /// The greatest sequence that needs no sync any more once the files are
    /// synced: the last in the log or in the segments.
    pub(super) known: u64,
    /// The LSN behind the last valid record.
    pub(super) end: u64,
    /// An LSN that no file has reached.
    pub(super) next_base: u64,
    /// The files that make up the log, oldest first, with their last sequences.
    pub(super) files: Vec<FileRef>,
    /// Files that are no part of the log any more.
    pub(super) dropped: Vec<PathBuf>,
    /// Files to be used again.
    pub(super) spares: Vec<PathBuf>,
}

/// Reads the log files in `dir` in their order, and gives `each` the first
/// sequence, the number of sequences and the payload of every record that has a
/// sequence above `flushed`. Changes nothing.
///
/// Fails with [`Error::Corrupt`] if the log is damaged; some records may have
/// been given to `each` by then. An error of `each` ends it.
pub(crate) fn recover(
    fs: &dyn FileSystem,
    dir: &Path,
    flushed: u64,
    each: impl FnMut(u64, u64, &[u8]) -> Result<()>,
) -> Result<Recovered> {
    let (mut files, mut spares) = open_all(fs, dir)?;
    let next_base = files.last().map_or(0, LogBytes::end);
    // Behind the last file that was begun there may be one that is ready.
    let begun = begun(&files);
    spares.extend(files.drain(begun..).map(|file| file.path));
    let limits = limits(&files);
    let first = first_needed(&files, &limits, flushed)?;
    let mut walk = Walk::new(&files, limits, first, flushed, each);
    let stop = walk.run()?;
    let torn = walk.judge(stop)?;
    Ok(walk.finish(torn, next_base, spares))
}

/// The sequence number behind which the log begins, as far as its files are
/// there; 0 if the oldest one does not say.
pub(crate) fn beginning(fs: &dyn FileSystem, dir: &Path) -> Result<u64> {
    let (files, _) = open_all(fs, dir)?;
    let first = files.iter().find(|file| file.start != Start::Blank);
    Ok(first.and_then(LogBytes::header).map_or(0, |header| header.previous_sequence))
}

/// A log file's bytes.
pub(super) struct LogBytes {
    pub(super) path: PathBuf,
    pub(super) base: u64,
    pub(super) start: Start,
    pub(super) bytes: Mapping,
}

impl LogBytes {
    /// Maps a file, if its name is a log file's.
    pub(super) fn open(fs: &dyn FileSystem, dir: &Path, name: &str) -> Result<Option<Self>> {
        let Some(base) = header::base_of(name) else { return Ok(None) };
        let path = dir.join(name);
        let bytes = fs.map(&path)?;
        bytes.advise(Access::Sequential);
        let start = header::parse(&bytes, base);
        let file = Self { path, base, start, bytes };
        match base.checked_add(file.bytes.len() as u64) {
            Some(_) => Ok(Some(file)),
            None => Err(file.corrupt(0, REACHES_ON)),
        }
    }

    /// The LSN behind the file.
    pub(super) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    pub(super) fn header(&self) -> Option<FileHeader> {
        match self.start {
            Start::Header(header) => Some(header),
            _ => None,
        }
    }

    fn corrupt(&self, offset: u64, what: &str) -> Error {
        Error::Corrupt { file: self.path.display().to_string(), offset, what: what.into() }
    }
}

/// What is wrong with a file that is too long for its place.
const REACHES_ON: &str = "the file reaches into the next one";

/// Maps the log files, by their place in the log, and names the spare ones.
fn open_all(fs: &dyn FileSystem, dir: &Path) -> Result<(Vec<LogBytes>, Vec<PathBuf>)> {
    let names = fs.list(dir)?;
    let mut files = Vec::new();
    for name in &names {
        files.extend(LogBytes::open(fs, dir, name)?);
    }
    files.sort_by_key(|file| file.base);
    for (i, file) in files.iter().enumerate() {
        if let Start::Unknown(version) = file.start {
            let what = format!("{}: log version {version}", file.path.display());
            return Err(Error::WrongFormat(what));
        }
        if files.get(i + 1).is_some_and(|next| file.end() > next.base) {
            return Err(file.corrupt(0, REACHES_ON));
        }
    }
    check_newest(&files, dir, &names)?;
    let spares = names.iter().filter(|name| header::spare_base(name).is_some());
    let spares = spares.map(|name| dir.join(name)).collect();
    Ok((files, spares))
}

/// How many files there are up to the last one that was begun.
fn begun(files: &[LogBytes]) -> usize {
    files.iter().rposition(|file| file.start != Start::Blank).map_or(0, |i| i + 1)
}

/// Checks that the newest log file is there, as far as the spare ones tell: a
/// file becomes spare once a later one was begun and synced, and until one later
/// still is, that one stays.
pub(super) fn check_newest(files: &[LogBytes], dir: &Path, names: &[String]) -> Result<()> {
    let newest = files[..begun(files)].last().map(|file| file.base);
    let spare = names.iter().max_by_key(|name| header::spare_base(name));
    match spare.and_then(|name| Some((name, header::spare_base(name)?))) {
        Some((name, base)) if newest.is_none_or(|newest| newest < base) => Err(Error::Corrupt {
            file: dir.join(name).display().to_string(),
            offset: 0,
            what: "the newest log files are missing: a spare one is newer than all that are there"
                .into(),
        }),
        _ => Ok(()),
    }
}

/// The newest file before which there is nothing that is not in segments. One at
/// or behind its limit was dropped by an earlier recovery, and says nothing.
pub(super) fn newest_start(files: &[LogBytes], limits: &[u64], flushed: u64) -> Option<usize> {
    files.iter().zip(limits).rposition(|(file, limit)| {
        file.base < *limit && file.header().is_some_and(|h| h.previous_sequence <= flushed)
    })
}

/// The file from which on files need to be read.
fn first_needed(files: &[LogBytes], limits: &[u64], flushed: u64) -> Result<usize> {
    match (newest_start(files, limits, flushed), files.first()) {
        (Some(first), _) => Ok(first),
        (None, Some(LogBytes { start: Start::Header(h), .. })) => {
            let what = format!(
                "the log begins behind sequence {}, but only those up to {flushed} are elsewhere: \
                 earlier log files are missing",
                h.previous_sequence
            );
            Err(files[0].corrupt(0, &what))
        }
        // If the first one's header is gone, the walk ends there at once.
        (None, _) => Ok(0),
    }
}

/// Up to where each file counts: an LSN that a later file says.
pub(super) fn limits(files: &[LogBytes]) -> Vec<u64> {
    let mut limits = vec![u64::MAX; files.len()];
    let mut limit = u64::MAX;
    for (slot, file) in limits.iter_mut().zip(files).rev() {
        *slot = limit;
        limit = limit.min(file.header().map_or(u64::MAX, |h| h.previous_end));
    }
    limits
}

/// Where the walk ended: the index of the file, and the offset of the first
/// place without a valid record. `None` if there are no files, or if the log
/// was closed there.
type Stop = Option<(usize, u64)>;

/// A walk through the log from its first needed file.
struct Walk<'a, F> {
    files: &'a [LogBytes],
    first: usize,
    flushed: u64,
    each: F,
    limits: Vec<u64>,
    /// The LSN behind the last valid record.
    end: u64,
    last_sequence: u64,
    records: u64,
    bytes: u64,
    /// Whether an end mark ended the walk.
    closed: bool,
    /// The files that were read, and those before.
    live: Vec<FileRef>,
}

impl<'a, F: FnMut(u64, u64, &[u8]) -> Result<()>> Walk<'a, F> {
    fn new(files: &'a [LogBytes], limits: Vec<u64>, first: usize, flushed: u64, each: F) -> Self {
        let first_file = files.get(first);
        let header = first_file.and_then(LogBytes::header);
        Self {
            files,
            first,
            flushed,
            each,
            limits,
            end: header.map_or(first_file.map_or(0, |file| file.base), |h| h.previous_end),
            last_sequence: header.map_or(0, |h| h.previous_sequence),
            records: 0,
            bytes: 0,
            closed: false,
            live: files[..first].iter().map(|file| file_ref(file, FILE_HEADER_LEN, 0)).collect(),
        }
    }

    fn run(&mut self) -> Result<Stop> {
        for i in self.first..self.files.len() {
            let (file, limit) = (&self.files[i], self.limits[i]);
            if file.base >= limit {
                // Dropped by an earlier recovery.
                continue;
            }
            let Some(header) = file.header() else { return Ok(Some((i, 0))) };
            if i > self.first && header.previous_sequence != self.last_sequence {
                let what = format!(
                    "the file's header says that the log before it ends at sequence {}, but its \
                     last record there ends at {}",
                    header.previous_sequence, self.last_sequence
                );
                return Err(file.corrupt(header::PREVIOUS_SEQUENCE_AT as u64, &what));
            }
            let offset = self.scan(file, limit)?;
            self.end = file.base + offset;
            self.live.push(file_ref(file, offset, self.last_sequence));
            if self.end != limit {
                return Ok(if self.closed && limit == u64::MAX { None } else { Some((i, offset)) });
            }
        }
        Ok(None)
    }

    /// Reads a file's records up to the LSN `limit`, and returns the offset
    /// behind the last valid one.
    fn scan(&mut self, file: &LogBytes, limit: u64) -> Result<u64> {
        let mut offset = FILE_HEADER_LEN;
        self.closed = false;
        while file.base + offset < limit && !self.closed {
            let Some(record) = record::parse(&file.bytes, file.base, offset) else { break };
            let header = record.header;
            let end = offset + header.stored_len();
            let in_order = header.is_end() || header.first_sequence > self.last_sequence;
            if !in_order || file.base + end > limit {
                break;
            }
            offset = end;
            if header.is_end() {
                self.closed = true;
                continue;
            }
            self.last_sequence = header.last_sequence();
            if self.last_sequence > self.flushed {
                (self.each)(header.first_sequence, u64::from(header.count), record.payload)?;
                self.records += 1;
                self.bytes += record.payload.len() as u64;
            }
        }
        Ok(offset)
    }

    /// Tells a torn tail from damage.
    fn judge(&self, stop: Stop) -> Result<Option<Torn>> {
        let Some((i, offset)) = stop else { return Ok(None) };
        let file = &self.files[i];
        let at = file.base + offset;
        let mut traces = Traces::default();
        traces.begun(file, offset);
        traces.follow(file, offset);
        let own = traces.bytes;
        for later in &self.files[i + 1..] {
            traces.later(later);
        }
        if traces.durable > at {
            let next = self.files.get(i + 1).filter(|next| next.header().is_none());
            return Err(match next {
                Some(next) if own == 0 => next.corrupt(0, "the file's header is damaged"),
                _ if offset == 0 => file.corrupt(0, "the file's header is damaged"),
                _ => file.corrupt(offset, "a record is damaged that is not at the log's end"),
            });
        }
        let torn = Torn { file: file.path.clone(), offset, bytes: traces.bytes };
        Ok((traces.bytes > 0).then_some(torn))
    }

    fn finish(self, torn: Option<Torn>, next_base: u64, spares: Vec<PathBuf>) -> Recovered {
        let kept = |file: &LogBytes| self.live.iter().any(|live| live.path == file.path);
        let behind = self.files.iter().filter(|&file| !kept(file));
        let dropped = behind.map(|file| file.path.clone()).collect();
        Recovered {
            last_sequence: self.last_sequence,
            torn,
            records: self.records,
            bytes: self.bytes,
            closed: self.closed,
            known: self.last_sequence.max(self.flushed),
            end: self.end,
            next_base,
            files: self.live,
            dropped,
            spares,
        }
    }
}

fn file_ref(file: &LogBytes, used: u64, last_sequence: u64) -> FileRef {
    let (path, len) = (file.path.clone(), file.bytes.len() as u64);
    let readers = Readers::default();
    FileRef { path, base: file.base, len, used, last_sequence, readers }
}

/// What is left behind the log's last valid record.
#[derive(Default)]
struct Traces {
    /// The greatest LSN that something says to have been durable.
    durable: u64,
    /// The bytes of what was dropped.
    bytes: u64,
}

impl Traces {
    /// A record that was begun at `offset`: its header is there. One that was cut
    /// off within its header leaves no trace, since what is left of a recycled
    /// file's former life may look like a part of one.
    fn begun(&mut self, file: &LogBytes, offset: u64) {
        if offset >= FILE_HEADER_LEN
            && let Some(header) = RecordHeader::parse(&file.bytes, file.base, offset)
        {
            self.bytes = header.stored_len();
        }
    }

    /// The records behind `offset`.
    fn follow(&mut self, file: &LogBytes, offset: u64) {
        let start = offset.max(FILE_HEADER_LEN);
        let mut at = start;
        let mut traced = 0;
        while at + ALIGN <= file.bytes.len() as u64 {
            let Some(header) = RecordHeader::parse(&file.bytes, file.base, at) else {
                at += ALIGN;
                continue;
            };
            self.durable = self.durable.max(header.durable(file.base + at));
            at += header.stored_len();
            traced = at - start;
        }
        self.bytes = self.bytes.max(traced);
    }

    /// A file behind the one in which the log ends.
    fn later(&mut self, file: &LogBytes) {
        match file.start {
            Start::Header(header) => self.durable = self.durable.max(header.durable),
            Start::Damaged => {}
            Start::Blank | Start::Unknown(_) => return,
        }
        let mut traces = Self::default();
        traces.follow(file, 0);
        self.durable = self.durable.max(traces.durable);
        self.bytes += FILE_HEADER_LEN + traces.bytes;
    }
}
