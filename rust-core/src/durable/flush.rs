//! Flushes: what is dirty goes into a segment of level 0.

use super::{Dirty, Durable, Flushing};
use crate::error::{Error, Result};
use crate::key_version::KeyVersion;
use crate::memtable::{self, Slot};
use crate::range_tombstones::RangeTombstone;
use crate::segment::SegmentWriter;
use crate::segment_store::Edit;
use crate::stats::Counter;
use crate::storage::Core;
use crate::sync::lock;
use crossbeam_epoch::{self as epoch, Guard};
use std::io::ErrorKind;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

/// Entries that are looked at under one guard: a long-held one delays garbage.
const PAGE: usize = 256;
/// A segment of a flush is closed once it is so long, in bytes.
const SEGMENT_LEN: u64 = 256 << 20;

/// A dirty entry with what sorts it: eight bytes of its key from a place up to
/// which all keys are equal.
struct Sorted {
    prefix: u64,
    entry: Dirty,
}

impl Core {
    /// Writes everything that is committed by now, and not in segments yet, into
    /// segments, and lets the log go that held it. The caller is not pinned.
    ///
    /// After an error everything is as before, and may be tried again.
    pub(crate) fn flush_dirty(&self, durable: &Durable) -> Result<()> {
        let _one_at_a_time = lock(&durable.flushing);
        match durable.wal.rotate() {
            // Then the file that is written to stays for now. What the flush takes
            // may be deletions that make room.
            Err(Error::Io { kind: ErrorKind::StorageFull, .. }) => {}
            rotated => rotated?,
        }
        // Held like a snapshot: what is overwritten meanwhile by a write that is
        // not on disk yet must go into the segment, since its record goes.
        let had_dead = durable.dead.swap(false, SeqCst);
        let through = self.snapshots.hold(&self.sequencer)?;
        let flushed = durable.making_room(self.flush_through(durable, through));
        durable.note_flush(flushed.is_ok());
        if self.snapshots.release(through) {
            self.mailbox.horizon_moved();
        }
        if had_dead && flushed.is_err() {
            durable.note_dead();
        }
        flushed
    }

    /// Flushes up to a sequence that a snapshot holds.
    fn flush_through(&self, durable: &Durable, through: u64) -> Result<()> {
        let after = durable.segments.flushed();
        if through <= after {
            // A release may have failed after the last flush.
            return durable.wal.release(after);
        }
        let (start, written) = (Instant::now(), self.counters.sum(Counter::WrittenBytes));
        let entries = durable.take_dirty();
        let _running = durable.flush_underway.begin(Flushing {
            entries: entries.len() as u64,
            bytes: written.saturating_sub(durable.flushed_at.load(SeqCst)),
            started: self.clock.now(),
        });
        let deletions = self.deletions_to_flush(after, through);
        match durable.write_segments(&entries, &deletions, after, through) {
            Ok(()) => {}
            Err(error) => {
                entries.into_iter().for_each(|sorted| durable.dirty.push(sorted.entry));
                return Err(error);
            }
        }
        durable.note_flushed(written, start.elapsed());
        durable.settle_later(through);
        self.release_flushed(durable, entries, through);
        durable.wal.release(through)
    }

    /// The ranges that were deleted after a sequence, and by another one.
    fn deletions_to_flush(&self, after: u64, through: u64) -> Vec<RangeTombstone> {
        let guard = &epoch::pin();
        self.memtable.deletions.up_to(through, guard).newer_than(after).cloned().collect()
    }

    /// Unmarks entries that were flushed. Those that were written to meanwhile
    /// are listed anew; the janitor looks at those that are dead.
    fn release_flushed(&self, durable: &Durable, entries: Vec<Sorted>, through: u64) {
        for page in entries.chunks(PAGE) {
            let guard = &epoch::pin();
            prefetch(page, guard);
            for Sorted { entry, .. } in page {
                // SAFETY: still marked as dirty, by whoever listed it.
                let slot = unsafe { Slot::from_raw(entry.0, guard) };
                slot.unmark_dirty();
                let Some(newest) = slot.newest(guard) else { continue };
                if newest.sequence() > through {
                    durable.note_dirty(slot);
                } else if !self.is_live(newest) {
                    self.mailbox.queue(slot);
                }
            }
        }
    }
}

impl Durable {
    /// Counts a flush that began when so many bytes had been written.
    fn note_flushed(&self, written: u64, took: Duration) {
        let before = self.flushed_at.swap(written, SeqCst);
        let achieved = written.saturating_sub(before) as f64 / took.as_secs_f64().max(1e-3);
        let rate = (self.flush_rate.load(SeqCst) as f64 + achieved) / 2.0;
        self.flush_rate.store(rate as u64, SeqCst);
        self.progress.flushes.fetch_add(1, SeqCst);
    }

    /// Takes the list, sorted by key.
    fn take_dirty(&self) -> Vec<Sorted> {
        let mut entries = Vec::with_capacity(self.dirty.len());
        for _ in 0..entries.capacity() {
            let Some(entry) = self.dirty.pop() else { break };
            entries.push(Sorted { prefix: 0, entry });
        }
        sort(&mut entries);
        entries
    }

    /// Writes the versions from after `after` through `through`, and range tombstones,
    /// and installs the segments.
    fn write_segments(
        &self,
        entries: &[Sorted],
        deletions: &[RangeTombstone],
        after: u64,
        through: u64,
    ) -> Result<()> {
        let mut edit = Edit { added: Vec::new(), removed: Vec::new(), flushed: Some(through) };
        let mut open: Option<(u64, SegmentWriter)> = None;
        let written = (|| {
            for page in entries.chunks(PAGE) {
                if open.as_ref().is_some_and(|(_, writer)| writer.estimated_len() >= SEGMENT_LEN) {
                    self.finish(open.take(), &mut edit)?;
                }
                self.write_page(page, after, through, &mut open)?;
            }
            if !deletions.is_empty() {
                let writer = self.writer(&mut open)?;
                deletions
                    .iter()
                    .for_each(|t| writer.add_range_tombstone(&t.start, &t.end, t.sequence));
            }
            self.finish(open.take(), &mut edit)
        })();
        match written {
            Ok(()) => self.segments.install(&edit),
            Err(error) => {
                // The one that was being written too: on a full disk each try
                // would leave another one behind.
                edit.added.extend(open.map(|(id, _)| (0, id)));
                self.segments.abandon(&edit.added.iter().map(|&(_, id)| id).collect::<Vec<_>>());
                Err(error)
            }
        }
    }

    fn write_page(
        &self,
        page: &[Sorted],
        after: u64,
        through: u64,
        open: &mut Option<(u64, SegmentWriter)>,
    ) -> Result<()> {
        let guard = &epoch::pin();
        prefetch(page, guard);
        for Sorted { entry, .. } in page {
            // SAFETY: marked as dirty until the flush is over.
            let slot = unsafe { Slot::from_raw(entry.0, guard) };
            let versions = slot
                .records(guard)
                .skip_while(|record| record.sequence() > through)
                .take_while(|record| record.sequence() > after);
            for record in versions {
                let writer = self.writer(open)?;
                let (key, sequence) = (slot.key(), record.sequence());
                writer.add(&KeyVersion { key, sequence, payload: record.payload() })?;
            }
        }
        Ok(())
    }

    /// The writer of the segment that is open; one is begun if need be.
    fn writer<'w>(
        &self,
        open: &'w mut Option<(u64, SegmentWriter)>,
    ) -> Result<&'w mut SegmentWriter> {
        if open.is_none() {
            let (id, _, writer) = self.segments.new_segment(0)?;
            *open = Some((id, writer));
        }
        open.as_mut().map(|(_, writer)| writer).ok_or(Error::Poisoned)
    }

    fn finish(&self, open: Option<(u64, SegmentWriter)>, edit: &mut Edit) -> Result<()> {
        let Some((id, writer)) = open else { return Ok(()) };
        edit.added.push((0, id));
        let properties = writer.finish()?;
        self.progress.flushed_bytes.fetch_add(properties.file_len, SeqCst);
        Ok(())
    }
}

/// Sorts by key. Most comparisons are settled by the prefixes, without a look at
/// the entries.
fn sort(entries: &mut [Sorted]) {
    let common = common_prefix_len(entries);
    for page in entries.chunks_mut(PAGE) {
        ask_for_keys(page);
        for sorted in page {
            let rest = &sorted.key()[common..];
            let mut prefix = [0; 8];
            let len = rest.len().min(8);
            prefix[..len].copy_from_slice(&rest[..len]);
            sorted.prefix = u64::from_be_bytes(prefix);
        }
    }
    entries.sort_unstable_by(|a, b| a.prefix.cmp(&b.prefix).then_with(|| a.key().cmp(b.key())));
}

/// How many bytes all keys have in common.
fn common_prefix_len(entries: &[Sorted]) -> usize {
    let Some(first) = entries.first().map(Sorted::key) else { return 0 };
    entries.chunks(PAGE).fold(first.len(), |len, page| {
        ask_for_keys(page);
        page.iter().fold(len, |len, sorted| {
            first[..len].iter().zip(sorted.key()).take_while(|(a, b)| a == b).count()
        })
    })
}

/// Asks for the memory of entries and their newest versions.
fn prefetch(page: &[Sorted], guard: &Guard) {
    // SAFETY: the entries are marked as dirty.
    unsafe { Slot::prefetch_all(page.iter().map(|sorted| sorted.entry.0), guard) };
}

/// Asks for the memory of entries, where their keys are.
fn ask_for_keys(page: &[Sorted]) {
    page.iter().for_each(|sorted| memtable::prefetch::read(sorted.entry.0.cast()));
}

impl Sorted {
    fn key(&self) -> &[u8] {
        // SAFETY: the entry is marked as dirty, so it is not removed, and its key
        // does not change.
        unsafe { Slot::key_of_raw(self.entry.0) }
    }
}
