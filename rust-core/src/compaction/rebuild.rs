//! Making a database of segments of any origin.

use super::pace::Pace;
use super::run::{self, Context};
use super::{CompactionOptions, MergeJob};
use crate::error::Result;
use crate::manifest::LEVELS;
use crate::segment_store::SegmentStore;
use crate::tree::{Segments, Tree};

/// Merges segments, in which versions may lie in any order of age, into the last
/// level of a store that has none: of each key the newest version stays. From
/// then on the store holds every write up to `flushed`. The segments' files
/// stay.
pub(crate) fn rebuild(store: &SegmentStore, segments: Segments, flushed: u64) -> Result<()> {
    let tree = Tree::new(vec![segments.clone()]);
    let (options, pace) = (CompactionOptions::default(), Pace::new(0));
    let context = Context {
        store,
        options: &options,
        pace: &pace,
        tree: &tree,
        snapshots: &[],
        // What has expired is dropped another day.
        now_ms: 0,
    };
    let job = MergeJob { from: 0, to: LEVELS - 1, upper: segments, lower: Segments::new() };
    match run::write(&job, &context)? {
        Some(outputs) => run::install(outputs, job.to, Vec::new(), Some(flushed), store),
        None => Ok(()),
    }
}
