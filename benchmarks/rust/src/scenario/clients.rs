//! Clients that repeat a step, each on a thread of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::Runner;
use super::pace::Pace;
use super::phases::Salt;
use crate::Result;
use crate::engine::{Engine, Entry};
use crate::measure::{Latencies, now};
use crate::work::Random;

/// How often what was written as buffered is put on disk, so that all stores
/// lose as little to a loss of power.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// What one thread works with.
pub struct Client {
    pub random: Random,
    /// Of the length of a value.
    pub value: Vec<u8>,
    /// What was read last.
    pub read: Vec<u8>,
    /// What is written at once.
    pub batch: Vec<Entry>,
    taken: Latencies,
    ops: u64,
}

/// How a step is repeated.
pub struct Load {
    pub threads: u32,
    /// Of each client.
    pub steps: Option<u64>,
    pub limit: Option<Duration>,
    /// Spreads the steps evenly; otherwise they go as fast as they can.
    pub per_second: Option<u32>,
    /// Draws other keys than another phase.
    pub salt: Salt,
}

/// What the clients of a load did.
pub struct Outcome {
    pub ops: u64,
    /// Of the steps.
    pub taken: Latencies,
    /// From the first's start to the last's end.
    pub seconds: f64,
}

impl Runner {
    /// Has the clients do the step, which returns how many operations it counts as,
    /// until the load is over. The first error ends it.
    pub fn repeat<F>(&self, store: &dyn Engine, load: &Load, step: F) -> Result<Outcome>
    where
        F: Fn(&mut Client, u64) -> Result<u64> + Sync,
    {
        let over = AtomicBool::new(false);
        let start = now();
        thread::scope(|scope| {
            let syncer = scope.spawn(|| self.sync_log(store, &over));
            let clients: Vec<_> = (0..load.threads)
                .map(|number| {
                    let (step, over) = (&step, &over);
                    scope.spawn(move || {
                        let done = self
                            .client(number, load)
                            .and_then(|c| c.repeat(load, start, step, over));
                        if done.is_err() {
                            over.store(true, Ordering::Relaxed);
                        }
                        done
                    })
                })
                .collect();
            let ended: Vec<_> = clients.into_iter().map(|client| client.join()).collect();
            let seconds = (now() - start) as f64 / 1e9;
            over.store(true, Ordering::Relaxed);
            syncer.thread().unpark();
            syncer.join().map_err(|_| "the syncs panicked")??;
            let mut all = Outcome { ops: 0, taken: Latencies::new()?, seconds };
            for client in ended {
                let client = client.map_err(|_| "a client panicked")??;
                all.ops += client.ops;
                all.taken.merge(&client.taken)?;
            }
            Ok(all)
        })
    }

    fn client(&self, number: u32, load: &Load) -> Result<Client> {
        Ok(Client {
            random: Random::new(self.seed(load.salt), u64::from(number)),
            value: vec![0; self.options.value_size],
            read: Vec::with_capacity(self.options.value_size),
            batch: Vec::new(),
            taken: Latencies::new()?,
            ops: 0,
        })
    }

    /// Syncs a buffered log every second, across phases, until it is over.
    fn sync_log(&self, store: &dyn Engine, over: &AtomicBool) -> Result<()> {
        if self.config.sync || self.config.dir.is_none() {
            return Ok(());
        }
        while !over.load(Ordering::Relaxed) {
            let due = self.synced.load(Ordering::Relaxed) + SYNC_EVERY.as_nanos() as u64;
            match due.saturating_sub(now()) {
                0 => {
                    store.sync_log()?;
                    self.synced.store(now(), Ordering::Relaxed);
                }
                left => thread::park_timeout(Duration::from_nanos(left)),
            }
        }
        Ok(())
    }
}

impl Client {
    fn repeat<F>(mut self, load: &Load, start: u64, step: &F, over: &AtomicBool) -> Result<Self>
    where
        F: Fn(&mut Client, u64) -> Result<u64>,
    {
        let pace = Pace::new(load, start);
        let mut begin = now();
        for i in 0..load.steps.unwrap_or(u64::MAX) {
            if let Some(pace) = &pace {
                begin = pace.wait(i);
            }
            self.ops += step(&mut self, i)?;
            let end = now();
            self.taken.add(end - begin);
            begin = end;
            let late = load.limit.is_some_and(|limit| u128::from(end - start) >= limit.as_nanos());
            if late || over.load(Ordering::Relaxed) {
                break;
            }
        }
        Ok(self)
    }
}
