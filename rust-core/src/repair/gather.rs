//! Reading the old directory, file by file, into segments of the new one.

use super::Salvage;
use crate::batch;
use crate::error::Result;
use crate::fs::FileSystem;
use crate::key_version::{KeyVersion, Payload};
use crate::segment::{self, SegmentWriter};
use crate::segment_store::SegmentStore;
use crate::wal;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

/// So many bytes of the log are sorted in memory at once.
const SORTED_LEN: usize = 64 << 20;

/// Segments that are merged afterwards: each is sorted, and none is known to be
/// newer than another.
pub(super) struct Gathered<'a> {
    store: &'a SegmentStore,
    salvage: &'a mut Salvage,
    ids: Vec<u64>,
    last_sequence: u64,
}

/// The log's versions in [`KeyVersion::order`]; a tombstone has no value.
type Sorted = BTreeMap<(Vec<u8>, Reverse<u64>), Option<(Vec<u8>, u64)>>;

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
        names: &[String],
    ) -> Result<()> {
        for name in names {
            self.read_segment(fs, old, name)?;
        }
        Ok(())
    }

    fn read_segment(&mut self, fs: &dyn FileSystem, old: &Path, name: &str) -> Result<()> {
        let mut writer = self.begin()?;
        let mut write_failure = None;
        let (mut last, mut versions) = (0, 0u64);
        let found = segment::salvage(fs, &old.join(name), &mut |version| {
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
            Ok(found) => self.tell_of(name, &found, &mut writer),
            Err(error) => {
                self.salvage.lost_files += 1;
                self.salvage.notes.push(format!("{name} cannot be read: {error}"));
            }
        }
        self.end(writer)
    }

    /// Counts a segment's damage, and takes its range tombstones.
    fn tell_of(&mut self, name: &str, found: &segment::Salvage, writer: &mut SegmentWriter) {
        self.salvage.lost_blocks += found.damage.len() as u64;
        self.salvage.lost_bytes += found.lost_bytes();
        if let Some((offset, _)) = found.damage.first() {
            let (parts, bytes) = (found.damage.len(), found.lost_bytes());
            self.salvage.notes.push(format!(
                "{name}: {parts} damaged parts, {bytes} bytes, the first at byte {offset}"
            ));
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

    /// Reads the log as far as it goes, from the sequence number behind
    /// `flushed` on; for `None` from its beginning. What a log has of a key goes
    /// on to its end, so an old beginning brings nothing back.
    pub(super) fn read_log(
        &mut self,
        fs: &dyn FileSystem,
        old: &Path,
        flushed: Option<u64>,
    ) -> Result<()> {
        let flushed = match flushed {
            Some(flushed) => flushed,
            None => wal::beginning(fs, old).unwrap_or(0),
        };
        let mut sorted = Sorted::new();
        let mut len = 0;
        let mut write_failure = None;
        let read = wal::recover(fs, old, flushed, |first, count, payload| {
            self.last_sequence = self.last_sequence.max(first + count.saturating_sub(1));
            if batch::is_nothing(payload) {
                return Ok(());
            }
            for (op, sequence) in batch::parse(payload)?.iter().zip(first..) {
                let value = match op.payload() {
                    Payload::Value(value, expires_at) => Some((value.to_vec(), expires_at)),
                    Payload::Tombstone => None,
                };
                len += op.key().len() + op.payload().value().len() + 96;
                sorted.insert((op.key().to_vec(), Reverse(sequence)), value);
            }
            if len < SORTED_LEN {
                return Ok(());
            }
            len = 0;
            let full = std::mem::take(&mut sorted);
            self.write_sorted(&full).inspect_err(|error| write_failure = Some(error.clone()))
        });
        if let Some(error) = write_failure {
            return Err(error);
        }
        match read {
            Ok(read) => self.salvage.notes.extend(read.torn.map(|torn| {
                format!("the log ends with {} bytes that were never finished", torn.bytes)
            })),
            Err(error) => {
                self.salvage.lost_files += 1;
                self.salvage.notes.push(format!("the log was read up to its damage: {error}"));
            }
        }
        self.write_sorted(&sorted)
    }

    fn write_sorted(&mut self, sorted: &Sorted) -> Result<()> {
        let mut writer = self.begin()?;
        for ((key, Reverse(sequence)), value) in sorted {
            let payload = match value {
                Some((value, expires_at)) => Payload::Value(value, *expires_at),
                None => Payload::Tombstone,
            };
            writer.add(&KeyVersion { key, sequence: *sequence, payload })?;
        }
        self.salvage.versions += sorted.len() as u64;
        self.end(writer)
    }

    fn begin(&mut self) -> Result<SegmentWriter> {
        let (id, _, writer) = self.store.new_segment(0)?;
        self.ids.push(id);
        Ok(writer)
    }

    fn end(&mut self, writer: SegmentWriter) -> Result<()> {
        let is_empty = writer.entries() == 0;
        let properties = writer.finish()?;
        if is_empty
            && properties.range_tombstones == 0
            && let Some(id) = self.ids.pop()
        {
            self.store.abandon(&[id]);
        }
        Ok(())
    }
}
