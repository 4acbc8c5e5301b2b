//! Reading what is left of a damaged log.
//!
//! A sound log is read as a start reads it. Otherwise every record counts whose
//! two checksums are right, wherever it is: they know its LSN, so that neither a
//! value nor what a recycled file held before is taken for one. A record, and so
//! a batch, is there whole or not at all. Each place is looked at once: a header
//! that is right tells how far its record goes, whatever became of the payload.

use super::header::{FILE_HEADER_LEN, FileHeader, Start};
use super::record::{self, ALIGN, RecordHeader};
use super::recovery::{self, LogBytes, Recovered, Torn, recover};
use crate::error::{Error, Result};
use crate::fs::FileSystem;
use std::path::{Path, PathBuf};

/// What was found in a log.
#[derive(Debug, Default)]
pub(crate) struct LogSalvage {
    /// What a sound log ended with.
    pub(crate) torn: Option<Torn>,
    /// The damaged parts: file, offset and length in bytes.
    pub(crate) damage: Vec<(PathBuf, u64, u64)>,
    /// The sequences of the records in them, as far as their headers are whole.
    pub(crate) lost_sequences: u64,
    /// Files that cannot be read, or are missing as far as one can tell: a
    /// sentence each.
    pub(crate) lost_files: Vec<String>,
    /// The bytes of missing files, as far as one can tell.
    pub(crate) missing_bytes: u64,
}

/// Gives `each` the first sequence, the number of sequences and the payload of
/// every record that can be read and has a sequence above `flushed`, in order; if that is
/// not known, of all that the log holds. What a damaged part held of lower sequences is not
/// lost, and not told. Only an error of `each`, and of listing the directory, ends it.
pub(crate) fn salvage(
    fs: &dyn FileSystem,
    dir: &Path,
    flushed: Option<u64>,
    mut each: impl FnMut(u64, u64, &[u8]) -> Result<()>,
) -> Result<LogSalvage> {
    let is_known = flushed.is_some();
    let flushed = flushed.unwrap_or_else(|| recovery::beginning(fs, dir).unwrap_or(0));
    // The oldest files may have been let go, and so be torn: what is behind them counts, and
    // only what was flushed would tell so.
    let is_end = |sound: &Recovered| is_known || sound.torn.is_none() || sound.dropped.is_empty();
    if let Ok(sound) = recover(fs, dir, flushed, |_, _, _| Ok(()))
        && is_end(&sound)
    {
        recover(fs, dir, flushed, &mut each)?;
        return Ok(LogSalvage { torn: sound.torn, ..LogSalvage::default() });
    }
    let mut found = LogSalvage::default();
    let files = open_readable(fs, dir, &mut found)?;
    let walk = Walk::over(&files, flushed);
    let kept = walk.needed(flushed);
    for part in kept {
        match part {
            Part::Record { file, offset, header } => {
                let payload = files.get(file).and_then(|f| record::parse(&f.bytes, f.base, offset));
                let payload = payload.map_or(&[][..], |record| record.payload);
                each(header.first_sequence, u64::from(header.count), payload)?;
            }
            Part::Damage { file, offset, len, sequences } => {
                let path = files.get(file).map(|file| file.path.clone());
                found.damage.push((path.unwrap_or_default(), offset, len));
                found.lost_sequences += sequences;
            }
            Part::Missing { what, bytes } => {
                found.lost_files.push(what);
                found.missing_bytes += bytes;
            }
            Part::Begin { .. } => {}
        }
    }
    Ok(found)
}

/// The log files that can be read, by their place in the log.
fn open_readable(fs: &dyn FileSystem, dir: &Path, found: &mut LogSalvage) -> Result<Vec<LogBytes>> {
    let names = fs.list(dir)?;
    let mut files = Vec::new();
    for name in &names {
        match LogBytes::open(fs, dir, name) {
            Ok(Some(LogBytes { start: Start::Unknown(version), .. })) => {
                found.lost_files.push(format!("{name} cannot be read: log version {version}"));
            }
            Ok(file) => files.extend(file),
            Err(error) => found.lost_files.push(format!("{name} cannot be read: {error}")),
        }
    }
    files.sort_by_key(|file| file.base);
    if let Err(Error::Corrupt { what, .. }) = recovery::check_newest(&files, dir, &names) {
        found.lost_files.push(what);
    }
    Ok(files)
}

/// What is found on the way through the log.
enum Part {
    /// A whole record.
    Record { file: usize, offset: u64, header: RecordHeader },
    /// The header of a file: the last sequence before it.
    Begin { previous_sequence: u64 },
    /// Bytes that hold no whole record and should, and the sequences that were in
    /// them, if that is known.
    Damage { file: usize, offset: u64, len: u64, sequences: u64 },
    /// Files that should be there.
    Missing { what: String, bytes: u64 },
}

struct Walk<'a> {
    files: &'a [LogBytes],
    /// Up to where each file counts: an LSN.
    limits: Vec<u64>,
    parts: Vec<Part>,
}

impl<'a> Walk<'a> {
    fn over(files: &'a [LogBytes], flushed: u64) -> Self {
        let mut walk = Self { files, limits: recovery::limits(files), parts: Vec::new() };
        // Before it there is nothing that is not in segments.
        let first = recovery::newest_start(files, &walk.limits, flushed);
        for i in first.unwrap_or(0)..files.len() {
            walk.file(i, flushed);
        }
        walk
    }

    fn file(&mut self, i: usize, flushed: u64) {
        let (file, limit) = (&self.files[i], self.limits[i]);
        if file.base >= limit {
            // Dropped by an earlier recovery.
            return;
        }
        let start = self.parts.len();
        if let Some(header) = file.header() {
            self.begin(i, &header, flushed);
        }
        let found = self.parts.len();
        let end = self.records(i);
        // A blank one was not begun; unless it holds records.
        let lost_header = match file.start {
            Start::Damaged => true,
            Start::Blank => self.parts.len() > found,
            Start::Header(_) | Start::Unknown(_) => false,
        };
        if lost_header {
            let len = FILE_HEADER_LEN.min(file.bytes.len() as u64);
            self.parts.insert(start, Part::Damage { file: i, offset: 0, len, sequences: 0 });
        }
        // The next file knows how far this one went. One behind that does not: the
        // end of this one may be unused.
        if limit <= file.end() && file.base + end < limit {
            self.lose(i, end, limit - file.base - end, 0);
        }
    }

    /// A file's header: what it knows of the log before.
    fn begin(&mut self, i: usize, header: &FileHeader, flushed: u64) {
        let name = self.files[i].path.display();
        let previous_sequence = header.previous_sequence;
        match i.checked_sub(1).and_then(|before| self.files.get(before)) {
            None if previous_sequence > flushed => {
                let first = flushed + 1;
                let what = format!(
                    "log files before {name} are missing, with the writes from {first} to \
                     {previous_sequence}"
                );
                self.parts.push(Part::Missing { what, bytes: 0 });
            }
            Some(before) if before.end() < header.previous_end => {
                let bytes = header.previous_end - before.end();
                let what = format!("{bytes} bytes of the log before {name} are missing");
                self.parts.push(Part::Missing { what, bytes });
            }
            _ => {}
        }
        self.parts.push(Part::Begin { previous_sequence });
    }

    /// Finds a file's records, and returns the offset behind the last one.
    fn records(&mut self, i: usize) -> u64 {
        let (file, limit) = (&self.files[i], self.limits[i]);
        let next = self.files.get(i + 1).map_or(u64::MAX, |next| next.base);
        let limit = limit.min(next).min(file.end());
        let (mut end, mut at) = (FILE_HEADER_LEN, FILE_HEADER_LEN);
        while file.base + at < limit {
            let header = RecordHeader::parse(&file.bytes, file.base, at);
            let Some(header) = header.filter(|h| file.base + at + h.stored_len() <= limit) else {
                at += ALIGN;
                continue;
            };
            if at > end {
                self.lose(i, end, at - end, 0);
            }
            if record::parse(&file.bytes, file.base, at).is_none() {
                self.lose(i, at, header.stored_len(), header.count.into());
            } else if !header.is_end() {
                self.parts.push(Part::Record { file: i, offset: at, header });
            }
            at += header.stored_len();
            end = at;
        }
        end
    }

    fn lose(&mut self, file: usize, offset: u64, len: u64, sequences: u64) {
        self.parts.push(Part::Damage { file, offset, len, sequences });
    }

    /// The parts that matter: what has sequences above `flushed`, and below those
    /// of all that follows. A record with others was dropped by an earlier
    /// recovery, whose word for it is lost. Damage between two records whose
    /// sequences follow each other has cost nothing.
    fn needed(self, flushed: u64) -> Vec<Part> {
        let mut next = u64::MAX;
        let mut kept: Vec<(Part, u64)> = Vec::new();
        for part in self.parts.into_iter().rev() {
            let is_needed = match &part {
                Part::Record { header, .. } => {
                    let fits = header.last_sequence() < next;
                    next = next.min(header.first_sequence);
                    fits && header.last_sequence() > flushed
                }
                Part::Begin { previous_sequence } => {
                    next = next.min(previous_sequence + 1);
                    false
                }
                Part::Damage { .. } | Part::Missing { .. } => next > flushed + 1,
            };
            if is_needed {
                kept.push((part, next));
            }
        }
        let mut last = flushed;
        kept.reverse();
        kept.retain(|(part, next)| {
            if let Part::Record { header, .. } = part {
                last = header.last_sequence();
            }
            !matches!(part, Part::Damage { .. }) || last + 1 != *next
        });
        kept.into_iter().map(|(part, _)| part).collect()
    }
}
