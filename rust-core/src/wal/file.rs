//! The log's files: open, filled, and kept to be used again.

use super::header::{self, FileHeader};
use super::record::ALIGN;
use super::stats::{LogFileState, LogFileStats};
use crate::error::Result;
use crate::fs::{FileSystem, LogFile};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
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
    /// It is blank. If it cannot be made, nothing is left of it. `between` is that of
    /// [`FileSystem::open_log`].
    pub(super) fn make(
        fs: &dyn FileSystem,
        dir: &Path,
        base: u64,
        len: u64,
        spare: Option<&Path>,
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
            let log = fs.open_log(&path, len, between)?;
            if spare.is_none() {
                fs.sync_dir(dir)?;
            }
            Ok(log)
        });
        match made {
            Ok(log) => {
                let len = log.len() / ALIGN * ALIGN;
                Ok(Self { path, base, len, log, readers: Readers::default() })
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
    /// How many are kept at least, the one that is ready to follow among them.
    const LEAST: usize = 2;
    /// After that, fewer files in use are believed.
    const MEMORY: Duration = Duration::from_secs(10);

    /// Takes the longest one.
    pub(super) fn take(&mut self) -> Option<PathBuf> {
        let (longest, _) = self.files.iter().enumerate().max_by_key(|(_, (_, len))| *len)?;
        Some(self.files.swap_remove(longest).0)
    }

    /// Notes how many files hold records or are ready when some are about to be released: so
    /// many the next flush will want as well. The most is remembered for [`Self::MEMORY`].
    pub(super) fn note_use(&mut self, files: usize, now: Instant) {
        let lasts = |noted: Instant| now.saturating_duration_since(noted) < Self::MEMORY;
        if !self.most_used.is_some_and(|(most, noted)| most > files && lasts(noted)) {
            self.most_used = Some((files, now));
        }
    }

    /// Forgets what was noted: the log rests.
    pub(super) fn forget_use(&mut self) {
        self.most_used = None;
    }

    /// Whether another one is wanted, if `in_use` hold records and `ready` are ready to follow:
    /// all together are no more than were noted, but for [`Self::LEAST`].
    pub(super) fn has_room(&self, in_use: usize, ready: usize) -> bool {
        self.files.len() + ready < self.most(in_use)
    }

    /// Takes one that is more than there is room for, the shortest.
    pub(super) fn take_surplus(&mut self, in_use: usize, ready: usize) -> Option<PathBuf> {
        if self.files.len() + ready <= self.most(in_use) {
            return None;
        }
        let (shortest, _) = self.files.iter().enumerate().min_by_key(|(_, (_, len))| *len)?;
        Some(self.files.swap_remove(shortest).0)
    }

    fn most(&self, in_use: usize) -> usize {
        let most_used = self.most_used.map_or(0, |(most, _)| most);
        Self::LEAST.max(most_used.saturating_sub(in_use))
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

    #[test]
    fn what_was_used_is_forgotten_after_a_while() {
        let mut spares = Spares::default();
        let start = Instant::now();
        let room = |spares: &Spares| (0..).take_while(|&ready| spares.has_room(1, ready)).count();
        assert_eq!(room(&spares), Spares::LEAST);
        spares.note_use(6, start);
        spares.note_use(3, start + Spares::MEMORY / 2);
        assert_eq!(room(&spares), 5);
        for name in ["a", "b", "c", "d", "e"] {
            spares.add(name.into(), name.as_bytes()[0].into());
        }
        assert_eq!(spares.take_surplus(1, 0), None);
        spares.note_use(3, start + Spares::MEMORY);
        assert_eq!(room(&spares), 0);
        let surplus: Vec<_> = std::iter::from_fn(|| spares.take_surplus(1, 0)).collect();
        assert_eq!(surplus, ["a", "b", "c"].map(PathBuf::from), "the shortest");
    }
}
