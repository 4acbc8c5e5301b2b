//! A change of the set of segments.

use crate::error::{Error, Result};
use crate::manifest::{LEVELS, MAX_FILE, Manifest};
use crate::tree::{LiveSegment, Segments, Tree};
use std::sync::Arc;

/// Segments that come, that go, and that change their level: those are named
/// under both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Level and number. Of those for level 0, each is newer than the one
    /// before it, and than all that are there.
    pub(crate) added: Vec<(usize, u64)>,
    /// Numbers.
    pub(crate) removed: Vec<u64>,
    /// The sequence number up to which the segments hold every write from now
    /// on; `None` if that does not change.
    pub(crate) flushed: Option<u64>,
}

impl Edit {
    /// The numbers of the segments that were not there before.
    pub(super) fn new_ids(&self) -> Vec<u64> {
        let is_new = |id: &u64| !self.removed.contains(id);
        self.added.iter().map(|&(_, id)| id).filter(is_new).collect()
    }

    /// Whether the segment is removed, and not only moved.
    pub(super) fn lets_go_of(&self, id: u64) -> bool {
        self.removed.contains(&id) && !self.added.iter().any(|&(_, added)| added == id)
    }
}

/// The manifest and the levels after the change. `opened` are the new segments.
/// The next file's number is the caller's to set.
pub(super) fn apply(
    edit: &Edit,
    manifest: &Manifest,
    tree: &Tree,
    opened: &[Arc<LiveSegment>],
) -> Result<(Manifest, Vec<Segments>)> {
    let known: Segments = tree.segments().map(|(_, s)| s).chain(opened).cloned().collect();
    let mut levels: Vec<Segments> = (0..LEVELS).map(|level| tree.level(level).to_vec()).collect();
    for &id in &edit.removed {
        remove(&mut levels, id)?;
    }
    for &(level, id) in &edit.added {
        let segment = known.iter().find(|s| s.id() == id);
        let (Some(segment), Some(of)) = (segment, levels.get_mut(level)) else {
            return Err(Error::InvalidArgument("segment or level that is not there"));
        };
        let place = match level {
            0 => 0,
            _ => of.partition_point(|s| s.first_key() < segment.first_key()),
        };
        of.insert(place, Arc::clone(segment));
    }
    let flushed = edit.flushed.unwrap_or(manifest.flushed).max(manifest.flushed);
    let changed = Manifest {
        flushed,
        last_sequence: manifest.last_sequence.max(flushed),
        // The greatest there is, until the caller knows better.
        next_file: MAX_FILE,
        levels: levels.iter().map(|of| of.iter().map(|s| super::entry_of(s)).collect()).collect(),
    };
    // Whatever is wrong here would be found at the next opening, too late.
    changed.check().map_err(|what| {
        debug_assert!(false, "{what}");
        Error::InvalidArgument("segments that do not fit together")
    })?;
    Ok((changed, levels))
}

fn remove(levels: &mut [Segments], id: u64) -> Result<()> {
    for of in levels {
        if let Some(place) = of.iter().position(|s| s.id() == id) {
            of.remove(place);
            return Ok(());
        }
    }
    Err(Error::InvalidArgument("removal of a segment that is not there"))
}
