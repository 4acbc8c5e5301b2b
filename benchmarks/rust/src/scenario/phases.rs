//! The phases that scenarios are made of.

use std::time::Duration;

use super::Runner;
use super::clients::{Client, Load};
use crate::Result;
use crate::engine::Engine;
use crate::work::{Permutation, check_value, key, value};

/// Salts keep the phases from drawing the same keys in the same order.
pub const SALT_LOAD: u64 = 1;
pub const SALT_READ: u64 = 2;
pub const SALT_WRITE: u64 = 3;
pub const SALT_PACED: u64 = 4;

/// The load's generation; overwrites have later ones.
pub const FIRST_GENERATION: u64 = 0;

impl Runner {
    /// A load of some clients for the run's seconds.
    pub fn timed(&self, threads: u32, salt: u64) -> Load {
        let limit = Duration::from_secs_f64(self.options.seconds);
        Load { threads, ops: None, limit: Some(limit), per_second: None, salt }
    }

    /// A load of one client and a number of operations.
    pub fn counted(ops: u64, salt: u64) -> Load {
        Load { threads: 1, ops: Some(ops), limit: None, per_second: None, salt }
    }

    /// Writes every key once, in random order, from one client.
    pub fn load(&self, store: &dyn Engine) -> Result<()> {
        let order = Permutation::new(self.options.keys, self.options.seed ^ SALT_LOAD);
        self.phase(store, "load", Self::counted(self.options.keys, SALT_LOAD), |client, i| {
            let id = order.at(i);
            value(&mut client.value, id, FIRST_GENERATION);
            store.put(&key(id), &client.value)
        })
    }

    /// Writes keys drawn anew.
    pub fn writes(&self, store: &dyn Engine, workload: &'static str, load: Load) -> Result<()> {
        self.phase(store, workload, load, |client, i| {
            let id = client.random.below(self.options.keys);
            value(&mut client.value, id, i + 1);
            store.put(&key(id), &client.value)
        })
    }

    /// Measures random reads, by one client and by many.
    pub fn reads(&self, store: &dyn Engine) -> Result<()> {
        self.warm(store)?;
        for threads in [1, self.options.threads] {
            self.phase(store, "random_reads", self.timed(threads, SALT_READ), |client, _| {
                let id = client.random.below(self.options.keys);
                self.read(store, client, id)
            })?;
        }
        Ok(())
    }

    /// Reads every key once, in another order than it was written in, without a
    /// record: caches are as full as they get, and nothing is missing.
    fn warm(&self, store: &dyn Engine) -> Result<()> {
        let order = Permutation::new(self.options.keys, self.options.seed ^ SALT_READ);
        let load = Self::counted(self.options.keys, SALT_READ);
        self.repeat(store, &load, |client, i| self.read(store, client, order.at(i)))?;
        Ok(())
    }

    /// Reads a key and checks its value.
    fn read(&self, store: &dyn Engine, client: &mut Client, id: u64) -> Result<()> {
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
