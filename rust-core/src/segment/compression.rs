//! Compression of blocks.

use super::fault::Malformed;
use super::frame::Frame;
use crate::error::{Error, Result};

/// How a block is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Compression {
    /// As it is.
    None = 0,
    /// LZ4's block format.
    #[default]
    Lz4 = 1,
    /// A zstd frame.
    Zstd = 2,
}

/// The level of zstd: its default.
const ZSTD_LEVEL: i32 = 3;

impl Compression {
    pub(super) fn from_code(code: u8) -> Option<Self> {
        [Self::None, Self::Lz4, Self::Zstd].into_iter().find(|&c| c as u8 == code)
    }
}

/// Compresses blocks, one after another.
#[derive(Default)]
pub(super) struct Compressor {
    output: Vec<u8>,
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

impl Compressor {
    /// The block as it is to be stored. One that does not shrink by an eighth
    /// stays as it is: reading it costs less than what it would save.
    pub(super) fn compress<'a>(
        &'a mut self,
        choice: Compression,
        raw: &'a [u8],
    ) -> Result<(Compression, &'a [u8])> {
        let len = match choice {
            Compression::None => return Ok((Compression::None, raw)),
            Compression::Lz4 => self.lz4(raw),
            Compression::Zstd => self.zstd(raw)?,
        };
        match self.output.get(..len) {
            Some(stored) if len <= raw.len() - raw.len() / 8 => Ok((choice, stored)),
            _ => Ok((Compression::None, raw)),
        }
    }

    /// Gives the buffer back, after a block that was large.
    pub(super) fn shrink(&mut self) {
        self.output = Vec::new();
    }

    fn lz4(&mut self, raw: &[u8]) -> usize {
        self.output.resize(lz4_flex::block::get_maximum_output_size(raw.len()), 0);
        // It fails only for want of room.
        lz4_flex::block::compress_into(raw, &mut self.output).unwrap_or(usize::MAX)
    }

    fn zstd(&mut self, raw: &[u8]) -> Result<usize> {
        let refused = |_| Error::OutOfMemory;
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            none => none.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL).map_err(refused)?),
        };
        self.output.resize(zstd::zstd_safe::compress_bound(raw.len()), 0);
        zstd.compress_to_buffer(raw, self.output.as_mut_slice()).map_err(refused)
    }
}

/// What decompression needs: a buffer, and zstd's state once it was met.
#[derive(Default)]
pub(super) struct Decompressor {
    buffer: Vec<u8>,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

/// Why a block could not be decompressed.
pub(super) enum Failure {
    Malformed(Malformed),
    OutOfMemory,
}

impl Decompressor {
    /// A buffer that grew past this is given back at the next block.
    const KEPT: usize = 1 << 20;

    /// Decompresses a block into the buffer. `raw_len` is bounded by the
    /// caller.
    pub(super) fn decompress(
        &mut self,
        compression: Compression,
        stored: &[u8],
        raw_len: usize,
    ) -> std::result::Result<(), Failure> {
        self.make_room(raw_len)?;
        let len = match compression {
            Compression::None => {
                self.buffer.copy_from_slice(stored);
                Some(stored.len())
            }
            Compression::Lz4 => lz4_flex::block::decompress_into(stored, &mut self.buffer).ok(),
            Compression::Zstd => self.zstd(stored)?,
        };
        if len == Some(raw_len) {
            Ok(())
        } else {
            Err(Failure::Malformed("a block does not decompress"))
        }
    }

    /// What a frame holds, decompressed into the buffer if need be.
    pub(super) fn read<'a>(
        &'a mut self,
        frame: &Frame<'a>,
    ) -> std::result::Result<&'a [u8], Failure> {
        if frame.compression == Compression::None {
            return Ok(frame.stored);
        }
        self.decompress(frame.compression, frame.stored, frame.raw_len)?;
        Ok(&self.buffer)
    }

    /// Takes a block that was decompressed before into the buffer.
    pub(super) fn copy(&mut self, raw: &[u8]) -> std::result::Result<(), Failure> {
        self.make_room(raw.len())?;
        self.buffer.copy_from_slice(raw);
        Ok(())
    }

    /// The last block.
    #[inline]
    pub(super) fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    fn make_room(&mut self, len: usize) -> std::result::Result<(), Failure> {
        if self.buffer.capacity() > Self::KEPT && len <= Self::KEPT {
            self.buffer = Vec::new();
        }
        if len > self.buffer.len() {
            let more = len - self.buffer.len();
            self.buffer.try_reserve(more).map_err(|_| Failure::OutOfMemory)?;
        }
        self.buffer.resize(len, 0);
        Ok(())
    }

    fn zstd(&mut self, stored: &[u8]) -> std::result::Result<Option<usize>, Failure> {
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            none => none.insert(zstd::bulk::Decompressor::new().map_err(|_| Failure::OutOfMemory)?),
        };
        Ok(zstd.decompress_to_buffer(stored, self.buffer.as_mut_slice()).ok())
    }
}
