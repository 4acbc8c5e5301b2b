//! YCSB's workloads.

use std::sync::atomic::Ordering;

use super::Runner;
use super::clients::Client;
use super::phases::{FIRST_GENERATION, Salt};
use crate::Result;
use crate::engine::Engine;
use crate::work::{key, value};

/// The most entries that a scan of workload E reads.
const LONGEST_SCAN: u64 = 100;

/// An operation that is mixed with another.
type Operation = fn(&Runner, &dyn Engine, &mut Client, u64) -> Result<()>;

/// A workload of two kinds of operations. A kind is drawn before what it is done to.
struct Mix {
    name: &'static str,
    salt: Salt,
    /// Done in so many of a hundred.
    first: Operation,
    of_100: u64,
    other: Operation,
}

impl Runner {
    pub fn ycsb_a(&self, store: &dyn Engine) -> Result<()> {
        let (first, other): (Operation, Operation) = (Self::read_popular, Self::update_popular);
        self.mix(store, &Mix { name: "ycsb_a", salt: Salt::YcsbA, first, of_100: 50, other })
    }

    pub fn ycsb_b(&self, store: &dyn Engine) -> Result<()> {
        let (first, other): (Operation, Operation) = (Self::read_popular, Self::update_popular);
        self.mix(store, &Mix { name: "ycsb_b", salt: Salt::YcsbB, first, of_100: 95, other })
    }

    pub fn ycsb_c(&self, store: &dyn Engine) -> Result<()> {
        let (first, other): (Operation, Operation) = (Self::read_popular, Self::read_popular);
        self.mix(store, &Mix { name: "ycsb_c", salt: Salt::YcsbC, first, of_100: 100, other })
    }

    pub fn ycsb_d(&self, store: &dyn Engine) -> Result<()> {
        let (first, other): (Operation, Operation) = (Self::read_latest, Self::insert);
        self.mix(store, &Mix { name: "ycsb_d", salt: Salt::YcsbD, first, of_100: 95, other })
    }

    pub fn ycsb_e(&self, store: &dyn Engine) -> Result<()> {
        let (first, other): (Operation, Operation) = (Self::scan_popular, Self::insert);
        self.mix(store, &Mix { name: "ycsb_e", salt: Salt::YcsbE, first, of_100: 95, other })
    }

    pub fn ycsb_f(&self, store: &dyn Engine) -> Result<()> {
        let (first, other): (Operation, Operation) = (Self::read_popular, Self::modify_popular);
        self.mix(store, &Mix { name: "ycsb_f", salt: Salt::YcsbF, first, of_100: 50, other })
    }

    fn mix(&self, store: &dyn Engine, mix: &Mix) -> Result<()> {
        self.apart(store, mix.name, mix.salt, |client, i| {
            let first = client.random.below(100) < mix.of_100;
            (if first { mix.first } else { mix.other })(self, store, client, i)?;
            Ok(1)
        })
    }

    fn read_popular(&self, store: &dyn Engine, client: &mut Client, _: u64) -> Result<()> {
        let id = self.popular.draw(&mut client.random);
        self.read_key(store, client, id)
    }

    fn update_popular(&self, store: &dyn Engine, client: &mut Client, i: u64) -> Result<()> {
        let id = self.popular.draw(&mut client.random);
        self.write_key(store, client, id, i)
    }

    /// Reads a value, changes it and writes it. Other clients may write in between, as
    /// in YCSB.
    fn modify_popular(&self, store: &dyn Engine, client: &mut Client, i: u64) -> Result<()> {
        let id = self.popular.draw(&mut client.random);
        self.read_key(store, client, id)?;
        self.write_key(store, client, id, i)
    }

    /// Reads one of the keys that were inserted last. One whose number is given but
    /// which another client has yet to write may be missing.
    fn read_latest(&self, store: &dyn Engine, client: &mut Client, _: u64) -> Result<()> {
        let count = self.inserted.load(Ordering::Relaxed);
        let id = self.popular.latest(&mut client.random, count);
        match id < self.options.keys {
            true => self.read_key(store, client, id),
            false => self.find(store, &mut client.read, id).map(drop),
        }
    }

    fn scan_popular(&self, store: &dyn Engine, client: &mut Client, _: u64) -> Result<()> {
        let from = self.popular.draw(&mut client.random);
        let most = 1 + client.random.below(LONGEST_SCAN);
        self.page(store, from, most).map(drop)
    }

    /// Writes a key that was not there, the next in order for all clients.
    fn insert(&self, store: &dyn Engine, client: &mut Client, _: u64) -> Result<()> {
        let id = self.inserted.fetch_add(1, Ordering::Relaxed);
        value(&mut client.value, id, FIRST_GENERATION);
        store.put(&key(id), &client.value)
    }
}
