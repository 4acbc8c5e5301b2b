//! Reading what is left of a damaged segment.
//!
//! Neither footer nor index is needed: frames are walked from the start, and
//! where one is damaged the next whole one is searched for. A frame counts only
//! if its checksum is right, which knows at which offset it was written: a value
//! that looks like a frame is not taken for one.

use super::block::Block;
use super::compression::{Decompressor, Failure};
use super::cursor::extend_key;
use super::fault::Sound;
use super::footer::{ALIGNMENT, FOOTER_LEN, HEADER_LEN, Record};
use super::frame::{self, Frame, Kind};
use super::properties::{self, RangeTombstone};
use crate::error::{Error, Result};
use crate::fs::FileSystem;
use crate::key_version::KeyVersion;
use std::path::Path;

/// What was found in a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Salvage {
    /// The versions that were given out.
    pub(crate) entries: u64,
    /// The blocks of data that were whole.
    pub(crate) blocks: u64,
    /// The parts of the file that are damaged: offset and length in bytes. One
    /// part may have held several blocks.
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
    let mut walk = Walk { decompressor: Decompressor::default(), found: Salvage::default() };
    let end = match Record::parse(file) {
        Ok(_) => file.len() - FOOTER_LEN,
        Err(_) => file.len(),
    };
    let mut at = HEADER_LEN.min(end);
    while at < end {
        let next = next_whole(file, at, end);
        let frame_at = next.map_or(end, |frame| frame.offset);
        if !is_padding(&file[at..frame_at]) {
            walk.found.damage.push((at as u64, (frame_at - at) as u64));
        }
        let Some(frame) = next else { break };
        walk.take(&frame, each)?;
        at = frame.end();
    }
    Ok(walk.found)
}

/// The first whole frame at or after `at`.
fn next_whole(file: &[u8], mut at: usize, end: usize) -> Option<Frame<'_>> {
    loop {
        let frame = Frame::read(file, at, end);
        if let Some(frame) = frame.ok().filter(|frame| frame.check().is_ok()) {
            return Some(frame);
        }
        let rest = file.get(at + 1..end)?;
        at += 1 + memchr::memmem::find(rest, &frame::MAGIC)?;
    }
}

fn is_padding(bytes: &[u8]) -> bool {
    bytes.len() < ALIGNMENT && bytes.iter().all(|&byte| byte == 0)
}

struct Walk {
    decompressor: Decompressor,
    found: Salvage,
}

impl Walk {
    fn take(
        &mut self,
        frame: &Frame<'_>,
        each: &mut dyn FnMut(&KeyVersion<'_>) -> Result<()>,
    ) -> Result<()> {
        match frame.kind {
            Kind::Data => self.take_block(frame, each),
            Kind::Properties => {
                let record = properties::Record::parse(frame, 0).ok();
                self.found.range_tombstones = record.map(|record| record.range_tombstones);
                Ok(())
            }
            Kind::Filter | Kind::Index => Ok(()),
        }
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
        let mut outcome = Ok(());
        let entries = &mut self.found.entries;
        let read = for_each(raw, &mut |version| {
            outcome = each(version);
            *entries += u64::from(outcome.is_ok());
            outcome.is_ok()
        });
        match read {
            Ok(()) => self.found.blocks += 1,
            Err(_) => self.found.lose(frame),
        }
        outcome
    }
}

impl Salvage {
    /// A frame whose checksum is right, but not what it holds.
    fn lose(&mut self, frame: &Frame<'_>) {
        self.damage.push((frame.offset as u64, (frame.end() - frame.offset) as u64));
    }
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
