//! The real file system.

use super::{Blocks, FileSystem, LONG_RECORD, Lock, LogFile, Mapping, NewFile, ReadFile, io_error};
use crate::error::{Error, Result};
use memmap2::{MmapOptions, MmapRaw, UncheckedAdvice};
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::{Errno, retry_on_intr};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The system's files.
///
/// A mapped file must not be cut by anyone else: reading what is gone ends the
/// process. So does a media error under a mapping.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

/// How much of a log file is written at once when it is made. A longer write
/// makes the page cache use larger pages, and a sync then writes such a page
/// whole for each small record: 1 MiB took 2.7 times as long a sync.
static ZEROS: [u8; 16 << 10] = [0; 16 << 10];

/// How much is written to a file before it is synced. The disk takes what it is given one
/// after the other, so whoever syncs the log meanwhile waits for a piece at most, and not
/// for a whole segment.
const PIECE: u64 = 1 << 20;
/// Likewise of a log file that is made. Small pieces take longer in all, on a slow disk many times
/// as long, but a log file is made in advance.
const LOG_PIECE: u64 = 256 << 10;
/// Of one that is wanted soon.
const SOON_PIECE: u64 = 4 << 20;

/// Names the operation and the path in an error.
trait Context<T> {
    fn context(self, operation: &'static str, path: &Path) -> Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, operation: &'static str, path: &Path) -> Result<T> {
        self.map_err(|error| io_error(operation, path, &error))
    }
}

impl FileSystem for Disk {
    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        let parent = match dir.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => Path::new("/"),
        };
        self.create_dir_all(parent)?;
        match fs::create_dir(dir) {
            // Someone else was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
            made => made.context("create directory", dir)?,
        }
        self.sync_dir(parent)
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).context("list", dir)? {
            let entry = entry.context("list", dir)?;
            let is_file = entry.file_type().context("list", dir)?.is_file();
            // A name that is not UTF-8 is none of ours.
            if let (true, Ok(name)) = (is_file, entry.file_name().into_string()) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn list_others(&self, dir: &Path) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).context("list", dir)? {
            let entry = entry.context("list", dir)?;
            // Where a link leads, counts.
            if !entry.path().is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Ok(names)
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        path.try_exists().context("look up", path)
    }

    fn file_len(&self, path: &Path) -> Result<u64> {
        Ok(fs::metadata(path).context("look up", path)?.len())
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        fs::read(path).context("read", path)
    }

    fn map(&self, path: &Path) -> Result<Mapping> {
        let file = File::open(path).context("open", path)?;
        if !file.metadata().context("look up", path)?.is_file() {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "it is not a file");
            return Err(io_error("map", path, &error));
        }
        // SAFETY: the caller maps what does not change any more; that nobody
        // else changes the file is assumed of the system.
        let map = unsafe { MmapOptions::new().map(&file) };
        map.context("map", path).map(Mapping::of_file)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn ReadFile>> {
        let file = File::open(path).context("open", path)?;
        Ok(Box::new(DiskFile { file, path: path.into(), unsynced: 0 }))
    }

    fn create(&self, path: &Path) -> Result<Box<dyn NewFile>> {
        let file = File::create_new(path).context("create", path)?;
        Ok(Box::new(DiskFile { file, path: path.into(), unsynced: 0 }))
    }

    fn open_log(
        &self,
        path: &Path,
        len: u64,
        blocks: Blocks,
        between: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Arc<dyn LogFile>> {
        let options = &mut OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = file.context("open", path)?;
        let had = file.metadata().context("look up", path)?.len();
        if had < len
            && let Err(error) = lengthen(&file, had, len, blocks, between)
        {
            // The space is given back if it can be; the first error is told.
            let _ = file.set_len(had);
            return Err(io_error("extend", path, &error));
        }
        let map = MmapOptions::new().map_raw(&file).context("map", path)?;
        let let_go = AtomicU64::new(0);
        Ok(Arc::new(DiskLog { file, map, let_go, path: path.into() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to).context("rename", from)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        fs::remove_file(path).context("remove", path)
    }

    fn link(&self, from: &Path, to: &Path) -> Result<()> {
        fs::hard_link(from, to).context("link", to)
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        File::open(dir).and_then(|dir| dir.sync_all()).context("sync directory", dir)
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Lock>> {
        let options = &mut OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        // A lock needs no right to write. Who has one and writes all the same is
        // told so by the first file.
        let file = match file {
            Err(error) if may_not_write(&error) => File::open(path).map_err(|_| error),
            file => file,
        };
        let file = file.context("open", path)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(DiskLock { _file: file })),
            Err(TryLockError::WouldBlock) => Err(Error::Locked(path.display().to_string())),
            Err(TryLockError::Error(error)) => Err(io_error("lock", path, &error)),
        }
    }
}

fn may_not_write(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Appends zeros to a file, durably: see [`FileSystem::open_log`].
fn lengthen(
    file: &File,
    from: u64,
    to: u64,
    blocks: Blocks,
    between: &mut dyn FnMut(u64) -> bool,
) -> io::Result<()> {
    if blocks == Blocks::Reserved {
        match retry_on_intr(|| fallocate(file, FallocateFlags::empty(), from, to - from)) {
            Ok(()) => return file.sync_data(),
            Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => return Err(error.into()),
            Err(_) => {} // not here, or not allowed
        }
    }
    write_zeros(file, from, to, between)
}

/// Writes zeros in place of a part of a file, durably, and calls `between` between two pieces:
/// see [`FileSystem::open_log`].
fn write_zeros(
    file: &File,
    mut from: u64,
    to: u64,
    between: &mut dyn FnMut(u64) -> bool,
) -> io::Result<()> {
    let mut soon = false;
    while from < to {
        let piece = to.min(from + if soon { SOON_PIECE } else { LOG_PIECE });
        while from < piece {
            let len = (ZEROS.len() as u64).min(piece - from) as usize;
            file.write_all_at(&ZEROS[..len], from)?;
            from += len as u64;
        }
        file.sync_data()?;
        if from < to {
            soon = between(from);
        }
    }
    Ok(())
}

struct DiskFile {
    file: File,
    path: PathBuf,
    /// Bytes that were written since the last sync.
    unsynced: u64,
}

impl NewFile for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).context("write", &self.path)?;
        self.unsynced += bytes.len() as u64;
        if self.unsynced >= PIECE { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<()> {
        self.unsynced = 0;
        self.file.sync_data().context("sync", &self.path)
    }
}

impl ReadFile for DiskFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.file.read_exact_at(buffer, offset).context("read", &self.path)
    }
}

/// A log file, mapped: a write is a copy into the page cache, without a call of
/// the system unless it is [`LONG_RECORD`]. Its blocks are there, so that a page that is
/// touched needs none.
struct DiskLog {
    file: File,
    map: MmapRaw,
    /// Pages of the map below this offset were let go; see [`DiskLog::let_go`].
    let_go: AtomicU64,
    path: PathBuf,
}

/// The size of a page: at least the system's, and a multiple of it.
const PAGE: u64 = 64 << 10;
/// How much of a map is filled until it is let go, if no sync comes before.
const WINDOW: u64 = 1 << 20;

impl DiskLog {
    /// Takes the pages that end below `end` out of the map, all at once. They stay
    /// in the page cache, and who touches them again gets them back.
    ///
    /// The system would write-protect each of them before it writes it to the
    /// disk, and interrupt the other processors for each one. And as long as they are in the
    /// map, they count as the process's memory.
    fn let_go(&self, end: u64) {
        let end = end.min(self.len()) / PAGE * PAGE;
        let start = self.let_go.fetch_max(end, Relaxed);
        if start < end {
            // SAFETY: the map is a file's and shared, so that nothing of it is lost
            // with the pages' places in it.
            let advised = unsafe {
                let (start, len) = (start as usize, (end - start) as usize);
                self.map.unchecked_advise_range(UncheckedAdvice::DontNeed, start, len)
            };
            // It is no more than faster.
            let _ = advised;
        }
    }
}

impl LogFile for DiskLog {
    fn len(&self) -> u64 {
        self.map.len() as u64
    }

    #[inline]
    unsafe fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        debug_assert!(offset + bytes.len() as u64 <= self.len());
        // One fault for each page that the map has let go would take longer. Both ways lead
        // into the same pages of the page cache.
        if bytes.len() >= LONG_RECORD {
            return self.file.write_all_at(bytes, offset).context("write", &self.path);
        }
        // SAFETY: the range is within the map, and nobody else writes to it, as
        // the caller promises; nobody reads it through this map.
        unsafe {
            let to = self.map.as_mut_ptr().add(offset as usize);
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        if offset / WINDOW != (offset + bytes.len() as u64) / WINDOW {
            self.let_go(offset);
        }
        Ok(())
    }

    fn sync(&self, end: u64) -> Result<()> {
        self.let_go(end);
        // On Linux this also writes what came in through the map.
        self.file.sync_data().context("sync", &self.path)
    }
}

/// The lock belongs to the open file, so that a second opening in this process
/// conflicts, and ends with it.
struct DiskLock {
    _file: File,
}

impl Lock for DiskLock {}

#[cfg(test)]
mod tests;
