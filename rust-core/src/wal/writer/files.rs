//! The files of the log: the next one is made ahead, old ones are used again or removed.

use super::{NEXT_LEN, Wal};
use crate::error::{Error, Result};
use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::{MutexGuard, lock, try_lock};
use crate::wal::cursor::Filled;
use crate::wal::file::{FileRef, OpenFile};
use crate::wal::header::{FILE_HEADER_LEN, spare_name};
use crate::wal::pace::{Pace, is_late};
use crate::wal::record::{ALIGN, END_LEN};
use std::sync::Arc;
use std::time::Instant;

/// What is known of the file that is made next.
#[derive(Default)]
pub(in crate::wal) struct Making {
    /// It is to be a short one.
    is_short: bool,
}

impl Wal {
    /// Makes the next file ready, so that no writer has to: with rests, while there is time.
    /// That takes long on a slow disk. `meanwhile` is called between its pieces and in rests,
    /// and tells whether there is none for them.
    pub(crate) fn prepare_spare(&self, meanwhile: &mut dyn FnMut() -> bool) -> Result<()> {
        let mut pace = Pace::start();
        let mut between = |there, len| {
            pace.rest(|| meanwhile() || self.hurries(there, len));
            self.is_wanted()
        };
        self.make_next(self.lock_making(), 0, &mut between)
    }

    /// Whether no file is ready to follow the current one.
    pub(crate) fn wants_spare(&self) -> bool {
        lock(&self.cursor).next.is_none()
    }

    /// Waits until no file is being made, and has none made.
    pub(in crate::wal) fn lock_making(&self) -> MutexGuard<'_, Making> {
        self.awaiting.fetch_add(1, SeqCst);
        let making = lock(&self.making);
        self.awaiting.fetch_sub(1, SeqCst);
        making
    }

    /// Whether the next file is to be made without rests, when there are `there` bytes of
    /// `len`: somebody waits for it, or may have to.
    pub(in crate::wal) fn hurries(&self, there: u64, len: u64) -> bool {
        if self.awaiting.load(SeqCst) > 0 || self.is_wanted() {
            return true;
        }
        let cursor = lock(&self.cursor);
        cursor.closed || is_late(there as f64 / len as f64, cursor.fill())
    }

    /// Whether a writer is to come back for the next file. The rest is made in long pieces then,
    /// and so is there sooner: who waits for a sync behind one wants the file next.
    fn is_wanted(&self) -> bool {
        self.wanted.load(SeqCst)
    }

    /// Whether a record of `len` bytes has a place, or who writes it may make the file for it.
    pub(crate) fn may_take(&self, len: u64) -> bool {
        let cursor = lock(&self.cursor);
        let has_place = len <= cursor.room() || cursor.next_takes(len);
        drop(cursor);
        has_place || try_lock(&self.making).is_some()
    }

    /// Makes the next file ready, without rests.
    pub(super) fn prepare(&self) -> Result<()> {
        self.make_next(self.lock_making(), 0, &mut |_, _| self.is_wanted())
    }

    /// Makes the next file ready for a writer's record of `len` bytes, padding included;
    /// [`Error::Busy`] if somebody else is at it. To wait in here would hold a thread of the
    /// system for each waiting goroutine.
    #[cold]
    pub(super) fn prepare_for(&self, len: u64) -> Result<()> {
        let Some(making) = try_lock(&self.making) else {
            self.wanted.store(true, SeqCst);
            return Err(Error::Busy);
        };
        self.make_next(making, len, &mut |_, _| true)
    }

    /// Makes the next file ready for a record of `len` bytes. `between` is called between its
    /// pieces, with the length that is there and the one that is to be; it tells whether the
    /// rest is wanted soon.
    pub(in crate::wal) fn make_next(
        &self,
        mut making: MutexGuard<'_, Making>,
        len: u64,
        between: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<()> {
        self.wanted.store(false, SeqCst);
        let (base, mut wanted, blocks, short) = {
            let mut cursor = lock(&self.cursor);
            if cursor.closed {
                return Err(Error::Closed);
            }
            // Others may have been here, and may have gone on to that file.
            let has_room = len > 0 && len <= cursor.room();
            if cursor.next_takes(len) || has_room {
                return Ok(());
            }
            let file = &cursor.file;
            // While there is no next file, nobody goes on to another, so that
            // this one stays the last.
            let twice = if making.is_short { 0 } else { file.len.saturating_mul(2) };
            let blocks = cursor.next_blocks(len);
            (file.base + file.len, twice, blocks, cursor.next.take())
        };
        wanted = wanted.max(NEXT_LEN).min(self.options.file_len);
        wanted = wanted.max(FILE_HEADER_LEN + len + END_LEN).next_multiple_of(ALIGN);
        // One that is ready but too short is made longer, under its name.
        let spare = short.map(|file| file.path.clone()).or_else(|| lock(&self.spares).take());
        let between = &mut |there| between(there, wanted);
        let spare = spare.as_deref();
        let made = OpenFile::make(&*self.fs, &self.dir, base, wanted, spare, blocks, between)?;
        lock(&self.cursor).next = Some(Arc::new(made));
        making.is_short = false;
        Ok(())
    }

    /// Gives up the oldest files whose records are all at or below `flushed`, which
    /// must be safe elsewhere: they are kept to be used again, see [`Wal::drop_surplus`],
    /// or removed.
    pub(crate) fn release(&self, flushed: u64) -> Result<()> {
        let mut spares = lock(&self.spares);
        let (files, behind) = self.releasable(flushed);
        behind.map_or(Ok(()), |file| self.sync_beginning(file))?;
        if !files.is_empty() {
            spares.note_use(self.files() + self.ready(), Instant::now());
        }
        for file in files {
            // Readers enter under the lock that is held.
            if file.len <= self.options.file_len && !file.readers.is_any() {
                let spare = self.dir.join(spare_name(file.base));
                self.fs.rename(&file.path, &spare)?;
                spares.add(spare, file.len);
            } else {
                self.fs.remove(&file.path)?;
            }
            lock(&self.cursor).filled.pop_front();
        }
        Ok(())
    }

    /// How many files are ready to follow the current one, or are being made.
    fn ready(&self) -> usize {
        usize::from(!self.wants_spare() || try_lock(&self.making).is_none())
    }

    /// Removes what is kept to be used again and is more than will be, as far as is known
    /// at this time. To be called now and then.
    pub(crate) fn drop_surplus(&self, now: Instant) -> Result<()> {
        let mut spares = lock(&self.spares);
        while let Some((path, len)) = spares.take_surplus(self.files() + self.ready(), now) {
            if let Err(error) = self.fs.remove(&path) {
                spares.add(path, len);
                return Err(error);
            }
        }
        Ok(())
    }

    /// The oldest files, as far as their records are at or below `flushed`; and, if there are
    /// any, the file behind them, unless all of it is synced. Its header tells that they are
    /// not needed, so that a recovery never looks into them. It has to be on the disk before
    /// they are removed: without it, later files would be found behind a gap.
    ///
    /// They themselves need no sync. Their removals may be lost with the power, some and not
    /// others, and what is found of them may be torn.
    fn releasable(&self, flushed: u64) -> (Vec<FileRef>, Option<Arc<OpenFile>>) {
        let cursor = lock(&self.cursor);
        let is_released = |filled: &&Filled| filled.file.last_sequence <= flushed;
        let released = cursor.filled.iter().take_while(is_released);
        let files: Vec<_> = released.map(|filled| filled.file.clone()).collect();
        let behind = match cursor.filled.get(files.len()) {
            _ if files.is_empty() => None,
            Some(behind) => behind.unsynced.clone(),
            None => Some(Arc::clone(&cursor.file)),
        };
        (files, behind)
    }

    /// Gives up the files that are kept to be used again, and the one that is ready, if it
    /// is long: a short one is to follow.
    pub(crate) fn trim(&self) -> Result<()> {
        let mut making = self.lock_making();
        let mut spares = lock(&self.spares);
        while let Some(spare) = spares.take() {
            self.fs.remove(&spare)?;
        }
        spares.forget_use();
        let mut cursor = lock(&self.cursor);
        let long = cursor.next.take_if(|next| next.len > NEXT_LEN);
        making.is_short |= cursor.next.is_none();
        drop(cursor);
        // It is known no more: what is left of it after an error, the next opening removes.
        long.map_or(Ok(()), |next| self.fs.remove(&next.path))
    }
}
