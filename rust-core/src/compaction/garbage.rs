//! Dead data that no full level would push out.

use super::pick::{View, is_held_below, overlapping};
use crate::error::Result;
use crate::manifest::LEVELS;
use crate::tree::LiveSegment;
use std::collections::HashMap;
use std::sync::Arc;

/// What is dead is worth the work if it makes up this share of the bytes that
/// have to be written anew to be rid of it.
const SHARE: f64 = 0.25;
/// Of a segment's expiries, so many are looked at to tell when it is due.
const SAMPLES: u64 = 4096;

const LAST: usize = LEVELS - 1;

/// Finds segments with much dead data.
#[derive(Default)]
pub(super) struct Garbage {
    /// Of segments whose values expire, by number. To know it, a segment is read
    /// once.
    due: HashMap<u64, Due>,
}

/// When so much of a segment will have expired that it is worth the work.
struct Due {
    /// The bytes that had to expire for that.
    bytes: u64,
    /// In Unix milliseconds.
    at_ms: u64,
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

    /// The segments with a share of dead data that is worth the work, and their
    /// levels, the greatest share first. Segments of level 0 would be merged into
    /// the level `base`.
    pub(super) fn worth_the_work(
        &mut self,
        view: &View<'_>,
        base: usize,
    ) -> Vec<(usize, Arc<LiveSegment>)> {
        self.due.retain(|&id, _| view.tree.segments().any(|(_, s)| s.id() == id));
        let mut found: Vec<(f64, usize, &Arc<LiveSegment>)> = view
            .tree
            .segments()
            .filter(|(_, segment)| view.is_free(segment))
            .map(|(level, segment)| {
                let to = if level == 0 { base } else { (level + 1).min(LAST) };
                (self.dead_share(view, level, to, segment), level, segment)
            })
            .filter(|(share, ..)| *share >= SHARE)
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.into_iter().map(|(_, level, segment)| (level, Arc::clone(segment))).collect()
    }

    /// About which part of the bytes that a merge of a segment into the level `to`
    /// has to read it would get rid of.
    fn dead_share(
        &mut self,
        view: &View<'_>,
        level: usize,
        to: usize,
        segment: &LiveSegment,
    ) -> f64 {
        let properties = segment.properties();
        // What a snapshot holds in the last level stays however often it is
        // written; from the others it is at least handed on. A range tombstone
        // is not, since that writes all that it covers for nothing.
        let is_held = view.snapshots.first().is_some_and(|&s| s < properties.max_sequence);
        if properties.range_tombstones > 0 && !is_held {
            return 1.0;
        }
        let superseded = if is_held { 0 } else { properties.superseded_bytes };
        let deleted =
            if is_held && level == LAST { 0.0 } else { deleted_bytes(view, level, segment) };
        let merged = match level {
            LAST => 0,
            // All of level 0 is merged at once.
            0 => view.raw_bytes_below(segment, to) + view.raw_bytes_beside(segment),
            _ => view.raw_bytes_below(segment, to),
        };
        let cost = properties.raw_bytes().saturating_add(merged).max(1) as f64;
        let known = deleted + superseded as f64;
        if known < SHARE * cost && self.is_due(view, segment, (SHARE * cost - known) as u64) {
            return SHARE;
        }
        known / cost
    }

    /// Whether so many bytes of the segment have expired.
    fn is_due(&mut self, view: &View<'_>, segment: &LiveSegment, bytes: u64) -> bool {
        let properties = segment.properties();
        if properties.expiring == 0
            || properties.expiring_bytes < bytes
            || properties.earliest_expiry > view.now_ms
        {
            return false;
        }
        let due = self.due.get(&segment.id());
        let at_ms = match due {
            Some(due) if due.bytes.abs_diff(bytes) <= bytes / 8 => due.at_ms,
            _ => {
                // A damaged segment is not worth being read again.
                let at_ms = due_at(segment, bytes).unwrap_or(u64::MAX);
                self.due.insert(segment.id(), Due { bytes, at_ms });
                at_ms
            }
        };
        at_ms <= view.now_ms
    }
}

/// About how many bytes the segment's tombstones free: their own, and those of an
/// entry below each.
fn deleted_bytes(view: &View<'_>, level: usize, segment: &LiveSegment) -> f64 {
    let properties = segment.properties();
    if properties.tombstones == 0 {
        return 0.0;
    }
    let (first, last) = (segment.first_key(), segment.last_key());
    let beside = view.beside(segment).filter(|s| s.first_key() <= last && s.last_key() >= first);
    let below =
        (level + 1..LEVELS).flat_map(|below| overlapping(view.tree.level(below), first, last));
    let (mut entries, mut bytes) = (0u64, 0u64);
    for hidden in beside.filter(|_| level == 0).chain(below).map(|s| s.properties()) {
        entries += hidden.entries;
        bytes = bytes.saturating_add(hidden.raw_bytes());
    }
    let tombstones = properties.tombstones as f64;
    let own = properties.raw_key_bytes as f64 / properties.entries.max(1) as f64;
    let hidden = bytes as f64 / entries.max(1) as f64;
    // There is no more to be freed than there is.
    tombstones * own + (tombstones * hidden).min(bytes as f64)
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

/// When so many bytes of a segment's versions will have expired, in Unix
/// milliseconds; the end of time if they never do. Reads the segment.
fn due_at(segment: &LiveSegment, bytes: u64) -> Result<u64> {
    let step = segment.properties().entries.div_ceil(SAMPLES).max(1);
    let mut expiries = Vec::new();
    let mut seen = 0u64;
    // Those passed over are taken for as long as the one that is looked at.
    let mut passed = 0u64;
    let mut cursor = segment.cursor();
    cursor.seek_to_first()?;
    while let Some(version) = cursor.current() {
        passed += if version.payload.expires_at() == 0 { 0 } else { version.len() };
        seen += 1;
        if seen.is_multiple_of(step) && version.payload.expires_at() != 0 {
            expiries.push((version.payload.expires_at(), std::mem::take(&mut passed)));
        }
        cursor.next()?;
    }
    expiries.sort_unstable();
    let mut expired = 0u64;
    let due = expiries.iter().find(|(_, len)| {
        expired += len;
        expired >= bytes
    });
    Ok(due.map_or(u64::MAX, |&(at_ms, _)| at_ms))
}
