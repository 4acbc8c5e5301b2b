//! When a compaction that failed is tried again.

use super::Job;
use crate::error::Error;
use std::collections::HashMap;

/// The first pause after a failure of the system, in milliseconds. It doubles.
const FIRST_MS: u64 = 100;
const LONGEST_MS: u64 = 30_000;
/// How long a damaged segment is left alone, in milliseconds. It doubles too.
const FIRST_BLOCKED_MS: u64 = 60_000;
const LONGEST_BLOCKED_MS: u64 = 3_600_000;

/// A pause that is on or over.
#[derive(Debug, Clone, Copy)]
struct Pause {
    until_ms: u64,
    length_ms: u64,
}

/// What failed, and until when it rests.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// After a failure of the system: nothing is tried.
    all: Option<Pause>,
    /// After damage: of each segment that was read then.
    segments: HashMap<u64, Pause>,
}

impl Pause {
    fn after(last: Option<Self>, now_ms: u64, first: u64, longest: u64) -> Self {
        let length_ms = last.map_or(first, |last| (last.length_ms * 2).min(longest));
        Self { until_ms: now_ms.saturating_add(length_ms), length_ms }
    }

    /// Whether it is not over. If it seems to have yet to begin, the clock was
    /// set back, and it is.
    fn is_on(&self, now_ms: u64) -> bool {
        now_ms < self.until_ms && self.until_ms - now_ms <= self.length_ms
    }
}

impl Backoff {
    /// Whether nothing is to be tried yet.
    pub(super) fn is_waiting(&self, now_ms: u64) -> bool {
        self.all.is_some_and(|pause| pause.is_on(now_ms))
    }

    /// The segments that are to be left alone.
    pub(super) fn blocked(&self, now_ms: u64) -> Vec<u64> {
        let resting = self.segments.iter().filter(|(_, pause)| pause.is_on(now_ms));
        resting.map(|(&id, _)| id).collect()
    }

    /// Forgets segments that are gone.
    pub(super) fn keep_only(&mut self, is_there: impl Fn(u64) -> bool) {
        self.segments.retain(|&id, _| is_there(id));
    }

    pub(super) fn succeeded(&mut self) {
        self.all = None;
    }

    pub(super) fn failed(&mut self, error: &Error, job: &Job, now_ms: u64) {
        let file = match error {
            Error::Corrupt { file, .. } => file.as_str(),
            // Versions that are sound and out of order: it cannot be told whose.
            Error::InvalidArgument(_) => "",
            _ => {
                self.all = Some(Pause::after(self.all, now_ms, FIRST_MS, LONGEST_MS));
                return;
            }
        };
        let Job::Merge(job) = job else { return };
        // The one that is damaged; all of them, if it cannot be told.
        let is_named = |path: &std::path::Path| path.display().to_string() == file;
        let named: Vec<u64> = job.inputs().filter(|s| is_named(s.path())).map(|s| s.id()).collect();
        let all = || job.inputs().map(|s| s.id()).collect();
        for id in if named.is_empty() { all() } else { named } {
            let last = self.segments.get(&id).copied();
            let pause = Pause::after(last, now_ms, FIRST_BLOCKED_MS, LONGEST_BLOCKED_MS);
            self.segments.insert(id, pause);
        }
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let mut backoff = Backoff::default();
        let error = Error::OutOfMemory;
        let job = Job::Drop(Vec::new());
        assert!(!backoff.is_waiting(1000));
        backoff.failed(&error, &job, 1000);
        assert!(backoff.is_waiting(1099) && !backoff.is_waiting(1100));
        backoff.failed(&error, &job, 1100);
        assert!(backoff.is_waiting(1299) && !backoff.is_waiting(1300));
        for _ in 0..20 {
            backoff.failed(&error, &job, 2000);
        }
        assert!(backoff.is_waiting(31_999) && !backoff.is_waiting(32_000));
        assert!(!backoff.is_waiting(1000), "the clock was set back");
        backoff.succeeded();
        assert!(!backoff.is_waiting(2000));
    }
}
