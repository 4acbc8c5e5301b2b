//! When no reader can have any more what it cannot find any more.
//!
//! The epochs of readers cannot be asked for. So a function is deferred, for all shards of a
//! cache together: when it runs, all who were pinned when it was deferred are no more. From one
//! such call to its run is a *period*. To defer one for each entry that leaves, or for some
//! together, would cost more than all else that is done for them.

use crossbeam_epoch::Guard;
use crossbeam_utils::CachePadded;
use std::sync::Arc;
// Also for the model checker: a period may end while it explores another schedule.
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    fence,
};

/// The periods of a cache.
#[derive(Default)]
pub(super) struct Grace(Arc<CachePadded<Periods>>);

#[derive(Default)]
struct Periods {
    begun: AtomicU64,
    /// The number of the last one that has ended.
    ended: AtomicU64,
}

/// A moment, told by the periods that had begun.
#[derive(Clone, Copy)]
pub(super) struct Moment(u64);

impl Grace {
    /// The moment at which what was taken out of the index before cannot be found any more, by
    /// whoever pins from now on.
    pub(super) fn now(&self) -> Moment {
        // Who begins the period after this moment's sees, when it defers, what was taken out
        // before: so the epoch in which it does is no earlier than that of any who found it.
        fence(SeqCst);
        Moment(self.0.begun.load(Relaxed))
    }

    /// Whether all who were pinned at a moment are no more.
    #[inline]
    pub(super) fn is_over(&self, moment: Moment) -> bool {
        self.0.ended.load(Acquire) > moment.0
    }

    /// Begins a period, unless one is under way.
    #[inline]
    pub(super) fn begin(&self, guard: &Guard) {
        let begun = self.0.begun.load(Relaxed);
        if self.0.ended.load(Relaxed) == begun {
            self.begin_after(begun, guard);
        }
    }

    #[cold]
    fn begin_after(&self, begun: u64, guard: &Guard) {
        if self.0.begun.compare_exchange(begun, begun + 1, SeqCst, Relaxed).is_ok() {
            let periods = Arc::clone(&self.0);
            guard.defer(move || periods.ended.store(begun + 1, Release));
            // Handed over: this thread may rest.
            guard.flush();
        }
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use crossbeam_epoch as epoch;
    use std::time::{Duration, Instant};

    /// Lets epochs pass.
    fn pass() {
        epoch::pin().flush();
        std::thread::yield_now();
    }

    #[test]
    fn a_moment_is_over_when_those_pinned_then_are_no_more() {
        let grace = Grace::default();
        let reader = epoch::pin();
        let moment = grace.now();
        grace.begin(&reader);
        let during = grace.now();
        (0..100).for_each(|_| pass());
        assert!(!grace.is_over(moment));
        drop(reader);
        // Other tests have their readers.
        let start = Instant::now();
        while !grace.is_over(moment) {
            assert!(start.elapsed() < Duration::from_secs(30));
            pass();
        }
        // What left after a period had begun needs another one.
        assert!(!grace.is_over(during));
    }
}
