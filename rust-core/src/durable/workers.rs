//! The background threads of a durable storage: one keeps the log ahead of the
//! writers and syncs it, one sets the writers' pace, one flushes, one compacts.
//!
//! Each looks whether there is something to do, does it, and rests, the longer the
//! less there is: a process may have many storages, most of them idle. Writers
//! look themselves after so many bytes, and call for a flush. An error is
//! told to the storage and tried again after a while; what must not be tried
//! again refuses by itself.

use super::Durable;
use crate::error::Result;
use crate::storage::Core;
use crate::threads;
use crossbeam_epoch as epoch;
use parking_lot::{Condvar, Mutex};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The threads, and how they are ended.
#[derive(Default)]
pub(crate) struct Workers {
    state: Mutex<State>,
    changed: Condvar,
    /// The thread that flushes is to look, or does.
    flusher_is_woken: AtomicBool,
}

#[derive(Default)]
struct State {
    closing: bool,
    threads: Vec<JoinHandle<()>>,
}

/// Between two looks at the log: a spare file lasts longer than that. And when nothing was
/// logged for a while.
const LOG_INTERVAL: Duration = Duration::from_millis(50);
const LOG_IDLE_INTERVAL: Duration = Duration::from_millis(200);
/// What is buffered is on disk after that, a look, and the time that a sync takes.
const SYNC_INTERVAL: Duration = Duration::from_millis(500);
/// When nothing was logged for so long, files that are kept for later are removed.
const IDLE: Duration = Duration::from_secs(10);
/// Between two looks at what is dirty: when much is or writers are held back, when something
/// was written since the last look, and when nothing was for a while.
const PACE_INTERVAL: Duration = Duration::from_millis(2);
const PACE_CALM_INTERVAL: Duration = Duration::from_millis(20);
const PACE_IDLE_INTERVAL: Duration = Duration::from_millis(200);
/// Between two looks whether a flush is due that nobody calls for, and while deleted ranges
/// wait for one.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);
const FLUSH_RANGES_INTERVAL: Duration = Duration::from_millis(10);
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
        let thread = threads::spawn(name, move || {
            let Some(durable) = &shared.durable else { return };
            if catch_unwind(AssertUnwindSafe(|| run(&shared, durable))).is_err() {
                shared.sequencer.poison();
            }
        })?;
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
        self.changed.notify_all();
        for thread in threads {
            // Its panics are caught within.
            let _ = thread.join();
        }
    }

    fn is_closing(&self) -> bool {
        self.state.lock().closing
    }

    /// Rests for so long; false once the storage closes.
    fn rest(&self, time: Duration) -> bool {
        self.rest_while(time, || true)
    }

    /// Rests while `calm` tells so, and no longer than so long; false once the storage closes.
    fn rest_while(&self, time: Duration, calm: impl Fn() -> bool) -> bool {
        let mut state = self.state.lock();
        self.changed.wait_while_for(&mut state, |state| !state.closing && calm(), time);
        !state.closing
    }

    /// Has the thread that flushes look at once. Any thread may call it.
    pub(crate) fn wake_flusher(&self) {
        if !self.flusher_is_woken.load(SeqCst) && !self.flusher_is_woken.swap(true, SeqCst) {
            self.tell_of_change();
        }
    }

    /// Has the threads that rest while something is as it was look whether it still is.
    pub(crate) fn tell_of_change(&self) {
        // With the lock, nobody is between looking and resting.
        drop(self.state.lock());
        self.changed.notify_all();
    }
}

/// The next rest when the last one brought nothing: twice as long, up to a limit.
fn longer(rest: Duration, most: Duration) -> Duration {
    (rest * 2).min(most)
}

/// Keeps a spare log file ready, removes those that are too many, and syncs what is
/// buffered, also while a file is made.
fn log_rounds(core: &Core, durable: &Durable) {
    let mut synced = Instant::now();
    let mut sync = || {
        if synced.elapsed() < SYNC_INTERVAL {
            return Ok(());
        }
        let result = durable.sync_buffered(core);
        synced = Instant::now();
        result
    };
    let (mut end, mut written) = (durable.wal.end(), Instant::now());
    let mut rest = LOG_INTERVAL;
    while durable.workers.rest(rest) {
        let before = std::mem::replace(&mut end, durable.wal.end());
        rest = if end == before { longer(rest, LOG_IDLE_INTERVAL) } else { LOG_INTERVAL };
        rest = report(durable, sync(), rest);
        let mut slower = rest;
        let mut meanwhile = || {
            slower = report(durable, sync(), slower);
            durable.workers.is_closing()
        };
        rest = report(durable, durable.wal.prepare_spare(&mut meanwhile), rest).max(slower);
        rest = report(durable, durable.wal.drop_surplus(Instant::now()), rest);
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
    let (mut rest, mut dirty) = (PACE_INTERVAL, 0);
    // In a long rest, it is woken once writers are held back.
    let is_calm = |rest| rest == PACE_INTERVAL || !durable.throttle.holds_back();
    while durable.workers.rest_while(rest, || is_calm(rest)) {
        let before = std::mem::replace(&mut dirty, durable.set_pace(core));
        // Writers that are held back get what comes in by then, and no more.
        rest = if dirty > durable.write_buffer || durable.throttle.holds_back() {
            PACE_INTERVAL
        } else if dirty != before {
            PACE_CALM_INTERVAL
        } else {
            longer(rest, PACE_IDLE_INTERVAL)
        };
    }
}

/// Flushes when enough is dirty, when what is dirty is dead and writers rest, or when
/// many deleted ranges wait for it.
fn flush_rounds(core: &Core, durable: &Durable) {
    let mut rest = FLUSH_INTERVAL;
    let (mut dirty, mut changed, mut flushed) = (0, Instant::now(), Instant::now());
    let workers = &durable.workers;
    while workers.rest_while(rest, || !workers.flusher_is_woken.load(SeqCst)) {
        workers.flusher_is_woken.store(false, SeqCst);
        let before = std::mem::replace(&mut dirty, durable.dirty_bytes(core));
        if dirty != before {
            changed = Instant::now();
        }
        let deletions = count_deletions(core, durable);
        rest = if deletions > 0 { FLUSH_RANGES_INTERVAL } else { FLUSH_INTERVAL };
        let reclaims = durable.dead.load(SeqCst)
            && (changed.elapsed() >= QUIET || flushed.elapsed() >= RECLAIM_INTERVAL);
        if dirty >= durable.write_buffer
            || reclaims
            || durable.has_many_log_files()
            || deletions == MANY_DELETIONS
        {
            rest = Duration::ZERO;
            if let Err(error) = core.flush_dirty(durable) {
                durable.note_trouble(&error);
                // Whoever wakes it meanwhile.
                workers.rest(RETRY_INTERVAL);
            }
            flushed = Instant::now();
        }
    }
}

/// So many deletions of ranges wait for a flush at most, since each one more replaces the list
/// of them.
const MANY_DELETIONS: usize = 1000;

/// How many deletions of ranges wait for a flush: at most [`MANY_DELETIONS`] are counted.
fn count_deletions(core: &Core, durable: &Durable) -> usize {
    let guard = &epoch::pin();
    let waiting = core.memtable.deletions.up_to(u64::MAX, guard);
    waiting.newer_than(durable.segments.flushed()).take(MANY_DELETIONS).count()
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
