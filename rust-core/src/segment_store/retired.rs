//! Trees that readers cannot find any more, until a background thread drops
//! them.

use crate::tree::Tree;
use crossbeam_queue::SegQueue;
use std::sync::Arc;

/// See the module's text.
#[derive(Default)]
pub(super) struct Retired(SegQueue<Arc<Tree>>);

impl Retired {
    pub(super) fn push(&self, tree: Arc<Tree>) {
        self.0.push(tree);
    }

    /// Drops them.
    pub(super) fn clear(&self) {
        while self.0.pop().is_some() {}
    }
}
