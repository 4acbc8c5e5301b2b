//! The phases that scenarios are made of.

use std::time::Duration;

use super::Runner;
use super::clients::{Client, Load};
use crate::Result;
use crate::engine::Engine;
use crate::work::{KEY_LEN, Permutation, check_value, key, value};

/// Salts keep the phases from drawing the same keys in the same order. The Go half has
/// the same numbers.
#[derive(Clone, Copy)]
pub enum Salt {
    Load = 1,
    Read,
    Write,
    Paced,
    /// Chooses which keys are popular, for all of a run's phases.
    Popular,
    YcsbA,
    YcsbB,
    YcsbC,
    YcsbD,
    YcsbE,
    YcsbF,
    Scan,
    Delete,
}

/// The load's generation; overwrites have later ones.
pub const FIRST_GENERATION: u64 = 0;
/// How many entries the load puts at once.
const BATCH_LEN: u64 = 100;
/// How many entries a page has.
const PAGE_LEN: u64 = 1000;
/// How long values live that have a time to live.
const LIFETIME: Duration = Duration::from_millis(100);

impl Runner {
    /// A load of some clients for the run's seconds.
    pub fn timed(&self, threads: u32, salt: Salt) -> Load {
        let limit = Duration::from_secs_f64(self.options.seconds);
        Load { threads, steps: None, limit: Some(limit), per_second: None, salt }
    }

    /// A load of one client and a number of steps.
    pub fn counted(steps: u64, salt: Salt) -> Load {
        Load { threads: 1, steps: Some(steps), limit: None, per_second: None, salt }
    }

    /// What a phase's choices come from.
    pub fn seed(&self, salt: Salt) -> u64 {
        self.options.seed ^ salt as u64
    }

    /// Measures a step by one client and by many.
    pub fn apart<F>(
        &self,
        store: &dyn Engine,
        workload: &'static str,
        salt: Salt,
        step: F,
    ) -> Result<()>
    where
        F: Fn(&mut Client, u64) -> Result<u64> + Sync,
    {
        self.phase(store, workload, &self.timed(1, salt), &step)?;
        self.phase(store, workload, &self.timed(self.options.threads, salt), &step)
    }

    /// Writes every key once, in random order and in batches, from one client.
    pub fn load(&self, store: &dyn Engine) -> Result<()> {
        let keys = self.options.keys;
        let order = Permutation::new(keys, self.seed(Salt::Load));
        let batches = Self::counted(keys.div_ceil(BATCH_LEN), Salt::Load);
        self.phase(store, "load", &batches, |client, i| {
            let first = i * BATCH_LEN;
            let count = BATCH_LEN.min(keys - first);
            client
                .batch
                .resize_with(count as usize, || ([0; KEY_LEN], vec![0; self.options.value_size]));
            for (entry, place) in client.batch.iter_mut().zip(first..) {
                let id = order.at(place);
                entry.0 = key(id);
                value(&mut entry.1, id, FIRST_GENERATION);
            }
            store.put_batch(&client.batch)?;
            Ok(count)
        })
    }

    /// Reads every key once, in another order than it was written in, without a
    /// record: caches are as full as they get, and nothing is missing.
    pub fn warm(&self, store: &dyn Engine) -> Result<()> {
        let order = Permutation::new(self.options.keys, self.seed(Salt::Read));
        let load = Self::counted(self.options.keys, Salt::Read);
        self.repeat(store, &load, |client, i| {
            self.read_key(store, client, order.at(i))?;
            Ok(1)
        })?;
        Ok(())
    }

    /// Measures reads of keys that are all as likely.
    pub fn reads(&self, store: &dyn Engine) -> Result<()> {
        self.apart(store, "reads", Salt::Read, |client, _| {
            let id = client.random.below(self.options.keys);
            self.read_key(store, client, id)?;
            Ok(1)
        })
    }

    /// Measures writes of keys that are all as likely.
    pub fn overwrite(&self, store: &dyn Engine) -> Result<()> {
        self.writes(store, "overwrite", &self.timed(1, Salt::Write))?;
        self.writes(store, "overwrite", &self.timed(self.options.threads, Salt::Write))
    }

    /// Writes keys drawn anew.
    pub fn writes(&self, store: &dyn Engine, workload: &'static str, load: &Load) -> Result<()> {
        self.phase(store, workload, load, |client, i| {
            let id = client.random.below(self.options.keys);
            self.write_key(store, client, id, i)?;
            Ok(1)
        })
    }

    /// Measures pages from keys that are all as likely. It counts entries.
    pub fn scans(&self, store: &dyn Engine) -> Result<()> {
        self.apart(store, "scan", Salt::Scan, |client, _| {
            self.page(store, client.random.below(self.options.keys), PAGE_LEN)
        })
    }

    /// Measures a mix in which keys go and come back for a while.
    pub fn deletes(&self, store: &dyn Engine) -> Result<()> {
        self.apart(store, "delete_ttl", Salt::Delete, |client, i| {
            let kind = client.random.below(100);
            let id = client.random.below(self.options.keys);
            match kind {
                0..50 => store.delete(&key(id))?,
                50..75 => {
                    value(&mut client.value, id, i + 1);
                    store.put_ttl(&key(id), &client.value, LIFETIME)?;
                }
                _ => drop(self.find(store, &mut client.read, id)?),
            }
            Ok(1)
        })
    }

    /// Writes a value of a later generation than the load's.
    pub fn write_key(
        &self,
        store: &dyn Engine,
        client: &mut Client,
        id: u64,
        i: u64,
    ) -> Result<()> {
        value(&mut client.value, id, i + 1);
        store.put(&key(id), &client.value)
    }

    /// Reads a key that is there and checks its value.
    pub fn read_key(&self, store: &dyn Engine, client: &mut Client, id: u64) -> Result<()> {
        match self.find(store, &mut client.read, id)? {
            true => Ok(()),
            false => Err(format!("the key of {id} is missing").into()),
        }
    }

    /// Tells whether a key is there, and checks its value.
    pub fn find(&self, store: &dyn Engine, read: &mut Vec<u8>, id: u64) -> Result<bool> {
        let found = store.get(&key(id), read)?;
        if found && !check_value(read, id, self.options.value_size) {
            return Err(format!("the value of {id} is another's, of {} bytes", read.len()).into());
        }
        Ok(found)
    }
}
