//! A second directory with the same segments.

use super::{SegmentStore, segment_path};
use crate::error::{Error, Result};
use crate::fs::FileSystem;
use crate::manifest::{self, MANIFEST};
use crate::sync::lock;
use std::path::Path;
use std::sync::Arc;

/// Copies are written in pieces of so many bytes.
const PIECE: usize = 1 << 20;

impl SegmentStore {
    /// Makes `target` a directory of its own with the segments of this moment,
    /// durably: by hard links, or by copies where the file system has none. It
    /// holds every write up to the sequence number that is returned. Writes and
    /// compactions go on meanwhile. If it fails, `target` has no manifest, and
    /// is no database.
    pub(crate) fn checkpoint(&self, target: &Path) -> Result<u64> {
        // The tree keeps its files from being removed.
        let (manifest, tree) = {
            let state = lock(&self.state);
            (state.manifest.clone(), Arc::clone(&state.tree))
        };
        self.fs.create_dir_all(target)?;
        if self.fs.exists(&target.join(MANIFEST))? {
            return Err(Error::InvalidArgument("the checkpoint's directory has a database"));
        }
        for (_, segment) in tree.segments() {
            let to = segment_path(target, segment.id());
            if self.fs.link(segment.path(), &to).is_err() {
                copy(&*self.fs, segment.path(), &to)?;
            }
        }
        let stored = manifest::store(&*self.fs, target, &manifest);
        stored.map_err(manifest::Failed::into_error)?;
        Ok(manifest.flushed)
    }
}

fn copy(fs: &dyn FileSystem, from: &Path, to: &Path) -> Result<()> {
    if fs.exists(to)? {
        return Err(Error::InvalidArgument("the checkpoint's directory has segments"));
    }
    let bytes = fs.map(from)?;
    let mut file = fs.create(to)?;
    for piece in bytes.chunks(PIECE) {
        file.write(piece)?;
    }
    file.sync()
}
