//! Reading what is left of a damaged segment.
//!
//! Neither footer nor index is needed: frames are walked from the start, and
//! where one is damaged the next whole one is searched for. A frame counts only
//! if its checksum is right, which knows at which offset it was written: a value
//! that looks like a frame is not taken for one.
//!
//! What a block says is believed no more for its checksum: one whose versions
//! are not in order, or are none that a storage takes, is lost as a whole.

mod search;

use super::block::Block;
use super::compression::{Decompressor, Failure};
use super::cursor::extend_key;
use super::fault::Sound;
use super::footer::{ALIGNMENT, FOOTER_LEN, HEADER_LEN, Record};
use super::frame::{Frame, Kind};
use super::properties::{self, RangeTombstone};
use crate::error::{Error, Result};
use crate::fs::FileSystem;
use crate::key_version::KeyVersion;
use crate::limits::{MAX_KEY_LEN, MAX_SEQUENCE, check_key, check_value};
use search::Search;
use std::cmp::Ordering;
use std::path::Path;

/// What was found in a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Salvage {
    /// The file's length in bytes.
    pub(crate) file_len: u64,
    /// The versions that were given out.
    pub(crate) entries: u64,
    /// The versions that the segment says to have; `None` if the part that tells
    /// is damaged.
    pub(crate) written: Option<u64>,
    /// The blocks of data that were whole.
    pub(crate) blocks: u64,
    /// The parts of the file that are damaged: offset and length in bytes. One
    /// part may have held several blocks. A file that ends too early is damaged
    /// at its end, in 0 bytes.
    pub(crate) damage: Vec<(u64, u64)>,
    /// The range tombstones; `None` if the part that holds them is damaged, so that what they deleted
    /// may have come back.
    pub(crate) range_tombstones: Option<Vec<RangeTombstone>>,
}

impl Salvage {
    /// The bytes that are damaged.
    pub(crate) fn lost_bytes(&self) -> u64 {
        self.damage.iter().map(|&(_, len)| len).sum()
    }

    /// A frame whose checksum is right, but not what it holds.
    fn lose(&mut self, frame: &Frame<'_>) {
        self.damage.push((frame.offset as u64, (frame.end() - frame.offset) as u64));
    }

    /// Without a footer, something is missing even if all that is there is whole.
    fn lose_end(&mut self) {
        let end = self.damage.last().map(|&(offset, len)| offset + len);
        if end != Some(self.file_len) {
            self.damage.push((self.file_len, 0));
        }
    }
}

/// Gives `each` every version that can be read, in order, whatever else of the
/// file is damaged. Only the file system's errors and those of `each` end it.
pub(crate) fn salvage(
    fs: &dyn FileSystem,
    path: &Path,
    each: &mut dyn FnMut(&KeyVersion<'_>) -> Result<()>,
) -> Result<Salvage> {
    let file = fs.map(path)?;
    salvage_bytes(&file, each)
}

/// [`salvage`] of a file's bytes, aligned to 16.
pub(super) fn salvage_bytes(
    file: &[u8],
    each: &mut dyn FnMut(&KeyVersion<'_>) -> Result<()>,
) -> Result<Salvage> {
    let mut walk = Walk::default();
    walk.found.file_len = file.len() as u64;
    let footer = Record::parse(file).ok();
    let end = file.len() - if footer.is_some() { FOOTER_LEN } else { 0 };
    let mut search = Search::new(file, footer.as_ref());
    let mut at = HEADER_LEN.min(end);
    while at < end {
        let next = search.next(file, at, end);
        let frame_at = next.map_or(end, |frame| frame.offset);
        if !is_padding(&file[at..frame_at]) {
            walk.found.damage.push((at as u64, (frame_at - at) as u64));
        }
        let Some(frame) = next else { break };
        walk.take(&frame, each)?;
        at = frame.end();
    }
    if footer.is_none() {
        walk.found.lose_end();
    }
    Ok(walk.found)
}

fn is_padding(bytes: &[u8]) -> bool {
    bytes.len() < ALIGNMENT && bytes.iter().all(|&byte| byte == 0)
}

#[derive(Default)]
struct Walk {
    decompressor: Decompressor,
    found: Salvage,
    /// The last version's key and sequence; no key before the first.
    last: (Vec<u8>, u64),
}

impl Walk {
    fn take(
        &mut self,
        frame: &Frame<'_>,
        each: &mut dyn FnMut(&KeyVersion<'_>) -> Result<()>,
    ) -> Result<()> {
        match frame.kind {
            Kind::Data => return self.take_block(frame, each),
            Kind::Properties => match properties::Record::parse(frame, self.found.file_len) {
                Ok(record) if record.range_tombstones.iter().all(is_possible) => {
                    self.found.written = Some(record.properties.entries);
                    self.found.range_tombstones = Some(record.range_tombstones);
                }
                _ => self.found.lose(frame),
            },
            Kind::Filter | Kind::Index => {}
        }
        Ok(())
    }

    fn take_block(
        &mut self,
        frame: &Frame<'_>,
        each: &mut dyn FnMut(&KeyVersion<'_>) -> Result<()>,
    ) -> Result<()> {
        let raw = match self.decompressor.read(frame) {
            Ok(raw) => raw,
            Err(Failure::OutOfMemory) => return Err(Error::OutOfMemory),
            Err(Failure::Malformed(_)) => {
                self.found.lose(frame);
                return Ok(());
            }
        };
        // All of it is judged before any of it is given out.
        let Some(last) = last_in_order(raw, &self.last) else {
            self.found.lose(frame);
            return Ok(());
        };
        let mut outcome = Ok(());
        let entries = &mut self.found.entries;
        let read = for_each(raw, &mut |version| {
            outcome = each(version);
            *entries += u64::from(outcome.is_ok());
            outcome.is_ok()
        });
        debug_assert!(read.is_ok(), "it was read before");
        self.last = last;
        self.found.blocks += 1;
        outcome
    }
}

/// A block's last key and sequence, if all its versions are such that a storage
/// takes them, and in order behind the last ones before.
fn last_in_order(raw: &[u8], before: &(Vec<u8>, u64)) -> Option<(Vec<u8>, u64)> {
    let mut last = before.clone();
    let mut is_sound = true;
    let read = for_each(raw, &mut |version| {
        let fits = check_key(version.key).and(check_value(version.payload.value())).is_ok();
        let follows = match last.0.as_slice().cmp(version.key) {
            Ordering::Less => true,
            Ordering::Equal => version.sequence < last.1,
            Ordering::Greater => false,
        };
        is_sound = fits && follows && (1..=MAX_SEQUENCE).contains(&version.sequence);
        last.0.clear();
        last.0.extend_from_slice(version.key);
        last.1 = version.sequence;
        is_sound
    });
    (read.is_ok() && is_sound).then_some(last)
}

/// Whether a range tombstone is such that a manifest takes it.
fn is_possible(tombstone: &RangeTombstone) -> bool {
    let fits = |key: &[u8]| (1..=MAX_KEY_LEN + 1).contains(&key.len());
    let in_range = (1..=MAX_SEQUENCE).contains(&tombstone.sequence);
    in_range && fits(&tombstone.start) && fits(&tombstone.end)
}

/// Gives each version of a block to `each` until that returns false.
pub(super) fn for_each(raw: &[u8], each: &mut dyn FnMut(&KeyVersion<'_>) -> bool) -> Sound<()> {
    let block = Block::parse(raw)?;
    let mut at = block.first();
    let mut key = Vec::new();
    for _ in 0..block.layout().count() {
        let entry = block.entry(at)?;
        extend_key(&mut key, &entry)?;
        let payload = block.payload(&entry);
        if !each(&KeyVersion { key: &key, sequence: entry.sequence, payload }) {
            return Ok(());
        }
        at = entry.next;
    }
    Ok(())
}
