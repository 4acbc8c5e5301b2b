//! Opening a directory's segments.

use super::{SegmentStore, State, StoreOptions, entry_of, protect, segment_path};
use crate::block_cache::BlockCache;
use crate::error::{Error, Result};
use crate::fs::FileSystem;
use crate::manifest::{self, LEVELS, MANIFEST, Manifest, SegmentEntry};
use crate::segment::Pins;
use crate::sync::Mutex;
use crate::tree::{LiveSegment, Segments, Shared, Tree};
use crossbeam_epoch::Atomic;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// The name of a segment's file.
pub(crate) fn segment_name(id: u64) -> String {
    format!("{id:08}.seg")
}

/// The number of the segment that a file of this name is, if it is one.
pub(crate) fn segment_id(name: &str) -> Option<u64> {
    let id = name.strip_suffix(".seg")?.parse().ok()?;
    (segment_name(id) == name).then_some(id)
}

impl SegmentStore {
    /// Opens the segments in `dir`, which is made if need be. The caller holds
    /// the directory's lock. Files that a crash left, of segments that were
    /// never installed or are not needed any more, are removed.
    ///
    /// Fails with [`Error::Corrupt`] if the manifest or a segment's footer,
    /// index or filter is damaged, if a segment is missing or is not the one
    /// that the manifest means, and if there are segments but no manifest.
    pub(crate) fn open(
        fs: Arc<dyn FileSystem>,
        dir: &Path,
        options: StoreOptions,
    ) -> Result<SegmentStore> {
        fs.create_dir_all(dir)?;
        let found = manifest::load(&*fs, dir)?;
        let manifest = match found {
            // A process that was killed may have renamed it and not synced that.
            // It has to last before anything goes that only the one before needs:
            // segments here, and log files later.
            Some(manifest) => {
                fs.sync_dir(dir)?;
                manifest
            }
            None => begin(&*fs, dir)?,
        };
        let shared = Shared {
            disk_bytes: Arc::default(),
            blocks: Arc::new(BlockCache::new(options.block_cache)),
            pins: Arc::new(Pins::new(options.pinned)),
            left: Arc::default(),
        };
        let tree = Arc::new(Tree::new(open_levels(&fs, dir, &manifest, &shared)?));
        remove_leftovers(&*fs, dir, &manifest)?;
        Ok(Self {
            fs,
            dir: dir.to_path_buf(),
            options,
            rules: Mutex::default(),
            current: Atomic::from(protect(Arc::clone(&tree))),
            flushed: AtomicU64::new(manifest.flushed),
            next_file: AtomicU64::new(manifest.next_file),
            state: Mutex::new(State { manifest, tree, unsettled: None }),
            shared,
            retired: Arc::default(),
        })
    }
}

/// Writes the first manifest, so that a missing one is damage from then on.
fn begin(fs: &dyn FileSystem, dir: &Path) -> Result<Manifest> {
    if fs.list(dir)?.iter().any(|name| segment_id(name).is_some()) {
        return Err(Error::Corrupt {
            file: dir.join(MANIFEST).display().to_string(),
            offset: 0,
            what: "missing manifest, though there are segments".into(),
        });
    }
    let manifest = Manifest::empty();
    manifest::store(fs, dir, &manifest).map_err(manifest::Failed::into_error)?;
    Ok(manifest)
}

fn open_levels(
    fs: &Arc<dyn FileSystem>,
    dir: &Path,
    manifest: &Manifest,
    shared: &Shared,
) -> Result<Vec<Segments>> {
    let mut levels = vec![Segments::new(); LEVELS];
    for (level, entry) in manifest.segments() {
        let segment = open_one(fs, dir, entry, shared)?;
        if let Some(of) = levels.get_mut(level) {
            of.push(Arc::new(segment));
        }
    }
    Ok(levels)
}

/// Opens the segment that the manifest means and reads all of it; each damage is
/// reported.
pub(crate) fn check_segment(
    fs: &Arc<dyn FileSystem>,
    dir: &Path,
    entry: &SegmentEntry,
    report: &mut dyn FnMut(Error),
) {
    match open_one(fs, dir, entry, &Shared::default()) {
        Ok(segment) => segment.verify_all(&mut |_| {}, report),
        Err(error) => report(error),
    }
}

/// Reads all of a segment of which no manifest tells; each damage is reported.
pub(crate) fn check_lone_segment(
    fs: &Arc<dyn FileSystem>,
    dir: &Path,
    id: u64,
    report: &mut dyn FnMut(Error),
) {
    match LiveSegment::open(fs, &segment_path(dir, id), id, &Shared::default()) {
        Ok(segment) => segment.verify_all(&mut |_| {}, report),
        Err(error) => report(error),
    }
}

/// Opens the segment that the manifest means.
fn open_one(
    fs: &Arc<dyn FileSystem>,
    dir: &Path,
    entry: &SegmentEntry,
    shared: &Shared,
) -> Result<LiveSegment> {
    let path = segment_path(dir, entry.id);
    let corrupt = |what: &str| Error::Corrupt {
        file: path.display().to_string(),
        offset: 0,
        what: what.into(),
    };
    if !fs.exists(&path)? {
        return Err(corrupt("missing segment"));
    }
    let segment = LiveSegment::open(fs, &path, entry.id, shared)?;
    if entry_of(&segment) == *entry {
        Ok(segment)
    } else {
        Err(corrupt("another segment than the manifest's"))
    }
}

/// Removes what the manifest does not know.
fn remove_leftovers(fs: &dyn FileSystem, dir: &Path, manifest: &Manifest) -> Result<()> {
    let live: HashSet<u64> = manifest.segments().map(|(_, s)| s.id).collect();
    for name in fs.list(dir)? {
        let is_dead = segment_id(&name).is_some_and(|id| !live.contains(&id));
        if is_dead || manifest::is_leftover(&name) {
            fs.remove(&dir.join(name))?;
        }
    }
    Ok(())
}
