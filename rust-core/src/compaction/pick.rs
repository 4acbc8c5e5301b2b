//! Which segments are compacted next.

use super::garbage::Garbage;
use super::targets::Targets;
use super::{CompactionOptions, Job, MergeJob};
use crate::manifest::LEVELS;
use crate::segment_store::SegmentStore;
use crate::tree::{LiveSegment, Segments, Tree};
use std::sync::Arc;

/// Level 0's segments that one merge takes at most.
const MAX_LEVEL0: usize = 12;
/// A merge's bytes at most, in output segments, when it takes in more of the
/// level above than it has to.
const MAX_EXPANDED: u64 = 20;
/// What an output may overlap of the level below the outputs' at most, in
/// output segments: that is merged with it one day.
pub(super) const MAX_GRANDPARENTS: u64 = 10;
/// A segment that is moved as it is has at most the length of so many outputs.
const MAX_MOVED: u64 = 4;

const LAST: usize = LEVELS - 1;

/// What a choice depends on.
pub(super) struct View<'a> {
    pub(super) tree: &'a Tree,
    pub(super) options: &'a CompactionOptions,
    pub(super) store: &'a SegmentStore,
    /// Ascending.
    pub(super) snapshots: &'a [u64],
    pub(super) now_ms: u64,
    /// Segments that are left alone.
    pub(super) blocked: Vec<u64>,
}

/// Remembers where it was.
#[derive(Default)]
pub(super) struct Picker {
    /// Of each level the last key of the segment that was picked last.
    cursors: [Vec<u8>; LEVELS],
    garbage: Garbage,
}

impl View<'_> {
    pub(super) fn is_free(&self, segment: &LiveSegment) -> bool {
        !self.blocked.contains(&segment.id())
    }

    /// What of `level` overlaps the segments' keys; nothing if there are none.
    fn below(&self, segments: &[Arc<LiveSegment>], level: usize) -> &[Arc<LiveSegment>] {
        match bounds(segments) {
            Some((first, last)) => overlapping(self.tree.level(level), first, last),
            None => &[],
        }
    }

    /// Bytes of keys and values in what of `level` overlaps a segment's keys.
    pub(super) fn raw_bytes_below(&self, segment: &LiveSegment, level: usize) -> u64 {
        let below =
            overlapping(self.tree.level(level), segment.first_key(), segment.last_key()).iter();
        below.fold(0, |sum, s| s.properties().raw_bytes().saturating_add(sum))
    }

    /// The other segments of level 0, besides one of it.
    pub(super) fn beside(&self, segment: &LiveSegment) -> impl Iterator<Item = &Arc<LiveSegment>> {
        let id = segment.id();
        self.tree.level(0).iter().filter(move |s| s.id() != id)
    }

    /// Bytes of keys and values in them.
    pub(super) fn raw_bytes_beside(&self, segment: &LiveSegment) -> u64 {
        self.beside(segment).map(|s| s.properties().raw_bytes()).sum()
    }

    /// Merges segments of a level into another, if none is left alone.
    fn merge(&self, upper: Segments, from: usize, to: usize) -> Option<Job> {
        let lower = if from == to { Segments::new() } else { self.below(&upper, to).to_vec() };
        let job = MergeJob { from, to, upper, lower };
        let is_free = !job.upper.is_empty() && job.inputs().all(|s| self.is_free(s));
        is_free.then_some(Job::Merge(job))
    }

    /// Whether a segment can go to a level as it is.
    fn can_move(&self, segment: &Arc<LiveSegment>, from: usize, to: usize) -> bool {
        let one = std::slice::from_ref(segment);
        let grandparents = total(if to < LAST { self.below(one, to + 1) } else { &[] });
        let limit = self.options.segment_bytes;
        self.below(one, to).is_empty()
            && self.store.compression(from) == self.store.compression(to)
            && segment.len() <= MAX_MOVED.saturating_mul(limit)
            && grandparents <= MAX_GRANDPARENTS.saturating_mul(limit)
    }

    /// Level 0 into the base level: the oldest segments, since what stays must
    /// be newer.
    fn level0(&self, base: usize) -> Option<Job> {
        let level0 = self.tree.level(0);
        let oldest = level0.last().filter(|s| self.is_free(s))?;
        if self.can_move(oldest, 0, base) {
            return Some(Job::Move { segment: oldest.id(), to: base });
        }
        let free = level0.iter().rev().take(MAX_LEVEL0).take_while(|s| self.is_free(s)).count();
        self.merge(level0[level0.len() - free..].to_vec(), 0, base)
    }

    /// One segment of a sorted level into the next, and what goes along with it
    /// for free.
    pub(super) fn push_down(&self, segment: &Arc<LiveSegment>, level: usize) -> Option<Job> {
        if level == 0 || level == LAST {
            return None;
        }
        if self.can_move(segment, level, level + 1) {
            return Some(Job::Move { segment: segment.id(), to: level + 1 });
        }
        let one = vec![Arc::clone(segment)];
        let job = self.merge(one, level, level + 1)?;
        Some(self.expand(job, level))
    }

    /// Takes in more of the upper level, as long as that overlaps nothing more
    /// of the lower one.
    fn expand(&self, job: Job, level: usize) -> Job {
        let Job::Merge(narrow) = &job else { return job };
        let Some((first, last)) = bounds(&narrow.lower) else { return job };
        let wide = overlapping(self.tree.level(level), first, last).to_vec();
        let limit = MAX_EXPANDED.saturating_mul(self.options.segment_bytes);
        let is_more = wide.len() > narrow.upper.len();
        if !is_more || total(&wide) + total(&narrow.lower) > limit {
            return job;
        }
        match self.merge(wide, level, level + 1) {
            Some(Job::Merge(wide))
                if wide.lower.len() == narrow.lower.len()
                    && wide.upper.iter().any(|s| s.id() == narrow.upper[0].id()) =>
            {
                Job::Merge(wide)
            }
            _ => job,
        }
    }
}

impl Picker {
    /// The most urgent job: dead segments go at once, then come levels that are
    /// too large, then segments with much dead data.
    pub(super) fn pick(&mut self, view: &View<'_>) -> Option<Job> {
        let levels = view.tree.stats();
        let targets = Targets::of(&levels, view.options);
        let dead = Garbage::dead_segments(view);
        if !dead.is_empty() {
            return Some(Job::Drop(dead));
        }
        let mut scores: Vec<(f64, usize)> = (targets.base..LAST)
            .map(|level| (levels[level].bytes as f64 / targets.bytes[level].max(1) as f64, level))
            .collect();
        scores.push((level0_score(levels[0].segments, view.options), 0));
        scores.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, level) in scores.into_iter().filter(|(score, _)| *score >= 1.0) {
            let job = if level == 0 { view.level0(targets.base) } else { self.level(view, level) };
            if job.is_some() {
                return job;
            }
        }
        let worth = self.garbage.worth_the_work(view, targets.base);
        worth.into_iter().find_map(|(level, segment)| match level {
            0 => view.level0(targets.base),
            LAST => view.merge(vec![segment], LAST, LAST),
            _ => view.push_down(&segment, level),
        })
    }

    /// The segment of a level that is handed on at the least cost; of equal
    /// ones, the one behind the last pick.
    fn level(&mut self, view: &View<'_>, level: usize) -> Option<Job> {
        let segments = view.tree.level(level);
        let from = segments.partition_point(|s| s.first_key() <= self.cursors[level].as_slice());
        let cost = |segment: &Arc<LiveSegment>| {
            let overlap = total(view.below(std::slice::from_ref(segment), level + 1));
            overlap as f64 / segment.len().max(1) as f64
        };
        let mut best: Option<(f64, Job, &Arc<LiveSegment>)> = None;
        for segment in segments[from..].iter().chain(&segments[..from]) {
            let cost = cost(segment);
            if view.is_free(segment)
                && best.as_ref().is_none_or(|(least, ..)| cost < *least)
                && let Some(job) = view.push_down(segment, level)
            {
                best = Some((cost, job, segment));
            }
        }
        let (_, job, segment) = best?;
        self.cursors[level] = segment.first_key().to_vec();
        Some(job)
    }
}

/// 1 when it is time to merge level 0.
fn level0_score(segments: u64, options: &CompactionOptions) -> f64 {
    segments as f64 / options.level0_trigger.max(1) as f64
}

/// The first and the last key of segments in any order.
fn bounds(segments: &[Arc<LiveSegment>]) -> Option<(&[u8], &[u8])> {
    let first = segments.iter().map(|s| s.first_key()).min()?;
    let last = segments.iter().map(|s| s.last_key()).max()?;
    Some((first, last))
}

/// The segments of a sorted level that may have keys from `first` to `last`.
pub(super) fn overlapping<'a>(
    segments: &'a [Arc<LiveSegment>],
    first: &[u8],
    last: &[u8],
) -> &'a [Arc<LiveSegment>] {
    let low = segments.partition_point(|s| s.last_key() < first);
    let high = segments.partition_point(|s| s.first_key() <= last);
    segments.get(low..high).unwrap_or(&[])
}

/// Whether a level below another has a segment with keys from `first` to `last`.
pub(super) fn is_held_below(tree: &Tree, level: usize, first: &[u8], last: &[u8]) -> bool {
    (level + 1..LEVELS).any(|below| !overlapping(tree.level(below), first, last).is_empty())
}

fn total(segments: &[Arc<LiveSegment>]) -> u64 {
    segments.iter().map(|s| s.len()).sum()
}
