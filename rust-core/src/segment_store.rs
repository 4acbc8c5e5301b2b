//! The segments of a data directory: which there are, and how new ones take the
//! place of old ones, for readers and on the disk at once.
//!
//! Readers load the current [`Tree`] under an epoch guard, without a lock. A
//! change writes the manifest first, durably, and then swaps the tree; the old
//! one is retired behind the epoch. A segment's file is removed when the last
//! tree with it is gone.

mod checkpoint;
mod edit;
mod open;
mod retired;

use crate::block_cache::BlockCache;
use crate::error::Result;
use crate::fs::{FileSystem, NewFile};
use crate::manifest::{self, Failed, LEVELS, Manifest, SegmentEntry};
use crate::segment::{Compression, CompressionRules, SegmentOptions, SegmentWriter};
use crate::sync::{Mutex, lock};
use crate::tree::{LiveSegment, Shared, Tree};
use crossbeam_epoch::{self as epoch, Atomic, Guard};
use retired::Retired;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Relaxed, SeqCst},
};

pub(crate) use edit::Edit;
pub(crate) use open::{check_lone_segment, check_segment, segment_id, segment_name};

/// How segments are written.
#[derive(Debug, Clone)]
pub(crate) struct StoreOptions {
    /// The length of a data block in bytes, before compression.
    pub(crate) block_len: usize,
    /// Bits of the filter for each key.
    pub(crate) filter_bits_per_key: u32,
    /// The compression of all levels but the last.
    pub(crate) compression: Compression,
    /// The last level's, which holds most of the data.
    pub(crate) last_compression: Compression,
    /// Bytes of decompressed blocks that are kept; 0 for none.
    pub(crate) block_cache: u64,
    /// Bytes of filters and indexes that may be pinned in memory.
    pub(crate) pinned: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            block_len: 4096,
            filter_bits_per_key: 10,
            compression: Compression::Lz4,
            last_compression: Compression::Lz4,
            block_cache: 0,
            pinned: 0,
        }
    }
}

/// See the module's text.
pub(crate) struct SegmentStore {
    fs: Arc<dyn FileSystem>,
    dir: PathBuf,
    options: StoreOptions,
    /// What segments are written by that are begun from now on.
    rules: Mutex<Arc<CompressionRules>>,
    /// The `Arc` of the current tree, which owns one of its references.
    current: Atomic<Tree>,
    state: Mutex<State>,
    flushed: AtomicU64,
    next_file: AtomicU64,
    shared: Shared,
    retired: Arc<Retired>,
}

/// What changes under the lock.
struct State {
    manifest: Manifest,
    tree: Arc<Tree>,
    /// Whether the manifest on the disk may be another one: its replacement
    /// failed in a way that leaves this open. Then it names these segments too.
    unsettled: Option<Vec<u64>>,
}

impl SegmentStore {
    /// The current tree. It stays valid as long as the guard.
    #[inline]
    pub(crate) fn tree<'g>(&self, guard: &'g Guard) -> &'g Tree {
        let shared = self.current.load(SeqCst, guard);
        // SAFETY: never null; the tree is retired behind the guard's epoch, and
        // after its pointer was replaced.
        unsafe { shared.deref() }
    }

    /// The current tree, for whoever works on it for long.
    pub(crate) fn current(&self) -> Arc<Tree> {
        Arc::clone(&lock(&self.state).tree)
    }

    /// The sequence number up to which the segments hold every write.
    pub(crate) fn flushed(&self) -> u64 {
        self.flushed.load(SeqCst)
    }

    /// The greatest sequence number that the manifest knows of.
    pub(crate) fn last_sequence(&self) -> u64 {
        lock(&self.state).manifest.last_sequence
    }

    /// The bytes of all segment files that exist, in use or held by a reader.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.shared.disk_bytes.load(Relaxed)
    }

    /// The cache of the segments' blocks.
    pub(crate) fn blocks(&self) -> &BlockCache {
        &self.shared.blocks
    }

    /// The bytes of filters and indexes that are pinned in memory.
    pub(crate) fn pinned_bytes(&self) -> u64 {
        self.shared.pins.bytes()
    }

    /// Starts a segment for a level: its number, its path and what writes it.
    /// Once it is finished, [`SegmentStore::install`] it, or else
    /// [`SegmentStore::abandon`] it.
    pub(crate) fn new_segment(&self, level: usize) -> Result<(u64, PathBuf, SegmentWriter)> {
        self.new_segment_through(level, |file| file)
    }

    /// As [`SegmentStore::new_segment`], with what `wrap` makes of the file in
    /// between.
    pub(crate) fn new_segment_through(
        &self,
        level: usize,
        wrap: impl FnOnce(Box<dyn NewFile>) -> Box<dyn NewFile>,
    ) -> Result<(u64, PathBuf, SegmentWriter)> {
        let id = self.next_file.fetch_add(1, Relaxed);
        let path = segment_path(&self.dir, id);
        let file = wrap(self.fs.create(&path)?);
        let options = SegmentOptions {
            block_len: self.options.block_len,
            compression: self.compression(level),
            filter_bits_per_key: self.options.filter_bits_per_key,
        };
        let rules = Arc::clone(&lock(&self.rules));
        let writer = SegmentWriter::new(file, options).with_rules(rules);
        Ok((id, path, writer))
    }

    /// Sets how the blocks of keys with a prefix are stored that are written from now
    /// on; for `None` as those of other keys.
    pub(crate) fn set_compression(&self, prefix: &[u8], compression: Option<Compression>) {
        let mut rules = lock(&self.rules);
        *rules = Arc::new(rules.with(prefix, compression));
    }

    /// The compression of a level.
    pub(crate) fn compression(&self, level: usize) -> Compression {
        if level + 1 == LEVELS { self.options.last_compression } else { self.options.compression }
    }

    /// Removes segments that were started and will not be installed.
    pub(crate) fn abandon(&self, ids: &[u64]) {
        for &id in ids {
            // What stays is removed at the next opening.
            let _ = self.fs.remove(&segment_path(&self.dir, id));
        }
    }

    /// Puts finished segments in the place of others, durably. If it fails, the
    /// state is as before and the added segments' files are removed; those whose
    /// manifest a crash may find all the same are removed later on.
    pub(crate) fn install(&self, edit: &Edit) -> Result<()> {
        // Outside the lock: opening a segment reads its filter and its index.
        let opened = self.open_added(edit);
        let mut state = lock(&self.state);
        let changed = opened.and_then(|opened| {
            self.settle(&mut state)?;
            edit::apply(edit, &state.manifest, &state.tree, &opened)
        });
        let (mut manifest, levels) = changed.inspect_err(|_| self.abandon(&edit.new_ids()))?;
        manifest.next_file = self.next_file.load(Relaxed);
        match manifest::store(&*self.fs, &self.dir, &manifest) {
            Ok(()) => {}
            Err(Failed::Unchanged(error)) => {
                self.abandon(&edit.new_ids());
                return Err(error);
            }
            Err(Failed::Unknown(error)) => {
                state.unsettled = Some(edit.new_ids());
                return Err(error);
            }
        }
        for segment in state.tree.segments().map(|(_, segment)| segment) {
            if edit.lets_go_of(segment.id()) {
                segment.make_obsolete();
            }
        }
        state.manifest = manifest;
        self.publish(&mut state, Tree::new(levels));
        self.flushed.store(state.manifest.flushed, SeqCst);
        Ok(())
    }

    /// Sees to it that the manifest on the disk is the one that is in force. Until
    /// then all files of both stay.
    fn settle(&self, state: &mut State) -> Result<()> {
        let Some(ids) = &state.unsettled else { return Ok(()) };
        manifest::store(&*self.fs, &self.dir, &state.manifest).map_err(Failed::into_error)?;
        self.abandon(ids);
        state.unsettled = None;
        Ok(())
    }

    /// Makes a tree the current one, and retires the one before.
    fn publish(&self, state: &mut State, tree: Tree) {
        let guard = epoch::pin();
        state.tree = Arc::new(tree);
        let old = self.current.swap(protect(Arc::clone(&state.tree)), SeqCst, &guard);
        let (old, retired) = (old.as_raw(), Arc::clone(&self.retired));
        // SAFETY: the pointer owned a reference of the tree's `Arc` and is
        // replaced; readers that have loaded it are pinned.
        unsafe { guard.defer_unchecked(move || retired.push(Arc::from_raw(old))) };
        guard.flush();
    }

    /// Lets go of trees that no reader holds any more, and so removes the files
    /// of segments that only they had. Background threads call it now and then:
    /// unmapping and removing takes a while, and is not left to a reader.
    pub(crate) fn reap(&self) {
        epoch::pin().flush();
        self.retired.clear();
    }

    /// Leaves the directory to others, before it is unlocked: from now on nothing that is
    /// let go of removes a file there, whatever readers still hold.
    pub(crate) fn leave(&self) {
        self.reap();
        *lock(&self.shared.left) = true;
    }

    /// Opens a finished segment that is not installed.
    pub(crate) fn open_segment(&self, id: u64) -> Result<Arc<LiveSegment>> {
        let path = segment_path(&self.dir, id);
        LiveSegment::open(&self.fs, &path, id, &self.shared).map(Arc::new)
    }

    fn open_added(&self, edit: &Edit) -> Result<Vec<Arc<LiveSegment>>> {
        edit.new_ids().into_iter().map(|id| self.open_segment(id)).collect()
    }
}

impl Drop for SegmentStore {
    fn drop(&mut self) {
        let guard = epoch::pin();
        let current = self.current.load(Relaxed, &guard).as_raw();
        // SAFETY: the pointer owns a reference of the tree's `Arc`, and nobody
        // can load it any more. Readers under a guard borrow the store.
        drop(unsafe { Arc::from_raw(current) });
    }
}

/// The pointer that owns a reference of the tree's `Arc`.
fn protect(tree: Arc<Tree>) -> epoch::Shared<'static, Tree> {
    epoch::Shared::from(Arc::into_raw(tree))
}

/// A segment file's path.
fn segment_path(dir: &Path, id: u64) -> PathBuf {
    dir.join(segment_name(id))
}

/// What the manifest says of a segment.
fn entry_of(segment: &LiveSegment) -> SegmentEntry {
    let properties = segment.properties();
    SegmentEntry {
        id: segment.id(),
        file_len: properties.file_len,
        entries: properties.entries,
        min_sequence: properties.min_sequence,
        max_sequence: properties.max_sequence,
        first_key: properties.first_key.clone(),
        last_key: properties.last_key.clone(),
    }
}
