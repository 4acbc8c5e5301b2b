//! Reading the old directory, file by file, into segments of the new one.

use super::counted::counted;
use super::sorted::Sorted;
use super::{Salvage, Wanted};
use crate::error::Result;
use crate::fs::FileSystem;
use crate::segment::{self, SegmentWriter};
use crate::segment_store::SegmentStore;
use crate::wal;
use std::path::Path;

/// Segments that are merged afterwards: each is sorted, and none is known to be
/// newer than another.
pub(super) struct Gathered<'a> {
    store: &'a SegmentStore,
    salvage: &'a mut Salvage,
    ids: Vec<u64>,
    last_sequence: u64,
}

impl<'a> Gathered<'a> {
    pub(super) fn new(store: &'a SegmentStore, salvage: &'a mut Salvage) -> Self {
        Self { store, salvage, ids: Vec::new(), last_sequence: 0 }
    }

    /// The greatest sequence number seen.
    pub(super) fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// The numbers of the segments, also if something failed.
    pub(super) fn into_segments(self) -> Vec<u64> {
        self.ids
    }

    /// Reads what it can of each segment. Fails only if it cannot write.
    pub(super) fn read_segments(
        &mut self,
        fs: &dyn FileSystem,
        old: &Path,
        segments: &[Wanted],
    ) -> Result<()> {
        segments.iter().try_for_each(|wanted| self.read_segment(fs, old, wanted))
    }

    fn read_segment(&mut self, fs: &dyn FileSystem, old: &Path, wanted: &Wanted) -> Result<()> {
        let path = old.join(&wanted.name);
        if matches!(fs.exists(&path), Ok(false)) {
            self.lose_file(wanted, &format!("{} is missing", wanted.name));
            return Ok(());
        }
        let mut writer = self.begin()?;
        let mut write_failure = None;
        let (mut last, mut versions) = (0, 0u64);
        let found = segment::salvage(fs, &path, &mut |version| {
            last = last.max(version.sequence);
            versions += 1;
            writer.add(version).inspect_err(|error| write_failure = Some(error.clone()))
        });
        if let Some(error) = write_failure {
            return Err(error);
        }
        self.last_sequence = self.last_sequence.max(last);
        self.salvage.versions += versions;
        match found {
            Ok(found) => self.tell_of(wanted, &found, &mut writer),
            Err(error) => {
                self.lose_file(wanted, &format!("{} cannot be read: {error}", wanted.name));
            }
        }
        self.end(writer)
    }

    /// A segment of which nothing is there.
    fn lose_file(&mut self, wanted: &Wanted, what: &str) {
        self.salvage.lost_files += 1;
        let Some((versions, bytes)) = wanted.written else {
            self.salvage.notes.push(what.into());
            return;
        };
        self.salvage.lost_versions += versions;
        self.salvage.lost_bytes += bytes;
        self.salvage.notes.push(format!("{what}: {} are lost", counted(versions, "version")));
    }

    /// Counts a segment's damage, and takes its range tombstones.
    fn tell_of(&mut self, wanted: &Wanted, found: &segment::Salvage, writer: &mut SegmentWriter) {
        let name = &wanted.name;
        let (entries, len) = match wanted.written {
            Some((entries, len)) => (Some(entries), len),
            None => (found.written, found.file_len),
        };
        let versions = entries.unwrap_or(0).saturating_sub(found.entries);
        let bytes = found.lost_bytes() + len.saturating_sub(found.file_len);
        let parts = found.damage.len() as u64;
        self.salvage.lost_versions += versions;
        self.salvage.lost_parts += parts;
        self.salvage.lost_bytes += bytes;
        if let Some((offset, _)) = found.damage.first() {
            let versions = match entries {
                Some(_) => counted(versions, "version"),
                None => "an unknown number of versions".into(),
            };
            self.salvage.notes.push(format!(
                "{name}: {}, {}, with {versions}, the first at byte {offset}",
                counted(parts, "damaged part"),
                counted(bytes, "byte"),
            ));
        } else if versions > 0 {
            let versions = counted(versions, "version");
            self.salvage.notes.push(format!("{name}: {versions} less than the manifest says"));
        }
        match &found.range_tombstones {
            Some(tombstones) => {
                for t in tombstones {
                    self.last_sequence = self.last_sequence.max(t.sequence);
                    writer.add_range_tombstone(&t.start, &t.end, t.sequence);
                }
            }
            None => self.salvage.notes.push(format!(
                "{name}: its range tombstones cannot be read; what they deleted may be back"
            )),
        }
    }

    /// Reads what it can of the log, from the sequence number behind `flushed`
    /// on; for `None` from its beginning. What a log has of a key goes on to its
    /// end, so an old beginning brings nothing back; unless its oldest files were let go
    /// and are torn, and a deletion was in what they lost.
    pub(super) fn read_log(
        &mut self,
        fs: &dyn FileSystem,
        old: &Path,
        flushed: Option<u64>,
    ) -> Result<()> {
        let mut sorted = Sorted::default();
        let found = wal::salvage(fs, old, flushed, |first, count, payload| {
            self.last_sequence = self.last_sequence.max(first + count.saturating_sub(1));
            if let Err(error) = sorted.add(first, count, payload) {
                self.lose_record(first, count, payload, &error.to_string());
            }
            if !sorted.is_full() {
                return Ok(());
            }
            self.write_sorted(std::mem::take(&mut sorted))
        })?;
        self.tell_of_log(&found);
        self.write_sorted(sorted)
    }

    /// A record whose checksum is right, but not what it holds.
    fn lose_record(&mut self, first: u64, count: u64, payload: &[u8], what: &str) {
        self.salvage.lost_parts += 1;
        self.salvage.lost_versions += count;
        self.salvage.lost_bytes += payload.len() as u64;
        self.salvage.notes.push(format!("the log's record of write {first} is damaged: {what}"));
    }

    /// Counts the log's damage.
    fn tell_of_log(&mut self, found: &wal::LogSalvage) {
        self.salvage.lost_versions += found.lost_sequences;
        self.salvage.lost_parts += found.damage.len() as u64;
        self.salvage.lost_files += found.lost_files.len() as u64;
        self.salvage.lost_bytes += found.missing_bytes;
        for parts in found.damage.chunk_by(|a, b| a.0 == b.0) {
            let bytes = parts.iter().map(|&(_, _, len)| len).sum();
            self.salvage.lost_bytes += bytes;
            let Some((path, offset, _)) = parts.first() else { continue };
            self.salvage.notes.push(format!(
                "{}: {}, {}, the first at byte {offset}",
                path.file_name().unwrap_or_default().display(),
                counted(parts.len() as u64, "damaged part"),
                counted(bytes, "byte"),
            ));
        }
        self.salvage.notes.extend(found.lost_files.iter().cloned());
        self.salvage.notes.extend(found.torn.as_ref().map(|torn| {
            let bytes = counted(torn.bytes, "byte");
            format!("the log ends with {bytes} that were never finished")
        }));
    }

    fn write_sorted(&mut self, sorted: Sorted) -> Result<()> {
        let mut writer = self.begin()?;
        sorted.iter().try_for_each(|version| writer.add(&version))?;
        for t in sorted.range_tombstones() {
            writer.add_range_tombstone(&t.start, &t.end, t.sequence);
        }
        self.salvage.versions += sorted.count();
        self.end(writer)
    }

    fn begin(&mut self) -> Result<SegmentWriter> {
        let (id, _, writer) = self.store.new_segment(0)?;
        self.ids.push(id);
        Ok(writer)
    }

    /// Finishes a segment; of one without content nothing stays.
    fn end(&mut self, writer: SegmentWriter) -> Result<()> {
        if !writer.is_empty() {
            return writer.finish().map(drop);
        }
        drop(writer);
        if let Some(id) = self.ids.pop() {
            self.store.abandon(&[id]);
        }
        Ok(())
    }
}
