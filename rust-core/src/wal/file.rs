//! The log's files: open, filled, and kept to be used again.

use super::header::{self, FileHeader};
use super::record::ALIGN;
use super::stats::{LogFileState, LogFileStats};
use crate::error::Result;
use crate::fs::{Blocks, FileSystem, LogFile};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// A file that is written to.
pub(super) struct OpenFile {
    pub(super) path: PathBuf,
    /// The LSN of the first byte.
    pub(super) base: u64,
    /// The length in bytes, a multiple of 8.
    pub(super) len: u64,
    pub(super) log: Arc<dyn LogFile>,
    pub(super) readers: Readers,
    /// Its header is on the disk, so that what is left of the files before it counts no more
    /// than that says.
    is_begun: AtomicBool,
    /// How often it was synced since then.
    syncs: AtomicU64,
}

/// Counts those who read a file while the log goes on. One that is being read is
/// not used again once it is let go, but removed: they have it open, and go on to
/// find in it what it held.
#[derive(Debug, Clone, Default)]
pub(super) struct Readers(Arc<AtomicUsize>);

/// Somebody who reads a file.
pub(super) struct Reading(Arc<AtomicUsize>);

impl Readers {
    pub(super) fn enter(&self) -> Reading {
        self.0.fetch_add(1, SeqCst);
        Reading(Arc::clone(&self.0))
    }

    pub(super) fn is_any(&self) -> bool {
        self.0.load(SeqCst) > 0
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl OpenFile {
    /// The file whose first byte is `base`, under its name, made from a spare
    /// one if there is one: at least `len` bytes long, name and blocks durable.
    /// It is blank. If it cannot be made, nothing is left of it. `blocks` and `between` are
    /// those of [`FileSystem::open_log`].
    pub(super) fn make(
        fs: &dyn FileSystem,
        dir: &Path,
        base: u64,
        len: u64,
        spare: Option<&Path>,
        blocks: Blocks,
        between: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Self> {
        let path = dir.join(header::file_name(base));
        let made = match spare {
            // The new name is durable before the file changes: under the old
            // one, the file might still be a part of the log.
            Some(spare) if spare != path => fs.rename(spare, &path).and_then(|()| fs.sync_dir(dir)),
            _ => Ok(()),
        };
        let made = made.and_then(|()| {
            let log = fs.open_log(&path, len, blocks, between)?;
            if spare.is_none() {
                fs.sync_dir(dir)?;
            }
            Ok(log)
        });
        match made {
            Ok(log) => {
                let len = log.len() / ALIGN * ALIGN;
                let readers = Readers::default();
                let (is_begun, syncs) = Default::default();
                Ok(Self { path, base, len, log, readers, is_begun, syncs })
            }
            Err(error) => {
                // What cannot be removed now is blank, and is found at the next
                // start. The first error is told.
                let _ = fs.remove(&path);
                Err(error)
            }
        }
    }

    /// Makes the file a part of the log. The header becomes durable with the
    /// file's next sync.
    ///
    /// # Safety
    /// Nobody else writes to the file meanwhile.
    pub(super) unsafe fn begin(&self, header: &FileHeader) -> Result<()> {
        // SAFETY: a file is longer than its header, and the caller promises the
        // rest.
        unsafe { self.log.write_at(0, &header.encode()) }
    }

    /// Makes durable what is in the file, which was begun. Most of that ends at `end`.
    pub(super) fn sync(&self, end: u64) -> Result<()> {
        self.log.sync(end)?;
        if self.is_begun.swap(true, SeqCst) {
            self.syncs.fetch_add(1, SeqCst);
        }
        Ok(())
    }

    /// Whether the header is on the disk.
    pub(super) fn is_begun(&self) -> bool {
        self.is_begun.load(SeqCst)
    }

    /// How often it was synced since its header is on the disk.
    pub(super) fn syncs(&self) -> u64 {
        self.syncs.load(SeqCst)
    }
}

/// A file that is a part of the log and is not written to any more.
#[derive(Debug, Clone)]
pub(super) struct FileRef {
    pub(super) path: PathBuf,
    pub(super) base: u64,
    /// Its length in bytes.
    pub(super) len: u64,
    /// The bytes up to the end of its last record.
    pub(super) used: u64,
    /// The last sequence of the last record in it or before it.
    pub(super) last_sequence: u64,
    pub(super) readers: Readers,
}

/// Files that are kept to be used again, so that their blocks need not be
/// found and written anew.
#[derive(Debug, Default)]
pub(super) struct Spares {
    files: Vec<(PathBuf, u64)>,
    /// The most that were noted by [`Spares::note_use`], and when.
    most_used: Option<(usize, Instant)>,
}

impl Spares {
    /// For so long, what was used is expected to be used again.
    const MEMORY: Duration = Duration::from_secs(10);

    /// Takes the longest one.
    pub(super) fn take(&mut self) -> Option<PathBuf> {
        let (longest, _) = self.files.iter().enumerate().max_by_key(|(_, (_, len))| *len)?;
        Some(self.files.swap_remove(longest).0)
    }

    /// Notes how many files hold records or are ready when some are about to be released: so
    /// many the next flush will want as well. The most is remembered for [`Self::MEMORY`].
    pub(super) fn note_use(&mut self, files: usize, now: Instant) {
        self.forget_old_use(now);
        if self.most_used.is_none_or(|(most, _)| most <= files) {
            self.most_used = Some((files, now));
        }
    }

    /// Forgets what was noted: the log rests.
    pub(super) fn forget_use(&mut self) {
        self.most_used = None;
    }

    fn forget_old_use(&mut self, now: Instant) {
        let is_old = |noted| now.saturating_duration_since(noted) >= Self::MEMORY;
        self.most_used.take_if(|(_, noted)| is_old(*noted));
    }

    /// Takes the shortest one, with its length, if there are too many: all together, with the
    /// `in_use` that hold records or are ready to follow, are no more than were noted, and one
    /// is kept in any case.
    pub(super) fn take_surplus(&mut self, in_use: usize, now: Instant) -> Option<(PathBuf, u64)> {
        self.forget_old_use(now);
        let noted = self.most_used.map_or(0, |(most, _)| most);
        if self.files.len() <= noted.saturating_sub(in_use).max(1) {
            return None;
        }
        let (shortest, _) = self.files.iter().enumerate().min_by_key(|(_, (_, len))| *len)?;
        Some(self.files.swap_remove(shortest))
    }

    pub(super) fn add(&mut self, path: PathBuf, len: u64) {
        self.files.push((path, len));
    }

    /// Those that are kept.
    pub(super) fn list(&self) -> impl Iterator<Item = LogFileStats> {
        self.files.iter().map(|(path, len)| {
            let name = path.file_name().and_then(|name| name.to_str());
            let base = name.and_then(header::spare_base).unwrap_or_default();
            LogFileStats::new(base, LogFileState::Spare, 0, *len)
        })
    }

    /// The bytes of all.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, len)| len).sum()
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    fn kept(spares: &mut Spares, in_use: usize, now: Instant) -> Vec<u64> {
        while spares.take_surplus(in_use, now).is_some() {}
        spares.files.iter().map(|(_, len)| *len).collect()
    }

    #[test]
    fn what_was_used_is_forgotten_after_a_while() {
        let mut spares = Spares::default();
        let start = Instant::now();
        (1..=6).for_each(|len| spares.add(len.to_string().into(), len));
        spares.note_use(6, start);
        spares.note_use(3, start + Spares::MEMORY / 2);
        assert_eq!(kept(&mut spares, 2, start + Spares::MEMORY / 2), [6, 5, 3, 4]);
        spares.note_use(4, start + Spares::MEMORY);
        assert_eq!(kept(&mut spares, 2, start + Spares::MEMORY), [6, 5]);
        assert_eq!(kept(&mut spares, 2, start + 2 * Spares::MEMORY), [6], "one is kept");
        assert_eq!(kept(&mut spares, 9, start + 3 * Spares::MEMORY), [6]);
    }
}
