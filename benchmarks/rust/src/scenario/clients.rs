//! Clients that repeat a step, each on a thread of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::Runner;
use super::pace::Pace;
use crate::Result;
use crate::engine::Engine;
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
    taken: Latencies,
}

/// How a step is repeated.
pub struct Load {
    pub threads: u32,
    /// Operations of each client.
    pub ops: Option<u64>,
    pub limit: Option<Duration>,
    /// Spreads the operations evenly; otherwise they go as fast as they can.
    pub per_second: Option<u32>,
    /// Draws other keys than another phase.
    pub salt: u64,
}

impl Runner {
    /// Has the clients do the step until the load is over, and returns their
    /// latencies and the seconds from the first's start to the last's end. The
    /// first error ends it.
    pub fn repeat<F>(&self, store: &dyn Engine, load: &Load, step: F) -> Result<(Latencies, f64)>
    where
        F: Fn(&mut Client, u64) -> Result<()> + Sync,
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
            let mut all = Latencies::new()?;
            for taken in ended {
                all.merge(&taken.map_err(|_| "a client panicked")??)?;
            }
            Ok((all, seconds))
        })
    }

    fn client(&self, number: u32, load: &Load) -> Result<Client> {
        Ok(Client {
            random: Random::new(self.options.seed ^ load.salt, u64::from(number)),
            value: vec![0; self.options.value_size],
            read: Vec::with_capacity(self.options.value_size),
            taken: Latencies::new()?,
        })
    }

    /// Syncs a buffered log every second until it is over.
    fn sync_log(&self, store: &dyn Engine, over: &AtomicBool) -> Result<()> {
        if self.config.sync {
            return Ok(());
        }
        let mut last = now();
        while !over.load(Ordering::Relaxed) {
            thread::park_timeout(SYNC_EVERY);
            if now() - last >= SYNC_EVERY.as_nanos() as u64 {
                store.sync_log()?;
                last = now();
            }
        }
        Ok(())
    }
}

impl Client {
    fn repeat<F>(
        mut self,
        load: &Load,
        start: u64,
        step: &F,
        over: &AtomicBool,
    ) -> Result<Latencies>
    where
        F: Fn(&mut Client, u64) -> Result<()>,
    {
        let pace = Pace::new(load, start);
        let mut begin = now();
        for i in 0..load.ops.unwrap_or(u64::MAX) {
            if let Some(pace) = &pace {
                begin = pace.wait(i);
            }
            step(&mut self, i)?;
            let end = now();
            self.taken.add(end - begin);
            begin = end;
            let late = load.limit.is_some_and(|limit| u128::from(end - start) >= limit.as_nanos());
            if late || over.load(Ordering::Relaxed) {
                break;
            }
        }
        Ok(self.taken)
    }
}
