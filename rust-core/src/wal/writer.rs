//! The log as writers see it: places, copies and syncs.

use super::cursor::{Cursor, Filled};
use super::file::{FileRef, OpenFile, Spares};
use super::group::{Group, Role};
use super::header::{FILE_HEADER_LEN, FileHeader};
use super::reader::{LogReader, Part};
use super::record::{self, END_LEN, RecordHeader};
use super::recovery::Recovered;
use super::stats::{LogFileState, LogFileStats};
use crate::batch::MAX_BATCH_LEN;
use crate::error::{Error, Result};
use crate::fs::{Blocks, FileSystem};
use crate::sequence::{Reservation, Sequencer};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use crate::sync::{Mutex, lock};
use crossbeam_utils::CachePadded;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod files;

use files::Making;

/// The longest payload in bytes: a batch, and a little beside it.
const MAX_PAYLOAD_LEN: usize = MAX_BATCH_LEN + (4 << 10);
/// The length of the file that is begun when a database is opened, in bytes. Each
/// next one is twice as long, but at least [`NEXT_LEN`], up to
/// [`WalOptions::file_len`]. So a small database has a small log, and one that rests: the
/// next one after [`Wal::trim`] is short again.
const FIRST_LEN: u64 = 1 << 20;
pub(super) const NEXT_LEN: u64 = 4 << 20;
/// The first one's on a full disk.
const LEAST_LEN: u64 = 64 << 10;

/// How the log is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WalOptions {
    /// The length of a file in bytes. One that takes a longer record is longer.
    pub(crate) file_len: u64,
}

impl Default for WalOptions {
    fn default() -> Self {
        Self { file_len: 64 << 20 }
    }
}

/// The log of a storage.
///
/// Locks are taken in this order: making, spares, syncing, the group's, cursor.
pub(crate) struct Wal {
    fs: Arc<dyn FileSystem>,
    dir: PathBuf,
    options: WalOptions,
    cursor: CachePadded<Mutex<Cursor>>,
    /// Everything below is on the disk. An LSN.
    durable_lsn: AtomicU64,
    /// Every record up to this sequence is on the disk.
    durable: CachePadded<AtomicU64>,
    /// Held while the next file is made.
    making: Mutex<Making>,
    /// So many wait for that. Who makes the file is in a hurry then.
    awaiting: AtomicU64,
    /// A writer was told to come back once the file that is being made is there.
    wanted: AtomicBool,
    /// Held while files are recycled and removed.
    spares: Mutex<Spares>,
    /// Held while files are synced: the system tells an error once, and whoever
    /// is not told must not take its own sync for a success.
    syncing: Mutex<()>,
    group: Group,
    has_failed: AtomicBool,
    failure: Mutex<Option<String>>,
}

/// A place in the log that was given to one record.
#[must_use]
pub(crate) struct Slot {
    file: Arc<OpenFile>,
    offset: u64,
    payload_len: usize,
}

/// What a sync covers.
struct Target {
    /// Records below this LSN.
    lsn: u64,
    /// Records up to this sequence.
    sequence: u64,
    /// The last sequence of the last record.
    last_record: u64,
    /// The files that are to be synced, oldest first.
    files: Vec<Arc<OpenFile>>,
}

impl Wal {
    /// Makes what was recovered durable, and begins a new file behind it. Files
    /// that are no part of the log are removed.
    pub(crate) fn start(
        fs: Arc<dyn FileSystem>,
        dir: &Path,
        recovered: Recovered,
        options: WalOptions,
    ) -> Result<Self> {
        // After a kill the files hold what was never synced.
        if !recovered.closed {
            for file in &recovered.files {
                fs.open_log(&file.path, 0, Blocks::Written, &mut |_| true)?.sync(0)?;
            }
        }
        let Recovered { end, next_base: base, .. } = recovered;
        let file = first_file(&*fs, dir, base, options, &recovered.spares)?;
        let last_sequence = recovered.last_sequence;
        let header =
            FileHeader { base, previous_end: end, previous_sequence: last_sequence, durable: end };
        // SAFETY: nobody else knows the file.
        unsafe { file.begin(&header) }?;
        file.sync(FILE_HEADER_LEN)?;
        let file = Arc::new(file);
        // Only now that the new file says where the log ends.
        let others = recovered.dropped.into_iter().chain(recovered.spares);
        // A spare one may have had the new file's name, and been replaced.
        for path in others.filter(|path| *path != file.path) {
            fs.remove(&path)?;
        }
        let filled = recovered.files.into_iter().map(|file| Filled { file, unsynced: None });
        let offset = FILE_HEADER_LEN;
        let filled = filled.collect();
        let records = 0;
        let cursor =
            Cursor { file, offset, records, last_sequence, next: None, filled, closed: false };
        Ok(Self {
            fs,
            dir: dir.into(),
            options,
            cursor: CachePadded::new(Mutex::new(cursor)),
            durable_lsn: AtomicU64::new(base + FILE_HEADER_LEN),
            durable: CachePadded::new(AtomicU64::new(recovered.known)),
            making: Mutex::default(),
            awaiting: AtomicU64::new(0),
            wanted: AtomicBool::new(false),
            spares: Mutex::default(),
            syncing: Mutex::default(),
            group: Group::default(),
            has_failed: AtomicBool::new(false),
            failure: Mutex::default(),
        })
    }

    /// Takes `count` sequence numbers, at least 1, and the place of a record
    /// with a payload of `payload_len` bytes, both in one order. If it fails,
    /// no number was taken; with [`Error::Busy`] it is to be tried again later.
    #[inline]
    pub(crate) fn reserve<'a>(
        &self,
        sequencer: &'a Sequencer,
        count: u64,
        payload_len: usize,
    ) -> Result<(Reservation<'a>, Slot)> {
        if payload_len > MAX_PAYLOAD_LEN || count == 0 || count > u64::from(u32::MAX) {
            return Err(Error::InvalidArgument("a record that long cannot be logged"));
        }
        let len = record::stored_len(payload_len);
        loop {
            let mut cursor = lock(&self.cursor);
            self.accepts_writes(&cursor)?;
            if let Some((file, offset)) = cursor.take(len) {
                // Numbers are taken under the lock: this is what makes the order
                // of the log that of the sequences.
                let reservation = sequencer.reserve(count);
                cursor.last_sequence = reservation.last;
                drop(cursor);
                return Ok((reservation, Slot { file, offset, payload_len }));
            }
            if cursor.next_takes(len) {
                self.switch(&mut cursor)?;
            } else {
                drop(cursor);
                self.prepare_for(len)?;
            }
        }
    }

    /// Writes a record into its place: its sequences and the parts of its
    /// payload, which together are as long as was reserved. After an error the
    /// log accepts no more writes, and the reservation must not be completed.
    #[inline]
    pub(crate) fn write(
        &self,
        slot: Slot,
        first_sequence: u64,
        count: u64,
        parts: &[&[u8]],
    ) -> Result<()> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let Ok(count) = u32::try_from(count) else {
            return Err(Error::InvalidArgument("too many sequences for a record"));
        };
        if len != slot.payload_len {
            return Err(Error::InvalidArgument("the payload has another length than reserved"));
        }
        let lsn = slot.file.base + slot.offset;
        // It is at most MAX_PAYLOAD_LEN long, which was checked.
        let payload = (len as u32, record::checksum(parts));
        let durable = self.durable_lsn.load(SeqCst);
        let header = RecordHeader::new((first_sequence, count), payload, (lsn, durable));
        // The header goes first, so that a record that is cut off is noticed.
        slot.put(&header.encode(lsn), parts).inspect_err(|error| self.fail(error))
    }

    /// Returns once every record up to `sequence`, which is visible, is on the
    /// disk: the durable sequence, which may be greater. Many callers share one
    /// sync. Once a sync has failed, so does every later call.
    pub(crate) fn sync(&self, sequencer: &Sequencer, sequence: u64) -> Result<u64> {
        if self.durable() >= sequence {
            return Ok(self.durable());
        }
        let is_done = || self.durable() >= sequence || self.has_failed.load(SeqCst);
        let target = || {
            let target = self.target(sequencer);
            let covered = target.sequence;
            (target, covered)
        };
        if let Role::Lead(target) = self.group.join(sequence, is_done, target) {
            let synced = self.make_durable(sequencer, &target);
            self.group.end();
            synced?;
        }
        match self.failure() {
            Some(error) if self.durable() < sequence => Err(error),
            _ => Ok(self.durable()),
        }
    }

    /// Every record up to this sequence is on the disk.
    #[inline]
    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(SeqCst)
    }

    /// Later records go to a new file, unless the current one has none yet. If
    /// none is prepared, one is made first. Its header is on the disk then: while it holds
    /// next to nothing, that takes a moment, and [`Wal::release`] asks for it.
    pub(crate) fn rotate(&self) -> Result<()> {
        let base = lock(&self.cursor).file.base;
        let file = loop {
            let mut cursor = lock(&self.cursor);
            self.accepts_writes(&cursor)?;
            if cursor.file.base != base || cursor.offset == FILE_HEADER_LEN {
                break Arc::clone(&cursor.file);
            }
            if cursor.next_takes(0) {
                self.switch(&mut cursor)?;
                break Arc::clone(&cursor.file);
            }
            drop(cursor);
            self.prepare()?;
        };
        self.sync_beginning(file)
    }

    /// Opens what the log holds of the sequences above `after`; `None` if it ends
    /// there. All of it is visible: writes under way are waited for. What is read
    /// stays on the disk until the reader is gone, whatever is released.
    pub(crate) fn read_after(
        &self,
        sequencer: &Sequencer,
        after: u64,
    ) -> Result<Option<LogReader>> {
        let spares = lock(&self.spares);
        let (parts, last_sequence) = self.parts_after(after);
        if last_sequence <= after {
            return Ok(None);
        }
        let reader = LogReader::open(&*self.fs, parts, after)?;
        drop(spares);
        // Once they are visible, the records are in their places.
        sequencer.wait_visible(last_sequence)?;
        Ok(Some(reader))
    }

    /// The files with records above `after`, up to where the log ends now; and the
    /// last sequence of the last record.
    fn parts_after(&self, after: u64) -> (Vec<Part>, u64) {
        let cursor = lock(&self.cursor);
        let is_after = |filled: &&Filled| filled.file.last_sequence > after;
        let filled = cursor.filled.iter().filter(is_after).map(|filled| Part {
            path: filled.file.path.clone(),
            base: filled.file.base,
            end: filled.file.used,
            reading: filled.file.readers.enter(),
        });
        let mut parts: Vec<_> = filled.collect();
        let file = &cursor.file;
        let (path, reading) = (file.path.clone(), file.readers.enter());
        parts.push(Part { path, base: file.base, end: cursor.offset, reading });
        (parts, cursor.last_sequence)
    }

    /// How many files hold records, the one that is written to among them.
    pub(crate) fn files(&self) -> usize {
        lock(&self.cursor).filled.len() + 1
    }

    /// All files, oldest first, and then those that are ready or kept for later.
    pub(crate) fn list(&self) -> Vec<LogFileStats> {
        let spares = lock(&self.spares);
        let cursor = lock(&self.cursor);
        let filled = cursor.filled.iter().map(|filled| {
            LogFileStats::new(
                filled.file.base,
                LogFileState::Waiting,
                filled.file.used,
                filled.file.len,
            )
        });
        let mut files: Vec<_> = filled.collect();
        let OpenFile { base, len, .. } = *cursor.file;
        files.push(LogFileStats::new(base, LogFileState::Active, cursor.offset, len));
        let next = cursor.next.as_ref();
        files.extend(
            next.map(|next| LogFileStats::new(next.base, LogFileState::Spare, 0, next.len)),
        );
        files.extend(spares.list());
        files
    }

    /// Where the next record goes: an LSN.
    pub(crate) fn end(&self) -> u64 {
        let cursor = lock(&self.cursor);
        cursor.file.base + cursor.offset
    }

    /// The bytes of records that a recovery would have to look at.
    pub(crate) fn live_bytes(&self) -> u64 {
        let cursor = lock(&self.cursor);
        cursor.offset + cursor.filled.iter().map(|filled| filled.file.used).sum::<u64>()
    }

    /// The bytes of all the log's files, the prepared and kept ones among them.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let spare = lock(&self.spares).bytes();
        let cursor = lock(&self.cursor);
        let filled: u64 = cursor.filled.iter().map(|filled| filled.file.len).sum();
        spare + filled + cursor.file.len + cursor.next.as_ref().map_or(0, |next| next.len)
    }

    /// Whether the log was closed.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.cursor).closed
    }

    /// Why no more writes are accepted, if a write or a sync failed.
    pub(crate) fn failure(&self) -> Option<Error> {
        if !self.has_failed.load(SeqCst) {
            return None;
        }
        lock(&self.failure).clone().map(Error::WritesFailed)
    }

    /// Syncs everything and marks the end of the log, so that a later recovery
    /// knows its last records to be durable. Nothing is accepted any more.
    pub(crate) fn close(&self, sequencer: &Sequencer) -> Result<()> {
        let was_closed = std::mem::replace(&mut lock(&self.cursor).closed, true);
        // A file that is being prepared would appear after the close.
        drop(self.lock_making());
        if let Some(error) = self.failure() {
            return Err(error);
        }
        if was_closed {
            return Ok(());
        }
        let target = self.target(sequencer);
        self.make_durable(sequencer, &target)?;
        let cursor = lock(&self.cursor);
        let (file, offset) = (Arc::clone(&cursor.file), cursor.offset);
        let last_sequence = cursor.last_sequence;
        drop(cursor);
        let lsn = file.base + offset;
        let header = RecordHeader::new((last_sequence, 0), (0, 0), (lsn, lsn));
        let slot = Slot { file: Arc::clone(&file), offset, payload_len: 0 };
        slot.put(&header.encode(lsn), &[]).inspect_err(|error| self.fail(error))?;
        self.sync_files(&[file], lsn + END_LEN)?;
        // What is empty need not stay. If it does, the next opening removes it.
        let _ = self.trim();
        if let Some(next) = lock(&self.cursor).next.take() {
            let _ = self.fs.remove(&next.path);
        }
        Ok(())
    }
}

/// The file that a log goes on in once it was opened: a short new one. Where there
/// is no room for that, one that is there already is taken, so that a database on
/// a full disk can be opened, to be read and to be thinned out.
fn first_file(
    fs: &dyn FileSystem,
    dir: &Path,
    base: u64,
    options: WalOptions,
    spares: &[PathBuf],
) -> Result<OpenFile> {
    let at_least = FILE_HEADER_LEN + END_LEN;
    let make = |len: u64, spare: Option<&Path>| {
        let len = len.min(options.file_len).max(at_least);
        OpenFile::make(fs, dir, base, len, spare, Blocks::Written, &mut |_| true)
    };
    match make(FIRST_LEN, None) {
        Err(Error::Io { kind: ErrorKind::StorageFull, .. }) => {
            make(LEAST_LEN, spares.first().map(PathBuf::as_path))
        }
        made => made,
    }
}

impl Wal {
    #[inline]
    fn accepts_writes(&self, cursor: &Cursor) -> Result<()> {
        if self.has_failed.load(SeqCst)
            && let Some(error) = self.failure()
        {
            return Err(error);
        }
        if cursor.closed { Err(Error::Closed) } else { Ok(()) }
    }

    /// Remembers the first failure: nothing is acknowledged any more.
    #[cold]
    fn fail(&self, error: &Error) {
        lock(&self.failure).get_or_insert_with(|| error.to_string());
        self.has_failed.store(true, SeqCst);
    }

    /// Goes on in the next file, which is ready. If it fails, nothing changed.
    #[cold]
    fn switch(&self, cursor: &mut Cursor) -> Result<()> {
        let Some(next) = cursor.next.clone() else { return Ok(()) };
        let header = FileHeader {
            base: next.base,
            previous_end: cursor.file.base + cursor.offset,
            previous_sequence: cursor.last_sequence,
            durable: self.durable_lsn.load(SeqCst),
        };
        // SAFETY: only who has the cursor's lock writes to the next file.
        unsafe { next.begin(&header) }?;
        cursor.next = None;
        let file = std::mem::replace(&mut cursor.file, next);
        let (base, len, used) = (file.base, file.len, cursor.offset);
        let last_sequence = cursor.last_sequence;
        let (path, readers) = (file.path.clone(), file.readers.clone());
        let filled = FileRef { path, base, len, used, last_sequence, readers };
        cursor.filled.push_back(Filled { file: filled, unsynced: Some(file) });
        (cursor.offset, cursor.records) = (FILE_HEADER_LEN, 0);
        Ok(())
    }

    /// What a sync would cover from now.
    fn target(&self, sequencer: &Sequencer) -> Target {
        let cursor = lock(&self.cursor);
        // Numbers of records are taken under the cursor's lock. So the records
        // of all sequences reserved by now lie before the cursor.
        let sequence = sequencer.reserved();
        let mut files: Vec<_> = cursor.filled.iter().filter_map(|f| f.unsynced.clone()).collect();
        files.push(Arc::clone(&cursor.file));
        let lsn = cursor.file.base + cursor.offset;
        Target { lsn, sequence, last_record: cursor.last_sequence, files }
    }

    fn make_durable(&self, sequencer: &Sequencer, target: &Target) -> Result<()> {
        // Once they are visible, the records are in their places.
        if target.last_record > self.durable() {
            sequencer.wait_visible(target.last_record)?;
        }
        if target.lsn > self.durable_lsn.load(SeqCst) {
            self.sync_files(&target.files, target.lsn)?;
        }
        let mut cursor = lock(&self.cursor);
        // The newest of the files may have been written to, and filled, since.
        let newest = target.files.last().map_or(0, |file| file.base);
        for filled in cursor.filled.iter_mut().filter(|filled| filled.file.base < newest) {
            filled.unsynced = None;
        }
        drop(cursor);
        self.durable_lsn.fetch_max(target.lsn, SeqCst);
        self.durable.fetch_max(target.sequence, SeqCst);
        Ok(())
    }

    /// Syncs files, all of whose records that count are in place. They end at the
    /// LSN `end`.
    fn sync_files(&self, files: &[Arc<OpenFile>], end: u64) -> Result<()> {
        let _syncing = lock(&self.syncing);
        if let Some(error) = self.failure() {
            return Err(error);
        }
        for file in files {
            file.sync(end.saturating_sub(file.base)).inspect_err(|error| self.fail(error))?;
        }
        Ok(())
    }

    /// Makes durable that a file was begun, if it is not.
    fn sync_beginning(&self, file: Arc<OpenFile>) -> Result<()> {
        if file.is_begun() {
            return Ok(());
        }
        let end = file.base + FILE_HEADER_LEN;
        self.sync_files(&[file], end)
    }
}

impl Slot {
    /// Copies a record into its place.
    #[inline]
    fn put(&self, header: &[u8; record::HEADER_LEN], parts: &[&[u8]]) -> Result<()> {
        let mut at = self.offset;
        for part in std::iter::once(&header[..]).chain(parts.iter().copied()) {
            // SAFETY: the cursor gave this range, within the file, to this slot
            // alone, and the parts are as long as was asked for.
            unsafe { self.file.log.write_at(at, part) }?;
            at += part.len() as u64;
        }
        Ok(())
    }
}
