//! Merging segments into new ones.

use super::output::Outputs;
use super::pace::Pace;
use super::pick::is_held_below;
use super::retain::{Fate, Retention, stripe};
use super::{CompactionOptions, MergeJob};
use crate::error::Result;
use crate::key_version::{KeyVersion, Payload};
use crate::merge::{Merge, Source};
use crate::range_tombstones::RangeTombstone;
use crate::segment_store::{Edit, SegmentStore};
use crate::tree::{LevelCursor, Part, Tree};

/// After so many versions it is asked whether to go on.
const ASK_AFTER: u32 = 256;

/// What a merge depends on.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) store: &'a SegmentStore,
    pub(super) options: &'a CompactionOptions,
    pub(super) pace: &'a Pace,
    /// The tree that the inputs are of.
    pub(super) tree: &'a Tree,
    /// Ascending.
    pub(super) snapshots: &'a [u64],
    pub(super) now_ms: u64,
}

/// What a merge has read and written, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) read: u64,
    pub(super) written: u64,
}

/// Merges, and installs the outputs. `None` if it was to end before.
pub(super) fn merge(job: &MergeJob, context: &Context<'_>) -> Result<Option<Done>> {
    let Some(outputs) = write(job, context)? else { return Ok(None) };
    let written = outputs.written();
    let removed = job.inputs().map(|s| s.id()).collect();
    install(outputs, job.to, removed, None, context.store)?;
    Ok(Some(Done { read: job.inputs().map(|s| s.len()).sum(), written }))
}

/// Puts outputs in the place of other segments.
pub(super) fn install(
    outputs: Outputs<'_>,
    level: usize,
    removed: Vec<u64>,
    flushed: Option<u64>,
    store: &SegmentStore,
) -> Result<()> {
    let added = outputs.ids().iter().map(|&id| (level, id)).collect();
    // From here on the store sees to the outputs' files.
    outputs.keep();
    store.install(&Edit { added, removed, flushed })
}

/// Merges into new segments. `None` if it was to end before.
pub(super) fn write<'a>(job: &MergeJob, context: &Context<'a>) -> Result<Option<Outputs<'a>>> {
    let mut sources: Vec<Part<'_>> = match job.from {
        0 => job.upper.iter().map(|s| Part::Segment(s.cursor())).collect(),
        _ => vec![Part::Level(LevelCursor::new(&job.upper))],
    };
    sources.push(Part::Level(LevelCursor::new(&job.lower)));
    let mut sink = Sink::new(job, context);
    if !copy(Merge::new(sources), &mut sink, context)? {
        return Ok(None);
    }
    sink.outputs.finish().map(Some)
}

/// Hands on what has to stay; false if it was to end before.
fn copy(mut merge: Merge<Part<'_>>, sink: &mut Sink<'_>, context: &Context<'_>) -> Result<bool> {
    let mut retention = Retention::new(context.snapshots, context.tree.deletions(), context.now_ms);
    let mut until_asked = ASK_AFTER;
    merge.seek_to_first()?;
    while let Some(version) = merge.current() {
        match retention.judge(&version) {
            Fate::Keep => sink.value(&version)?,
            Fate::Bury => sink.tombstone(&version)?,
            Fate::Drop => {}
        }
        merge.next()?;
        until_asked -= 1;
        if until_asked == 0 {
            until_asked = ASK_AFTER;
            if context.pace.is_closed() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Takes what has to stay, in order, and leaves out tombstones that hide
/// nothing.
struct Sink<'a> {
    outputs: Outputs<'a>,
    tree: &'a Tree,
    to: usize,
    /// Tombstones of one key that hide nothing but what may still come: older
    /// versions of it, which a snapshot holds.
    waiting: Vec<u64>,
    waiting_key: Vec<u8>,
}

impl<'a> Sink<'a> {
    fn new(job: &MergeJob, context: &Context<'a>) -> Self {
        let to = job.to;
        let tombstones = job.inputs().flat_map(|s| s.range_tombstones());
        let tombstones = tombstones.map(RangeTombstone::from);
        let tombstones = tombstones.filter(|t| !is_done(t, context, to)).collect();
        let outputs = Outputs::new(context, to, tombstones);
        let (waiting, waiting_key) = (Vec::new(), Vec::new());
        Self { outputs, tree: context.tree, to, waiting, waiting_key }
    }

    fn value(&mut self, version: &KeyVersion<'_>) -> Result<()> {
        if !self.waiting.is_empty() {
            if self.waiting_key == version.key {
                for &sequence in &self.waiting {
                    let payload = Payload::Tombstone;
                    self.outputs.add(&KeyVersion { sequence, payload, ..*version })?;
                }
            }
            self.waiting.clear();
        }
        self.outputs.add(version)
    }

    /// A tombstone, or what has become one.
    fn tombstone(&mut self, version: &KeyVersion<'_>) -> Result<()> {
        if is_held_below(self.tree, self.to, version.key, version.key) {
            return self.outputs.add(&KeyVersion { payload: Payload::Tombstone, ..*version });
        }
        if self.waiting_key != version.key {
            self.waiting.clear();
            self.waiting_key.clear();
            self.waiting_key.extend_from_slice(version.key);
        }
        self.waiting.push(version.sequence);
        Ok(())
    }
}

/// Whether nothing is left that a range tombstone deletes, once the merge has
/// left out what it deletes: no older level has its keys, and no snapshot holds
/// a version from before it.
fn is_done(tombstone: &RangeTombstone, context: &Context<'_>, to: usize) -> bool {
    stripe(context.snapshots, tombstone.sequence) == 0
        && !is_held_below(context.tree, to, &tombstone.start, &tombstone.end)
}
