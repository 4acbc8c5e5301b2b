//! How a storage is opened.

use crate::durable::Durability;
use crate::error::{Error, Result};
use crate::segment::Compression;

/// What keys begin with: up to 16 bytes, none of no key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prefix {
    bytes: [u8; 16],
    len: u8,
}

impl Prefix {
    /// The prefix of so many bytes.
    pub fn new(prefix: &[u8]) -> Result<Self> {
        let mut bytes = [0; 16];
        let place = bytes.get_mut(..prefix.len());
        place.ok_or(Error::InvalidArgument("a prefix of over 16 bytes"))?.copy_from_slice(prefix);
        Ok(Self { bytes, len: prefix.len() as u8 })
    }

    /// Whether a key begins with it.
    pub(crate) fn begins(&self, key: &[u8]) -> bool {
        self.len != 0 && key.starts_with(&self.bytes[..self.len.into()])
    }
}

/// How to open a storage. The zero value of each is a good choice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// How many keys the hash index has room for from the start. It grows in any
    /// case; this spares the copying when the number is known.
    pub expected_keys: usize,
    /// When writes count as done that do not say it themselves.
    pub durability: Durability,
    /// Bytes that the storage may take in memory; 0 for any number. In a directory, what
    /// has no room is read from there. In memory alone, the storage becomes a cache: when
    /// it is full, live entries leave for good, which a policy chooses; the least limit is
    /// 1 MiB.
    pub memory_limit: u64,
    /// The keys that never leave a cache: those that begin with it.
    pub pinned: Prefix,
    /// Bytes of new versions after which they are flushed to a segment; 0 for 64
    /// MiB. It is at most a quarter of the memory limit.
    pub write_buffer: u64,
    /// How segments are compressed.
    pub compression: Compression,
    /// Bytes of a log file; 0 for 64 MiB.
    pub log_file_len: u64,
    /// Bytes of changes that are kept in memory while somebody watches; 0 for 16 MiB.
    /// It is at most a sixteenth of the memory limit.
    pub watch_buffer: u64,
    /// Bytes of blocks of segments that are kept decompressed, within the memory limit;
    /// `None` for an eighth of that, or 128 MiB if there is none. It is at most a quarter
    /// of the limit, and none below 256 KiB. Nothing is taken before the first compressed
    /// block is read.
    pub block_cache: Option<u64>,
}
