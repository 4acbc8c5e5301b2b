//! Segments in memory, for tests.

use crate::error::{Error, Result};
use crate::fs::{Blocks, FileSystem, Lock, LogFile, Mapping, NewFile, ReadFile};
use crate::key_version::{KeyVersion, Payload};
use crate::segment::{Properties, Segment, SegmentOptions, SegmentWriter};
use rkyv::util::AlignedVec;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// One file, which any path opens.
#[derive(Debug, Default, Clone)]
pub(crate) struct OneFile(pub(crate) Arc<Mutex<Vec<u8>>>);

impl OneFile {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Arc::new(Mutex::new(bytes.to_vec())))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl NewFile for OneFile {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }
}

const NOT_HERE: Error = Error::InvalidArgument("not in tests of segments");

impl FileSystem for OneFile {
    fn create_dir_all(&self, _: &Path) -> Result<()> {
        Err(NOT_HERE)
    }
    fn list(&self, _: &Path) -> Result<Vec<String>> {
        Err(NOT_HERE)
    }
    fn list_others(&self, _: &Path) -> Result<Vec<String>> {
        Err(NOT_HERE)
    }
    fn exists(&self, _: &Path) -> Result<bool> {
        Err(NOT_HERE)
    }
    fn file_len(&self, _: &Path) -> Result<u64> {
        Ok(self.bytes().len() as u64)
    }
    fn read(&self, _: &Path) -> Result<Vec<u8>> {
        Ok(self.bytes())
    }
    fn map(&self, _: &Path) -> Result<Mapping> {
        // With a capacity, or an empty one would not be aligned.
        let mut aligned = AlignedVec::<16>::with_capacity(1);
        aligned.extend_from_slice(&self.0.lock().unwrap());
        Ok(Mapping::new(aligned))
    }
    fn open(&self, _: &Path) -> Result<Box<dyn ReadFile>> {
        Err(NOT_HERE)
    }
    fn create(&self, _: &Path) -> Result<Box<dyn NewFile>> {
        Ok(Box::new(self.clone()))
    }
    fn open_log(
        &self,
        _: &Path,
        _: u64,
        _: Blocks,
        _: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Arc<dyn LogFile>> {
        Err(NOT_HERE)
    }
    fn rename(&self, _: &Path, _: &Path) -> Result<()> {
        Err(NOT_HERE)
    }
    fn remove(&self, _: &Path) -> Result<()> {
        Err(NOT_HERE)
    }
    fn link(&self, _: &Path, _: &Path) -> Result<()> {
        Err(NOT_HERE)
    }
    fn sync_dir(&self, _: &Path) -> Result<()> {
        Err(NOT_HERE)
    }
    fn lock(&self, _: &Path) -> Result<Box<dyn Lock>> {
        Err(NOT_HERE)
    }
}

/// A version that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) key: Vec<u8>,
    pub(crate) sequence: u64,
    /// The value and its expiry; `None` for a tombstone.
    pub(crate) value: Option<(Vec<u8>, u64)>,
}

impl Owned {
    pub(crate) fn of(version: KeyVersion<'_>) -> Self {
        let value = match version.payload {
            Payload::Value(value, expires_at) => Some((value.to_vec(), expires_at)),
            Payload::Tombstone => None,
        };
        Self { key: version.key.to_vec(), sequence: version.sequence, value }
    }

    pub(crate) fn borrow(&self) -> KeyVersion<'_> {
        let payload = match &self.value {
            Some((value, expires_at)) => Payload::Value(value, *expires_at),
            None => Payload::Tombstone,
        };
        KeyVersion { key: &self.key, sequence: self.sequence, payload }
    }
}

/// The range tombstones of the segments that tests write.
pub(crate) type Range = (Vec<u8>, Vec<u8>, u64);

/// Writes versions, which are in order, and tells the file and what it says of
/// itself.
pub(crate) fn write(
    versions: &[Owned],
    ranges: &[Range],
    options: SegmentOptions,
) -> (OneFile, Properties) {
    let file = OneFile::default();
    let mut writer = SegmentWriter::new(Box::new(file.clone()), options);
    for version in versions {
        writer.add(&version.borrow()).unwrap();
    }
    for (start, end, sequence) in ranges {
        writer.add_range_tombstone(start, end, *sequence);
    }
    let properties = writer.finish().unwrap();
    (file, properties)
}

pub(crate) fn open(file: &OneFile) -> Result<Segment> {
    Segment::open(file, Path::new("test"))
}
