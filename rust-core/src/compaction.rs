//! Leveled compaction: merges segments into deeper levels, so that reads look in
//! few of them and what is dead gives its space back.
//!
//! Level 0 is merged into the *base* level once it has a few segments; each
//! level from the base on may be ten times as large as the one above it, and the
//! last one holds about nine tenths of the data (`targets`). A level that is too
//! large hands on the segment that costs least (`pick`). Segments with much dead
//! data are picked as well. `docs/compaction.md` has the reasons and figures.
//!
//! One compaction runs at a time. It merges borrowed segments without an epoch
//! guard, and without a lock: only the compactor takes segments away.

mod backoff;
mod garbage;
mod output;
mod pace;
mod pick;
mod pressure;
mod rebuild;
mod retain;
mod run;
mod targets;

use crate::error::Result;
use crate::manifest::LEVELS;
use crate::segment_store::{Edit, SegmentStore};
use crate::sync::{Mutex, lock};
use crate::tree::Segments;
use crate::underway::Underway;
use backoff::Backoff;
use pace::Pace;
use pick::Picker;
pub(crate) use rebuild::rebuild;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use targets::Targets;

/// How segments are compacted.
#[derive(Debug, Clone)]
pub(crate) struct CompactionOptions {
    /// So many segments in level 0 are merged into the base level.
    pub(crate) level0_trigger: usize,
    /// With so many segments in level 0, the pressure is 1.
    pub(crate) level0_limit: usize,
    /// How large the base level may be, in bytes.
    pub(crate) base_bytes: u64,
    /// How many times as large as a level the one below it may be.
    pub(crate) ratio: u64,
    /// How long an output segment gets, in bytes.
    pub(crate) segment_bytes: u64,
    /// With so many bytes waiting to be compacted, the pressure is 1.
    pub(crate) pending_limit: u64,
    /// How many bytes a second are written while there is no pressure; 0 for as
    /// many as possible.
    pub(crate) bytes_per_second: u64,
}

impl Default for CompactionOptions {
    fn default() -> Self {
        Self {
            level0_trigger: 4,
            level0_limit: 20,
            base_bytes: 256 << 20,
            ratio: 10,
            segment_bytes: 32 << 20,
            pending_limit: 16 << 30,
            bytes_per_second: 64 << 20,
        }
    }
}

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing is to be done now.
    Idle,
    /// Segments changed their level, or were dropped whole, and nothing was
    /// read.
    Moved,
    /// Segments were merged.
    Compacted {
        /// The inputs' length in bytes.
        read: u64,
        /// The outputs' length in bytes.
        written: u64,
    },
    /// The compactor was closed meanwhile.
    Interrupted,
}

/// Work to be done.
pub(super) enum Job {
    /// Puts segments into another level as they are.
    Move {
        segment: u64,
        to: usize,
    },
    /// Lets go of segments in which everything is dead to everyone.
    Drop(Vec<u64>),
    Merge(MergeJob),
}

/// Segments to be merged.
pub(super) struct MergeJob {
    /// The level that hands on.
    pub(super) from: usize,
    /// The level of the outputs; that of the inputs if it is the last.
    pub(super) to: usize,
    /// Of level `from`, in its order.
    pub(super) upper: Segments,
    /// Those of level `to` that overlap them, in key order.
    pub(super) lower: Segments,
}

impl MergeJob {
    pub(super) fn inputs(&self) -> impl Iterator<Item = &Arc<crate::tree::LiveSegment>> {
        self.upper.iter().chain(&self.lower)
    }
}

/// A merge that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merging {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The length of the inputs' files.
    pub(crate) input_bytes: u64,
    /// When it began, in Unix milliseconds.
    pub(crate) started: u64,
    /// The numbers of the segments that are merged.
    pub(crate) inputs: Vec<u64>,
}

impl Merging {
    fn of(job: &MergeJob, started: u64) -> Self {
        Self {
            from: job.from,
            to: job.to,
            input_bytes: job.inputs().map(|segment| segment.len()).sum(),
            started,
            inputs: job.inputs().map(|segment| segment.id()).collect(),
        }
    }
}

/// Figures since the compactor was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CompactionStats {
    /// How many merges.
    pub(crate) merges: u64,
    /// How many segments changed their level as they were.
    pub(crate) moves: u64,
    /// How many segments were dropped whole.
    pub(crate) drops: u64,
    /// Bytes of inputs.
    pub(crate) read: u64,
    /// Bytes of outputs.
    pub(crate) written: u64,
}

/// Compacts the segments of a store, round by round.
pub(crate) struct Compactor {
    store: Arc<SegmentStore>,
    options: CompactionOptions,
    pace: Pace,
    /// Held for a round.
    state: Mutex<State>,
    stats: AtomicStats,
    merge: Underway<Merging>,
}

#[derive(Default)]
struct State {
    picker: Picker,
    backoff: Backoff,
}

#[derive(Default)]
struct AtomicStats {
    merges: AtomicU64,
    moves: AtomicU64,
    drops: AtomicU64,
    read: AtomicU64,
    written: AtomicU64,
}

impl Compactor {
    pub(crate) fn new(store: Arc<SegmentStore>, options: CompactionOptions) -> Self {
        let pace = Pace::new(options.bytes_per_second);
        let (state, stats, merge) = Default::default();
        Self { store, options, pace, state, stats, merge }
    }

    /// Does the most urgent compaction, if there is one. Takes as long as that
    /// takes; another thread that calls it meanwhile waits.
    ///
    /// `snapshots` tells the sequence numbers of the open snapshots, ascending.
    /// It is asked once, after the segments are chosen: a snapshot opened later
    /// sees the newest version of everything in them. `now_ms` is the time in
    /// Unix milliseconds; what has expired by it is dropped.
    ///
    /// After an error nothing has changed, and the compaction is not tried again
    /// for a while: one that lacked space, for a fraction of a second that grows
    /// to half a minute; one that met a damaged segment, for minutes.
    pub(crate) fn round(&self, snapshots: &dyn Fn() -> Vec<u64>, now_ms: u64) -> Result<Progress> {
        self.round_by(&self.options, snapshots, now_ms)
    }

    /// As [`Compactor::round`], but level 0 is merged whatever it holds: how a
    /// user has everything compacted now.
    pub(crate) fn eager_round(
        &self,
        snapshots: &dyn Fn() -> Vec<u64>,
        now_ms: u64,
    ) -> Result<Progress> {
        let eager = CompactionOptions { level0_trigger: 1, ..self.options.clone() };
        self.round_by(&eager, snapshots, now_ms)
    }

    fn round_by(
        &self,
        options: &CompactionOptions,
        snapshots: &dyn Fn() -> Vec<u64>,
        now_ms: u64,
    ) -> Result<Progress> {
        let mut state = lock(&self.state);
        self.store.reap();
        if self.pace.is_closed() {
            return Ok(Progress::Interrupted);
        }
        if state.backoff.is_waiting(now_ms) {
            return Ok(Progress::Idle);
        }
        // The tree first: see above.
        let tree = self.store.current();
        let snapshots = snapshots();
        debug_assert!(snapshots.is_sorted());
        let State { picker, backoff } = &mut *state;
        backoff.keep_only(|id| tree.segments().any(|(_, segment)| segment.id() == id));
        let view = pick::View {
            tree: &tree,
            options,
            store: &self.store,
            snapshots: &snapshots,
            now_ms,
            blocked: backoff.blocked(now_ms),
        };
        let Some(job) = picker.pick(&view) else { return Ok(Progress::Idle) };
        let result = self.run(&job, &tree, &snapshots, now_ms);
        match &result {
            Ok(_) => backoff.succeeded(),
            Err(error) => backoff.failed(error, &job, now_ms),
        }
        drop((job, tree));
        self.store.reap();
        result
    }

    fn run(
        &self,
        job: &Job,
        tree: &crate::tree::Tree,
        snapshots: &[u64],
        now_ms: u64,
    ) -> Result<Progress> {
        let count = |counter: &AtomicU64, by: u64| counter.fetch_add(by, Relaxed);
        match job {
            Job::Move { segment, to } => {
                let (added, removed) = (vec![(*to, *segment)], vec![*segment]);
                self.store.install(&Edit { added, removed, flushed: None })?;
                count(&self.stats.moves, 1);
                Ok(Progress::Moved)
            }
            Job::Drop(segments) => {
                let removed = segments.clone();
                self.store.install(&Edit { removed, ..Edit::default() })?;
                count(&self.stats.drops, segments.len() as u64);
                Ok(Progress::Moved)
            }
            Job::Merge(job) => {
                let _running = self.merge.begin(Merging::of(job, now_ms));
                self.pace.set_pressure(self.pressure());
                let context = run::Context {
                    store: &self.store,
                    options: &self.options,
                    pace: &self.pace,
                    tree,
                    snapshots,
                    now_ms,
                };
                let Some(done) = run::merge(job, &context)? else {
                    return Ok(Progress::Interrupted);
                };
                count(&self.stats.merges, 1);
                count(&self.stats.read, done.read);
                count(&self.stats.written, done.written);
                Ok(Progress::Compacted { read: done.read, written: done.written })
            }
        }
    }

    /// How far compaction is behind: 0 if it is not, 1 if writers should wait
    /// until it has caught up, and anything between and above. It grows
    /// smoothly with the segments of level 0 and with the bytes that have yet to
    /// be merged.
    pub(crate) fn pressure(&self) -> f64 {
        let guard = crossbeam_epoch::pin();
        let pressure = pressure::of(self.store.tree(&guard), &self.options);
        self.pace.set_pressure(pressure);
        pressure
    }

    /// Figures since the compactor was made.
    pub(crate) fn stats(&self) -> CompactionStats {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        CompactionStats {
            merges: of(&self.stats.merges),
            moves: of(&self.stats.moves),
            drops: of(&self.stats.drops),
            read: of(&self.stats.read),
            written: of(&self.stats.written),
        }
    }

    /// The merge that runs now.
    pub(crate) fn underway(&self) -> Option<Merging> {
        self.merge.now()
    }

    /// How large each level of a tree may become, in bytes; 0 for one that has no limit, or
    /// none of its own: level 0, those above the base, and the last.
    pub(crate) fn targets(&self, tree: &crate::tree::Tree) -> [u64; LEVELS] {
        let limit = |bytes| if bytes == u64::MAX { 0 } else { bytes };
        Targets::of(&tree.stats(), &self.options).bytes.map(limit)
    }

    /// Makes a running round end soon, undone, and later ones do nothing.
    pub(crate) fn close(&self) {
        self.pace.close();
    }

    /// Waits for a round that runs, after the close.
    pub(crate) fn wait_closed(&self) {
        drop(lock(&self.state));
    }
}

#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests;
