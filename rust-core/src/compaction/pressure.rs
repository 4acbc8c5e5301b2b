//! How far compaction is behind.

use super::CompactionOptions;
use super::targets::Targets;
use crate::manifest::LEVELS;
use crate::tree::{LevelStats, Tree};

/// See [`super::Compactor::pressure`].
pub(super) fn of(tree: &Tree, options: &CompactionOptions) -> f64 {
    let levels = tree.stats();
    let spare = options.level0_limit.saturating_sub(2 * options.level0_trigger).max(1);
    // Twice the trigger gather while a merge of level 0 runs: that is usual.
    let beyond = levels[0].segments as f64 - 2.0 * options.level0_trigger as f64;
    let by_count = (beyond / spare as f64).max(0.0);
    // An eighth of the limit waits whenever a large level is being merged.
    let limit = options.pending_limit.max(1) as f64;
    let by_bytes = ((pending_bytes(&levels, options) as f64 / limit - 0.125) / 0.875).max(0.0);
    by_count.max(by_bytes)
}

/// About how many bytes have to be written until every level has its size: what
/// a level has too much of, and what that overlaps in the next.
fn pending_bytes(levels: &[LevelStats; LEVELS], options: &CompactionOptions) -> u64 {
    let targets = Targets::of(levels, options);
    let mut handed_on = 0;
    let mut pending: u64 = 0;
    if levels[0].segments >= options.level0_trigger as u64 {
        handed_on = levels[0].bytes;
        pending = handed_on + levels[targets.base].bytes;
    }
    for level in targets.base..LEVELS - 1 {
        let bytes = levels[level].bytes + handed_on;
        handed_on = bytes.saturating_sub(targets.bytes[level]);
        let overlap = levels[level + 1].bytes as f64 / bytes.max(1) as f64;
        pending = pending.saturating_add((handed_on as f64 * (1.0 + overlap)) as u64);
    }
    pending
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    fn level(segments: u64, bytes: u64) -> LevelStats {
        LevelStats { segments, bytes, ..Default::default() }
    }

    #[test]
    fn counts_what_overflows_and_what_it_meets() {
        let options = CompactionOptions { base_bytes: 100, ratio: 10, ..Default::default() };
        let mut levels = [LevelStats::default(); LEVELS];
        levels[0] = level(3, 900);
        levels[6] = level(9, 1000);
        assert_eq!(pending_bytes(&levels, &options), 0, "all within their sizes");
        levels[5] = level(2, 200);
        // 100 too many, each with 5 in the next level.
        assert_eq!(pending_bytes(&levels, &options), 600);
        levels[0].segments = 4;
        // Level 0 goes to level 5, which then has 1000 too many.
        assert_eq!(pending_bytes(&levels, &options), 1100 + 1000 + 909);
    }
}
