//! Tests of the whole storage on a simulated disk.

mod block_cache;
mod faults;
mod levels;
mod modifications;
mod pace;
mod power_loss;
mod range_deletions;
mod restart;
mod structure;

use crate::fs::FileSystem;
use crate::fs::sim::Sim;
use crate::storage::{Options, Storage};
use crate::{Durability, Range};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Where the tests keep their database.
fn dir() -> &'static Path {
    Path::new("/data")
}

/// So small that a short test flushes and compacts.
fn small() -> Options {
    Options {
        write_buffer: 16 << 10,
        log_file_len: 64 << 10,
        durability: Durability::Buffered,
        ..Options::default()
    }
}

fn open(sim: &Sim, options: Options) -> Storage {
    try_open(sim, options).unwrap()
}

fn try_open(sim: &Sim, options: Options) -> crate::Result<Storage> {
    let fs: Arc<dyn FileSystem> = Arc::new(sim.clone());
    Storage::open_on(fs, dir(), options)
}

/// Waits for a background thread.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "not so: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// All live entries, found by a scan in either direction.
fn contents(storage: &Storage) -> Map {
    let snapshot = storage.snapshot().unwrap();
    let [forward, backward] = [false, true].map(|reverse| {
        let mut found = Map::new();
        let range = Range { reverse, ..Range::default() };
        snapshot
            .scan(&range, |entry| {
                let old = found.insert(entry.key.to_vec(), entry.value.to_vec());
                assert!(old.is_none(), "a key came twice");
                ControlFlow::Continue(())
            })
            .unwrap();
        found
    });
    assert!(forward == backward, "the scans differ");
    forward
}
