//! The background threads of a durable storage: one keeps the log ahead of the
//! writers and syncs it, one sets the writers' pace, one flushes, one compacts.
//!
//! Each looks whether there is something to do, does it, and rests. An error is
//! told to the storage and tried again after a while; what must not be tried
//! again refuses by itself.

use super::Durable;
use crate::error::{Error, Result};
use crate::storage::Core;
use crossbeam_epoch as epoch;
use parking_lot::{Condvar, Mutex};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The threads, and how they are ended.
#[derive(Default)]
pub(crate) struct Workers {
    state: Mutex<State>,
    closed: Condvar,
}

#[derive(Default)]
struct State {
    closing: bool,
    threads: Vec<JoinHandle<()>>,
}

/// Between two looks at the log: a spare file lasts longer than that.
const LOG_INTERVAL: Duration = Duration::from_millis(50);
/// What is buffered is on disk after that, a look, and the time that a sync takes.
const SYNC_INTERVAL: Duration = Duration::from_millis(500);
/// When nothing was logged for so long, files that are kept for later are removed.
const IDLE: Duration = Duration::from_secs(10);
/// Between two looks at what is dirty, when much is or writers are held back, and when not.
const PACE_INTERVAL: Duration = Duration::from_millis(2);
const PACE_IDLE_INTERVAL: Duration = Duration::from_millis(20);
/// Between two looks whether a flush is due.
const FLUSH_INTERVAL: Duration = Duration::from_millis(10);
/// Dead entries are flushed when writers have rested for so long, so that their
/// memory comes back; and if writers do not rest, after the second time.
const QUIET: Duration = Duration::from_secs(1);
const RECLAIM_INTERVAL: Duration = Duration::from_secs(10);
/// Between two looks for something to compact.
const COMPACT_INTERVAL: Duration = Duration::from_millis(100);
/// After an error.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

impl Workers {
    /// Starts the threads of a core.
    pub(crate) fn start(core: &Arc<Core>) -> Result<()> {
        Self::spawn(core, "mantisdb-log", log_rounds)?;
        Self::spawn(core, "mantisdb-pace", pace_rounds)?;
        Self::spawn(core, "mantisdb-flush", flush_rounds)?;
        Self::spawn(core, "mantisdb-compact", compact_rounds)
    }

    fn spawn(core: &Arc<Core>, name: &str, run: fn(&Core, &Durable)) -> Result<()> {
        let Some(durable) = &core.durable else { return Ok(()) };
        let shared = Arc::clone(core);
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || {
                let Some(durable) = &shared.durable else { return };
                if catch_unwind(AssertUnwindSafe(|| run(&shared, durable))).is_err() {
                    shared.sequencer.poison();
                }
            })
            .map_err(|e| Error::ThreadSpawn(e.to_string()))?;
        durable.workers.state.lock().threads.push(thread);
        Ok(())
    }

    /// Ends the threads and waits for them.
    pub(crate) fn stop(&self) {
        let threads = {
            let mut state = self.state.lock();
            state.closing = true;
            std::mem::take(&mut state.threads)
        };
        self.closed.notify_all();
        for thread in threads {
            // Its panics are caught within.
            let _ = thread.join();
        }
    }

    /// Rests for so long; false once the storage closes.
    fn rest(&self, time: Duration) -> bool {
        let mut state = self.state.lock();
        if !state.closing {
            self.closed.wait_for(&mut state, time);
        }
        !state.closing
    }
}

/// Keeps a spare log file ready and syncs what is buffered.
fn log_rounds(core: &Core, durable: &Durable) {
    let mut synced = Instant::now();
    let (mut end, mut written) = (durable.wal.end(), Instant::now());
    let mut rest = LOG_INTERVAL;
    while durable.workers.rest(rest) {
        rest = LOG_INTERVAL;
        // First: making a file takes a while on a slow disk.
        if synced.elapsed() >= SYNC_INTERVAL {
            rest = report(durable, durable.sync_buffered(core), rest);
            synced = Instant::now();
        }
        rest = report(durable, durable.wal.prepare_spare(), rest);
        let before = std::mem::replace(&mut end, durable.wal.end());
        if end != before {
            written = Instant::now();
        } else if written.elapsed() >= IDLE {
            rest = report(durable, durable.wal.trim(), rest);
            written = Instant::now();
        }
    }
}

/// Sets the pace of writers.
fn pace_rounds(core: &Core, durable: &Durable) {
    let mut rest = PACE_INTERVAL;
    while durable.workers.rest(rest) {
        let dirty = durable.set_pace(core);
        // Writers that are held back get what comes in by then, and no more.
        let is_near = dirty > durable.write_buffer / 4 || durable.throttle.holds_back();
        rest = if is_near { PACE_INTERVAL } else { PACE_IDLE_INTERVAL };
    }
}

/// Flushes when enough is dirty, when what is dirty is dead and writers rest, or when
/// many deleted ranges wait for it.
fn flush_rounds(core: &Core, durable: &Durable) {
    let mut rest = FLUSH_INTERVAL;
    let (mut dirty, mut changed, mut flushed) = (0, Instant::now(), Instant::now());
    while durable.workers.rest(rest) {
        rest = FLUSH_INTERVAL;
        let before = std::mem::replace(&mut dirty, durable.dirty_bytes(core));
        if dirty != before {
            changed = Instant::now();
        }
        let reclaims = durable.dead.load(SeqCst)
            && (changed.elapsed() >= QUIET || flushed.elapsed() >= RECLAIM_INTERVAL);
        if dirty >= durable.write_buffer
            || reclaims
            || durable.has_many_log_files()
            || has_many_deletions(core, durable)
        {
            rest = report(durable, core.flush_dirty(durable), Duration::ZERO);
            flushed = Instant::now();
        }
    }
}

/// Whether so many deletions of ranges wait for a flush that the list of them, which
/// each one more replaces, has become long.
fn has_many_deletions(core: &Core, durable: &Durable) -> bool {
    const MANY: usize = 1000;
    let guard = &epoch::pin();
    let waiting = core.memtable.deletions.up_to(u64::MAX, guard);
    waiting.newer_than(durable.segments.flushed()).take(MANY).count() == MANY
}

fn compact_rounds(core: &Core, durable: &Durable) {
    let mut rest = Duration::ZERO;
    while durable.workers.rest(rest) {
        let result = durable.compact_once(core);
        rest = match result {
            Ok(true) => Duration::ZERO,
            Ok(false) => COMPACT_INTERVAL,
            Err(error) => report(durable, Err(error), COMPACT_INTERVAL),
        };
    }
}

fn report(durable: &Durable, result: Result<()>, rest: Duration) -> Duration {
    match result {
        Ok(()) => rest,
        Err(error) => {
            durable.note_trouble(&error);
            rest.max(RETRY_INTERVAL)
        }
    }
}
