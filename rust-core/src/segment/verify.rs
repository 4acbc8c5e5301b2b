//! Checking every byte of a segment.
//!
//! Opening has checked everything but the blocks, down to the zeros between
//! parts. Here each block is read whole, and what filter, index and properties
//! say of it is compared with what is there.

use super::block::{Block, RESTART_INTERVAL};
use super::compression::{Decompressor, Failure};
use super::cursor::extend_key;
use super::fault::{Fault, Parsed, Sound};
use super::frame::{Frame, Kind};
use super::properties::Properties;
use super::{Parts, Segment, filter};
use crate::error::Error;
use crate::key_version::KeyVersion;
use std::cmp::Ordering;
use std::ops::ControlFlow;

impl Segment {
    /// Reads the whole file and returns the first damage. `progress` is told the
    /// bytes of each block.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn verify(&self, progress: &mut dyn FnMut(u64)) -> crate::Result<()> {
        let mut first = Ok(());
        self.check_blocks(progress, &mut |damage| {
            first = Err(damage);
            ControlFlow::Break(())
        });
        first
    }

    /// Reads the whole file and reports each damage that it finds: one for each
    /// block at most.
    pub(crate) fn verify_all(&self, progress: &mut dyn FnMut(u64), report: &mut dyn FnMut(Error)) {
        self.check_blocks(progress, &mut |damage| {
            report(damage);
            ControlFlow::Continue(())
        });
    }

    fn check_blocks(
        &self,
        progress: &mut dyn FnMut(u64),
        report: &mut dyn FnMut(Error) -> ControlFlow<()>,
    ) {
        let mut check = Check::new(&self.file, &self.parts);
        let blocks = self.parts.index.blocks();
        let mut sound = true;
        for number in 0..blocks {
            let (start, end) = self.parts.index.place(&self.file, number);
            if let Err(failure) = check.block(number) {
                sound = false;
                check.forget_last();
                if report(failure.error(&self.path)).is_break() {
                    return;
                }
            }
            progress((end - start) as u64);
        }
        if sound && let Err(fault) = check.finish() {
            let _ = report(fault.in_file(&self.path));
        }
    }
}

/// Why a block could not be checked or is wrong.
enum Trouble {
    Fault(Fault),
    OutOfMemory,
}

impl Trouble {
    fn error(self, path: &std::path::Path) -> Error {
        match self {
            Self::Fault(fault) => fault.in_file(path),
            Self::OutOfMemory => Error::OutOfMemory,
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What is known while blocks are checked one after another.
struct Check<'a> {
    file: &'a [u8],
    parts: &'a Parts,
    decompressor: Decompressor,
    /// The last version's key, which serves to put the next one together, and
    /// its sequence; none after a damaged block.
    last: Option<(Vec<u8>, u64)>,
    key: Vec<u8>,
    first_key: Vec<u8>,
    counted: Properties,
}

impl<'a> Check<'a> {
    fn new(file: &'a [u8], parts: &'a Parts) -> Self {
        Self {
            file,
            parts,
            decompressor: Decompressor::default(),
            last: None,
            key: Vec::new(),
            first_key: Vec::new(),
            counted: Properties::empty(),
        }
    }

    fn forget_last(&mut self) {
        self.last = None;
    }

    fn block(&mut self, number: usize) -> std::result::Result<(), Trouble> {
        let (start, end) = self.parts.index.place(self.file, number);
        let frame = Frame::read(self.file, start, end)?;
        if frame.kind != Kind::Data || frame.end() != end {
            return Err(Fault::at(start, "a block is not what the index says").into());
        }
        frame.check()?;
        let mut decompressor = std::mem::take(&mut self.decompressor);
        let read = decompressor.read(&frame);
        let checked = match read {
            Ok(raw) => self.versions(number, raw).map_err(|what| Fault::at(start, what).into()),
            Err(Failure::Malformed(what)) => Err(Fault::at(start, what).into()),
            Err(Failure::OutOfMemory) => Err(Trouble::OutOfMemory),
        };
        self.decompressor = decompressor;
        self.counted.blocks += 1;
        self.counted.raw_block_bytes += frame.raw_len as u64;
        checked
    }

    fn versions(&mut self, number: usize, raw: &[u8]) -> Sound<()> {
        let block = Block::parse(raw)?;
        let mut at = block.first();
        self.key.clear();
        for ordinal in 0..block.layout().count() {
            let entry = block.entry(at)?;
            if ordinal.is_multiple_of(RESTART_INTERVAL) {
                let restart = block.restart(ordinal / RESTART_INTERVAL)?;
                if restart != at || entry.shared != 0 {
                    return Err("a restart is not where it should be");
                }
            }
            extend_key(&mut self.key, &entry)?;
            let key = std::mem::take(&mut self.key);
            let payload = block.payload(&entry);
            let version = KeyVersion { key: &key, sequence: entry.sequence, payload };
            if ordinal == 0 {
                self.boundary(number, &version)?;
            }
            let checked = self.version(&block, ordinal, &version);
            self.key = key;
            checked?;
            at = entry.next;
        }
        if at == block.entries_end() { Ok(()) } else { Err("bytes behind a block's entries") }
    }

    /// Compares what the index says of the boundary before a block.
    fn boundary(&mut self, number: usize, first: &KeyVersion<'_>) -> Sound<()> {
        let index = &self.parts.index;
        if number == 0 {
            self.first_key = first.key.to_vec();
            return Ok(());
        }
        let separator = |key: &[u8]| index.compare_separator(self.file, number, key);
        if separator(first.key) == Ordering::Greater {
            return Err("a block begins before its key in the index");
        }
        let Some((last, _)) = &self.last else { return Ok(()) };
        let continued = last == first.key;
        if !continued && separator(last) != Ordering::Greater {
            return Err("the block before ends behind this block's key in the index");
        }
        let expected = continued.then_some(first.sequence);
        if index.continued_at(number) != expected {
            return Err("the index is wrong about a key that goes on in this block");
        }
        Ok(())
    }

    fn version(
        &mut self,
        block: &Block<'_>,
        ordinal: usize,
        version: &KeyVersion<'_>,
    ) -> Sound<()> {
        let last = self.last.as_ref().map(|(key, sequence)| (key.as_slice(), *sequence));
        let order = last.map(|(key, sequence)| (key.cmp(version.key), sequence));
        match order {
            None | Some((Ordering::Less, _)) => {}
            Some((Ordering::Equal, sequence)) if sequence > version.sequence => {}
            _ => return Err("versions out of order"),
        }
        let hash = filter::hash(version.key);
        if !block.has_fingerprint(ordinal, hash) {
            return Err("a block's hash index is wrong");
        }
        if self.parts.filter.as_ref().is_some_and(|f| !f.may_contain(self.file, hash)) {
            return Err("the filter denies a key that is there");
        }
        let is_new_key = !matches!(order, Some((Ordering::Equal, _)));
        self.counted.count(version, is_new_key);
        let (mut key, _) = self.last.take().unwrap_or_default();
        key.clear();
        key.extend_from_slice(version.key);
        self.last = Some((key, version.sequence));
        Ok(())
    }

    /// Compares the properties with what was counted.
    fn finish(mut self) -> Parsed<()> {
        let last_key = self.last.as_ref().map_or(&[][..], |(key, _)| key);
        self.counted.finish(&self.first_key, last_key, &self.parts.range_tombstones);
        self.counted.file_len = self.file.len() as u64;
        if self.counted == self.parts.properties {
            Ok(())
        } else {
            Err(Fault::at(self.file.len(), "the properties do not fit the content"))
        }
    }
}
