//! How large each level may be.

use super::CompactionOptions;
use crate::manifest::LEVELS;
use crate::tree::LevelStats;

/// The sizes that levels may have.
///
/// The last level is as large as it is, and each one above may have a tenth of
/// the one below, so that what is dead in it wastes a ninth of the last at most.
/// The first of these that fits the base size is the *base* level, which level 0
/// is merged into; those between stay empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Targets {
    /// The number of the base level.
    pub(super) base: usize,
    /// Bytes; of no meaning above the base. The last level has no limit.
    pub(super) bytes: [u64; LEVELS],
}

impl Targets {
    pub(super) fn of(levels: &[LevelStats; LEVELS], options: &CompactionOptions) -> Self {
        let last = LEVELS - 1;
        let has_data = |level: &usize| levels[*level].bytes > 0;
        let first_used = (1..LEVELS).find(has_data).unwrap_or(last);
        let mut size = levels[1..].iter().map(|level| level.bytes).max().unwrap_or(0);
        let mut bytes = [u64::MAX; LEVELS];
        let mut base = last;
        // A level with data is never passed over: level 0's versions are newer.
        while base > 1 && (size > options.base_bytes || base > first_used) {
            base -= 1;
            size /= options.ratio;
            bytes[base] = size.max(options.base_bytes / options.ratio);
        }
        Self { base, bytes }
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    fn targets(bytes: [u64; LEVELS]) -> Targets {
        let options = CompactionOptions { base_bytes: 100, ratio: 10, ..Default::default() };
        Targets::of(&bytes.map(|bytes| LevelStats { bytes, ..Default::default() }), &options)
    }

    #[test]
    fn levels_are_added_as_the_last_grows() {
        assert_eq!(targets([900, 0, 0, 0, 0, 0, 0]).base, 6);
        assert_eq!(targets([0, 0, 0, 0, 0, 0, 100]).base, 6);
        let two = targets([0, 0, 0, 0, 0, 0, 101]);
        assert_eq!((two.base, two.bytes[5]), (5, 10));
        let three = targets([0, 0, 0, 0, 0, 90, 5000]);
        assert_eq!((three.base, three.bytes[4], three.bytes[5]), (4, 50, 500));
    }

    #[test]
    fn no_level_with_data_is_passed_over() {
        let shrunk = targets([0, 0, 0, 0, 30, 0, 50]);
        assert_eq!((shrunk.base, shrunk.bytes[4], shrunk.bytes[5]), (4, 10, 10));
        assert_eq!(targets([0, 1, 0, 0, 0, 0, u64::MAX]).base, 1);
    }
}
