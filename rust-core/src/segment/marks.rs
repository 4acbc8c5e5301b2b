//! A mark for each block, set by whichever reader finds out.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A bit for each block, at first not set.
pub(super) struct Marks(Box<[AtomicU64]>);

impl Marks {
    pub(super) fn new(blocks: usize) -> Self {
        Self((0..blocks.div_ceil(64)).map(|_| AtomicU64::new(0)).collect())
    }

    /// Whether a block's mark is set.
    #[inline]
    pub(super) fn has(&self, block: usize) -> bool {
        let bit = 1 << (block % 64);
        self.0.get(block / 64).is_some_and(|word| word.load(Relaxed) & bit != 0)
    }

    /// Sets a block's mark.
    #[inline]
    pub(super) fn set(&self, block: usize) {
        if let Some(word) = self.0.get(block / 64) {
            word.fetch_or(1 << (block % 64), Relaxed);
        }
    }
}
