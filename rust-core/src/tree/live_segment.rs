//! A segment that trees refer to, and the file under it.

use crate::block_cache::{BlockCache, SegmentBlocks};
use crate::error::Result;
use crate::fs::FileSystem;
use crate::segment::{Pins, Segment};
use crate::sync::{Mutex, lock};
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// What all segments of a store share. The default is for segments of no store.
#[derive(Clone, Default)]
pub(crate) struct Shared {
    /// The bytes of all segment files that exist, those included that only a reader
    /// still holds.
    pub(crate) disk_bytes: Arc<AtomicU64>,
    pub(crate) blocks: Arc<BlockCache>,
    pub(crate) pins: Arc<Pins>,
    /// Whether the store has left its directory, which may be another's since: then no
    /// file is removed any more.
    pub(crate) left: Arc<Mutex<bool>>,
}

/// An open segment with its number. Its file is removed when the last tree and
/// the last reader let go of it, if the manifest has let go of it before; what
/// they still hold when the store leaves its directory, the next opening removes.
pub(crate) struct LiveSegment {
    id: u64,
    segment: Segment,
    /// Whether no manifest that can be found after a crash names it.
    obsolete: AtomicBool,
    fs: Arc<dyn FileSystem>,
    disk_bytes: Arc<AtomicU64>,
    left: Arc<Mutex<bool>>,
}

impl LiveSegment {
    /// Opens the segment file at `path`, which has the number `id`.
    pub(crate) fn open(
        fs: &Arc<dyn FileSystem>,
        path: &Path,
        id: u64,
        shared: &Shared,
    ) -> Result<Self> {
        let segment = Segment::open(&**fs, path)?
            .with_cache(SegmentBlocks::new(&shared.blocks, id))
            .pinned_by(&shared.pins);
        shared.disk_bytes.fetch_add(segment.properties().file_len, Relaxed);
        let (fs, disk_bytes) = (Arc::clone(fs), Arc::clone(&shared.disk_bytes));
        let (obsolete, left) = (AtomicBool::new(false), Arc::clone(&shared.left));
        Ok(Self { id, segment, obsolete, fs, disk_bytes, left })
    }

    /// The number that names the file.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The first key, of a version or of a range tombstone.
    pub(crate) fn first_key(&self) -> &[u8] {
        &self.segment.properties().first_key
    }

    /// The last key, or the end of a range tombstone, which does not contain it.
    pub(crate) fn last_key(&self) -> &[u8] {
        &self.segment.properties().last_key
    }

    /// The file's length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.segment.properties().file_len
    }

    /// Has the file removed when nobody uses it any more.
    pub(crate) fn make_obsolete(&self) {
        self.obsolete.store(true, Relaxed);
    }
}

impl Deref for LiveSegment {
    type Target = Segment;

    fn deref(&self) -> &Segment {
        &self.segment
    }
}

impl Drop for LiveSegment {
    fn drop(&mut self) {
        self.disk_bytes.fetch_sub(self.len(), Relaxed);
        if *self.obsolete.get_mut() {
            // Locked until the file is gone: who leaves the directory waits for that.
            let left = lock(&self.left);
            if !*left {
                // What cannot be removed now is removed at the next opening.
                let _ = self.fs.remove(self.segment.path());
            }
        }
    }
}
