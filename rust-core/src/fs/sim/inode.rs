//! A simulated file: what programs read, and what is on the disk.

use super::Mode;
use super::random::Random;

/// The unit in which the disk writes.
const SECTOR: usize = 512;

/// A file's bytes.
#[derive(Default, Clone)]
pub(super) struct Inode {
    /// What is read: everything written.
    cache: Vec<u8>,
    /// What a sync has put on the disk.
    disk: Vec<u8>,
    /// What was written since, in order.
    unsynced: Vec<Write>,
}

#[derive(Clone)]
struct Write {
    offset: usize,
    bytes: Vec<u8>,
}

impl Inode {
    /// A file that is on the disk.
    pub(super) fn durable(bytes: &[u8]) -> Self {
        Self { cache: bytes.to_vec(), disk: bytes.to_vec(), unsynced: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.cache.len()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.cache
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        if !bytes.is_empty() {
            put(&mut self.cache, offset, bytes);
            self.unsynced.push(Write { offset, bytes: bytes.to_vec() });
        }
    }

    pub(super) fn sync(&mut self) {
        for write in self.unsynced.drain(..) {
            put(&mut self.disk, write.offset, &write.bytes);
        }
    }

    /// A sync that fails: some sectors reach the disk, the others never will,
    /// though they can still be read.
    pub(super) fn lose(&mut self, random: &mut Random) {
        for write in std::mem::take(&mut self.unsynced) {
            keep_some(&mut self.disk, &write, random);
        }
    }

    /// Cuts the file to a length that it had before what was not synced.
    pub(super) fn cut(&mut self, len: usize) {
        self.cache.truncate(len);
        self.disk.truncate(len);
        self.unsynced.retain(|write| write.offset < len);
    }

    pub(super) fn flip(&mut self, offset: usize, bit: u32) {
        for bytes in [&mut self.cache, &mut self.disk] {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= 1 << bit;
            }
        }
    }

    pub(super) fn after_crash(&self, mode: Mode, random: &mut Random) -> Inode {
        let mut disk = self.disk.clone();
        for write in &self.unsynced {
            match mode {
                Mode::DropUnsynced => {}
                Mode::KeepUnsynced => put(&mut disk, write.offset, &write.bytes),
                Mode::Random => keep_some(&mut disk, write, random),
            }
        }
        Self::durable(&disk)
    }
}

fn put(to: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if to.len() < end {
        to.resize(end, 0);
    }
    to[offset..end].copy_from_slice(bytes);
}

/// Keeps any of a write's sectors; of some only the start, as if they were
/// copied to the disk while they were being written.
fn keep_some(to: &mut Vec<u8>, write: &Write, random: &mut Random) {
    let (mut offset, mut rest) = (write.offset, &write.bytes[..]);
    while !rest.is_empty() {
        let (sector, behind) = rest.split_at(rest.len().min(SECTOR - offset % SECTOR));
        match random.below(10) {
            0..5 => put(to, offset, sector),
            5..9 => {}
            _ => put(to, offset, &sector[..random.below(sector.len() + 1)]),
        }
        offset += sector.len();
        rest = behind;
    }
}
