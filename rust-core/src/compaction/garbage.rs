//! Dead data that no full level would push out.

use super::pick::{View, is_held_below};
use crate::error::Result;
use crate::manifest::LEVELS;
use crate::tree::LiveSegment;
use std::collections::HashMap;
use std::sync::Arc;

/// From this share of dead versions on, a segment of the last level is written
/// anew: that costs its own length.
const LAST_LEVEL: f64 = 0.25;
/// From this one on, another is merged into the next level, which costs about
/// ten times as much.
const UPPER_LEVELS: f64 = 0.5;
/// Of a segment's expiries, so many are looked at to tell when it is due.
const SAMPLES: u64 = 4096;

const LAST: usize = LEVELS - 1;

/// Finds segments with much dead data.
#[derive(Default)]
pub(super) struct Garbage {
    /// When so much of a segment will have expired that it is worth the work,
    /// in Unix milliseconds, by number. To know it, the segment is read once.
    due: HashMap<u64, u64>,
}

impl Garbage {
    /// Segments of the sorted levels in which everything is dead to everyone,
    /// and that hide nothing: they can go unread.
    pub(super) fn dead_segments(view: &View<'_>) -> Vec<u64> {
        (1..LEVELS)
            .flat_map(|level| view.tree.level(level).iter().map(move |s| (level, s)))
            .filter(|(level, s)| is_deleted(view, *level, s) || has_expired(view, *level, s))
            .map(|(_, s)| s.id())
            .collect()
    }

    /// The segment with the greatest share of dead data, if it is worth the
    /// work, and its level.
    pub(super) fn worst(&mut self, view: &View<'_>) -> Option<(usize, Arc<LiveSegment>)> {
        self.due.retain(|&id, _| view.tree.segments().any(|(_, s)| s.id() == id));
        let mut worst: Option<(f64, usize, &Arc<LiveSegment>)> = None;
        for (level, segment) in view.tree.segments().filter(|(_, s)| view.is_free(s)) {
            let share = self.dead_share(view, level, segment);
            if share >= threshold(level) && worst.is_none_or(|(most, ..)| share > most) {
                worst = Some((share, level, segment));
            }
        }
        worst.map(|(_, level, segment)| (level, Arc::clone(segment)))
    }

    /// About which part of the segment's versions a merge would get rid of.
    fn dead_share(&mut self, view: &View<'_>, level: usize, segment: &LiveSegment) -> f64 {
        let properties = segment.properties();
        // What a snapshot holds in the last level stays however often it is
        // written; from the others it is at least handed on. A range tombstone
        // is not, since that writes all that it covers for nothing.
        let is_held = view.snapshots.first().is_some_and(|&s| s < properties.max_sequence);
        if self.is_due(view, level, segment) {
            return 1.0;
        }
        if is_held && level == LAST {
            return 0.0;
        }
        if properties.range_tombstones > 0 && !is_held {
            return 1.0;
        }
        let superseded = match is_held || level == 0 {
            true => 0,
            false => properties.entries.saturating_sub(properties.keys),
        };
        (properties.tombstones + superseded) as f64 / properties.entries.max(1) as f64
    }

    /// Whether enough of the segment has expired.
    fn is_due(&mut self, view: &View<'_>, level: usize, segment: &LiveSegment) -> bool {
        let properties = segment.properties();
        let share = properties.expiring as f64 / properties.entries.max(1) as f64;
        if share < threshold(level) || properties.earliest_expiry > view.now_ms {
            return false;
        }
        let due = self.due.entry(segment.id()).or_insert_with(|| {
            // A damaged segment is not worth being read again.
            due_at(segment, threshold(level)).unwrap_or(u64::MAX)
        });
        *due <= view.now_ms
    }
}

fn threshold(level: usize) -> f64 {
    if level == LAST { LAST_LEVEL } else { UPPER_LEVELS }
}

/// Whether a range tombstone deletes the whole segment, for everyone. Then it
/// deletes what the segment hides, too, unless it goes with the segment.
fn is_deleted(view: &View<'_>, level: usize, segment: &LiveSegment) -> bool {
    let properties = segment.properties();
    let next_snapshot = view.snapshots.iter().find(|&&s| s >= properties.min_sequence);
    view.tree.deletions().iter().any(|t| {
        // With the same sequence, it is the segment's own.
        let stays = t.sequence > properties.max_sequence;
        let is_own = t.sequence == properties.max_sequence;
        (stays || (is_own && !hides(view, level, segment)))
            && t.covers(segment.first_key())
            && next_snapshot.is_none_or(|&snapshot| snapshot >= t.sequence)
            && ends_before(segment, &t.end)
    })
}

/// Whether all of the segment's keys are below `end`. If its last key is `end`,
/// that may be the end of a range tombstone, or else a version's key.
fn ends_before(segment: &LiveSegment, end: &[u8]) -> bool {
    if segment.last_key() != end {
        return segment.last_key() < end;
    }
    let mut cursor = segment.cursor();
    cursor.seek(end).is_ok() && cursor.current().is_none()
}

/// Whether the whole segment has expired, and no older level can hold what it
/// hides.
fn has_expired(view: &View<'_>, level: usize, segment: &LiveSegment) -> bool {
    let latest = segment.properties().latest_expiry;
    latest != 0 && latest <= view.now_ms && !hides(view, level, segment)
}

/// Whether a deeper level may hold what the segment hides.
fn hides(view: &View<'_>, level: usize, segment: &LiveSegment) -> bool {
    is_held_below(view.tree, level, segment.first_key(), segment.last_key())
}

/// When the given share of a segment's versions will have expired, in Unix
/// milliseconds; the end of time if too few ever do. Reads the segment.
fn due_at(segment: &LiveSegment, share: f64) -> Result<u64> {
    let entries = segment.properties().entries.max(1);
    let step = entries.div_ceil(SAMPLES).max(1);
    let mut expiries = Vec::new();
    let (mut looked_at, mut seen) = (0u64, 0u64);
    let mut cursor = segment.cursor();
    cursor.seek_to_first()?;
    while let Some(version) = cursor.current() {
        if seen.is_multiple_of(step) {
            looked_at += 1;
            let expires_at = version.payload.expires_at();
            if expires_at != 0 {
                expiries.push(expires_at);
            }
        }
        seen += 1;
        cursor.next()?;
    }
    expiries.sort_unstable();
    let rank = (looked_at as f64 * share).ceil().max(1.0) as usize;
    Ok(expiries.get(rank - 1).copied().unwrap_or(u64::MAX))
}
