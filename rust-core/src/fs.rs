//! The file system as the storage needs it: a seam behind which tests lose
//! power, fill the disk and flip bits.
//!
//! Every error is [`Error::Io`] and names the operation and the path.
//!
//! What is assumed of the media: after a successful sync, what was written
//! before it survives a loss of power; what was not synced may be lost, in any
//! part and in any order, in sectors of 512 bytes. A rename is atomic; it, a
//! creation, a link and a removal are durable once the directory is synced.

mod disk;
#[cfg(test)]
pub(crate) mod scratch;
#[cfg(any(test, feature = "sim"))]
#[doc(hidden)]
pub mod sim;

use crate::error::{Error, Result};
use std::fmt::Debug;
use std::io;
use std::ops::{Deref, Range};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

pub use disk::Disk;

/// A file system. Paths of one storage are in one directory, or in folders of it.
pub trait FileSystem: Send + Sync + Debug {
    /// Makes a directory and its parents, durably. One that exists is fine.
    fn create_dir_all(&self, dir: &Path) -> Result<()>;
    /// The names of a directory's files, in no order.
    fn list(&self, dir: &Path) -> Result<Vec<String>>;
    /// The names of what else a directory holds: directories, devices, links that
    /// lead to no file.
    fn list_others(&self, dir: &Path) -> Result<Vec<String>>;
    /// Whether a file or a directory exists.
    fn exists(&self, path: &Path) -> Result<bool>;
    /// A file's length in bytes.
    fn file_len(&self, path: &Path) -> Result<u64>;
    /// A whole file, read into memory.
    fn read(&self, path: &Path) -> Result<Vec<u8>>;
    /// Maps a file that does not change any more.
    fn map(&self, path: &Path) -> Result<Mapping>;
    /// Opens a file to be read, which may be written to, renamed and removed
    /// meanwhile.
    fn open(&self, path: &Path) -> Result<Box<dyn ReadFile>>;
    /// Makes a new file to be written once, from its start to its end. A file
    /// that exists is an error.
    fn create(&self, path: &Path) -> Result<Box<dyn NewFile>>;
    /// Opens a file for a log, or makes it: at least `len` bytes long, its
    /// blocks there and synced, so that no later write lacks space. What it
    /// holds already stays, zeros follow. If it cannot be made as long, it is left as
    /// long as it was, and a new one may be left behind, empty.
    ///
    /// If zeros are written, that is in pieces. `between` is called between two of them,
    /// with the length that is there: who is in no hurry rests in it, and leaves the disk
    /// to others. It tells whether the rest is wanted soon, and so in longer pieces.
    fn open_log(
        &self,
        path: &Path,
        len: u64,
        blocks: Blocks,
        between: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Arc<dyn LogFile>>;
    /// Renames a file; one of the new name is replaced.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> Result<()>;
    /// Gives a file a second name.
    fn link(&self, from: &Path, to: &Path) -> Result<()>;
    /// Makes creations, renames, links and removals in a directory durable.
    fn sync_dir(&self, dir: &Path) -> Result<()>;
    /// Takes the lock that a file stands for, which is made if need be, or fails
    /// with [`Error::Locked`](crate::Error::Locked) if it is taken, by this
    /// process or another. Dropping it, or the process's end, releases it.
    fn lock(&self, path: &Path) -> Result<Box<dyn Lock>>;
}

/// How a log file gets its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocks {
    /// They are written with zeros: that takes long, and no later write of a short record,
    /// nor its sync, has more to do than with its bytes.
    Written,
    /// They are set aside, which is done at once; or written, where the system cannot.
    Reserved,
}

/// A longer record costs as much in a file whose blocks are [`Blocks::Reserved`].
pub(crate) const LONG_RECORD: usize = 16 << 10;

/// A file that is open to be read. It stays what it was when it loses its name.
pub trait ReadFile: Send + Sync {
    /// Reads bytes from a place into the whole of a buffer. It is an error if the
    /// file ends before.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()>;
}

/// A file that is being written, once, in order.
pub trait NewFile: Send {
    /// Appends bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
    /// Makes everything written durable. The file's name is the directory's
    /// concern.
    fn sync(&mut self) -> Result<()>;
}

/// A log file: written at any place, by many threads.
pub trait LogFile: Send + Sync {
    /// The file's length in bytes.
    fn len(&self) -> u64;
    /// Whether there is no room at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Writes bytes at a place. They survive the end of the process from then
    /// on, and the loss of power after the next sync.
    ///
    /// # Safety
    /// The range is within the file, and no other call writes to it meanwhile.
    unsafe fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()>;
    /// Makes everything written before the call durable. Once this failed, what
    /// was not durable before may never be: a later success says nothing of it.
    ///
    /// Most of what is to be made durable ends at the offset `end`, and is not
    /// written again: a hint, which only saves time.
    fn sync(&self, end: u64) -> Result<()>;
}

/// A lock that is held.
pub trait Lock: Send + Sync {}

/// A file's bytes, aligned to 16. They do not change.
pub struct Mapping {
    start: NonNull<u8>,
    len: usize,
    owner: Owner,
}

/// What keeps the bytes of a [`Mapping`] where they are.
enum Owner {
    File(memmap2::Mmap),
    Memory(#[expect(dead_code, reason = "held, not read")] Arc<dyn Send + Sync>),
}

/// How a mapping is going to be read: a hint to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Here and there: nothing is read ahead.
    Random,
    /// From its start to its end: much is read ahead.
    Sequential,
    /// All of it, soon.
    Soon,
}

// SAFETY: the bytes are only read, and their owner can be sent and shared.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Wraps what holds the bytes, which must be aligned to 16.
    pub fn new(bytes: impl Deref<Target = [u8]> + Send + Sync + 'static) -> Self {
        // In an Arc it does not move, and is not touched again until it is dropped.
        let owner = Arc::new(bytes);
        let bytes: &[u8] = &owner;
        let (start, len) = (NonNull::from(bytes).cast(), bytes.len());
        debug_assert!(start.addr().get().is_multiple_of(16));
        Self { start, len, owner: Owner::Memory(owner) }
    }

    fn of_file(map: memmap2::Mmap) -> Self {
        let (start, len) = (NonNull::from(&map[..]).cast(), map.len());
        Self { start, len, owner: Owner::File(map) }
    }

    /// Tells the system how the bytes will be read. It may ignore that.
    pub fn advise(&self, access: Access) {
        let advice = match access {
            Access::Random => memmap2::Advice::Random,
            Access::Sequential => memmap2::Advice::Sequential,
            Access::Soon => memmap2::Advice::WillNeed,
        };
        if let Owner::File(map) = &self.owner {
            // A hint that is refused changes no result.
            let _ = map.advise(advice);
        }
    }

    /// Tells the system that a part will be read soon, as far as it is there.
    pub fn read_ahead(&self, part: Range<usize>) {
        let len = part.end.min(self.len).saturating_sub(part.start);
        if let Owner::File(map) = &self.owner
            && len > 0
        {
            // A hint, too.
            let _ = map.advise_range(memmap2::Advice::WillNeed, part.start, len);
        }
    }

    /// Has the system keep a part in memory until the file is unmapped, whole pages of
    /// it. Tells whether it does; it may not, for any reason.
    pub fn pin(&self, part: Range<usize>) -> bool {
        let Some(bytes) = self.get(part) else { return false };
        let Owner::File(_) = &self.owner else { return false };
        // SAFETY: the range is mapped; locking it changes neither content nor access.
        unsafe { rustix::mm::mlock(bytes.as_ptr().cast_mut().cast(), bytes.len()) }.is_ok()
    }
}

impl Deref for Mapping {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: `owner` keeps these bytes in place and unchanged for as long
        // as `self` lives.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

/// The system's error as the core's.
pub(crate) fn io_error(operation: &'static str, path: &Path, error: &io::Error) -> Error {
    Error::Io {
        operation,
        path: path.display().to_string(),
        kind: error.kind(),
        reason: error.to_string(),
    }
}
