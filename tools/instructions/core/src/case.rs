//! What is counted: each case is one call of the storage, or of a cache, made again and again.

use crate::cache;
use crate::input::{VALUE_LEN, key, value};
use mantisdb_core::cache::LockFreeCache;
use mantisdb_core::{Durability, Options, Range, Result, Storage, WriteBatch};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;

/// Keys in the storage before the first round. These, and the new keys of `put`, are fewer
/// than writers leave to the janitor to put in order, so that what they do is always the same.
const KEYS: u64 = 4_000;
/// Keys of one batch, of one `multi_get`, and entries of one page.
const MANY: usize = 64;

/// One call.
pub(crate) struct Case {
    /// What the table and the baseline call it.
    pub(crate) name: &'static str,
    /// As many rounds as its count needs to repeat.
    pub(crate) rounds: u64,
    call: Call,
}

/// Makes the call of a round.
enum Call {
    /// Of a storage in memory.
    Storage(fn(&Storage, round: u64) -> Result<()>),
    /// Of a storage in a directory, whose writes go through the log.
    Logged(fn(&Storage, round: u64) -> Result<()>),
    /// Of a full cache.
    Cache(fn(&LockFreeCache, round: u64) -> Result<()>),
}

/// All cases.
pub(crate) const CASES: &[Case] = &[
    Case { name: "get", rounds: 10_000, call: Call::Storage(get) },
    Case { name: "get_many_64", rounds: 500, call: Call::Storage(get_many) },
    Case { name: "put", rounds: 2_000, call: Call::Storage(put) },
    Case { name: "overwrite", rounds: 20_000, call: Call::Storage(overwrite) },
    Case { name: "batch_64", rounds: 500, call: Call::Storage(batch) },
    Case { name: "scan_page_64", rounds: 500, call: Call::Storage(scan_page) },
    Case { name: "overwrite_buffered", rounds: 20_000, call: Call::Logged(overwrite) },
    Case { name: "cache_get", rounds: 20_000, call: Call::Cache(cache::get) },
    Case { name: "cache_overwrite", rounds: 20_000, call: Call::Cache(cache::overwrite) },
    Case { name: "cache_evict", rounds: 20_000, call: Call::Cache(cache::evict) },
];

impl Case {
    /// Makes the call `rounds` times, in a storage of [`KEYS`] keys, or a cache. `dir` is an
    /// empty directory.
    pub(crate) fn run(&self, dir: &Path, rounds: u64) -> Result<()> {
        match self.call {
            Call::Storage(call) => repeat(Storage::open_with(options())?, load, call, rounds),
            Call::Logged(call) => {
                let options = Options { durability: Durability::Buffered, ..options() };
                repeat(Storage::open_dir(dir, options)?, load, call, rounds)
            }
            Call::Cache(call) => repeat(cache::open()?, cache::fill, call, rounds),
        }
    }
}

/// A table that does not grow: when growth would end depends on the janitor.
fn options() -> Options {
    Options { expected_keys: 1 << 20, ..Options::default() }
}

/// Fills what is called, and makes the calls.
///
/// Another thread fills it: how much of that the janitor takes over is not the same in each
/// run, so it must not be in this thread's count.
fn repeat<T: Sync>(
    called: T,
    fill: fn(&T) -> Result<()>,
    call: fn(&T, u64) -> Result<()>,
    rounds: u64,
) -> Result<()> {
    let filled = std::thread::scope(|s| s.spawn(|| fill(&called)).join());
    filled.expect("filling does not panic")?;
    (0..rounds).try_for_each(|round| call(&called, round))
}

fn load(storage: &Storage) -> Result<()> {
    for i in 0..KEYS {
        storage.put(&key(i), &value(i), 0)?;
    }
    page(storage, 0, KEYS as usize) // no key waits for its place in the order then
}

/// The number of a key that is there.
fn present(round: u64) -> u64 {
    round.wrapping_mul(7919) % KEYS
}

fn get(storage: &Storage, round: u64) -> Result<()> {
    let found = storage.get(&key(present(round)), |value| black_box(value.bytes.len()))?;
    assert_eq!(found, Some(VALUE_LEN));
    Ok(())
}

fn get_many(storage: &Storage, round: u64) -> Result<()> {
    let keys: [_; MANY] = std::array::from_fn(|i| key(present(round * MANY as u64 + i as u64)));
    let mut found = 0;
    storage.multi_get(
        &keys.each_ref().map(|key| &key[..]),
        &mut found,
        |found, _, value| *found += usize::from(value.is_some()),
        |found| *found = 0,
    )?;
    assert_eq!(found, MANY);
    Ok(())
}

fn put(storage: &Storage, round: u64) -> Result<()> {
    storage.put(&key(KEYS + round), &value(round), 0).map(drop)
}

fn overwrite(storage: &Storage, round: u64) -> Result<()> {
    storage.put(&key(present(round)), &value(round), 0).map(drop)
}

fn batch(storage: &Storage, round: u64) -> Result<()> {
    let mut batch = WriteBatch::new();
    for i in 0..MANY as u64 {
        let i = round * MANY as u64 + i;
        batch.put(&key(present(i)), &value(i), 0)?;
    }
    storage.write(batch.packed()).map(drop)
}

fn scan_page(storage: &Storage, round: u64) -> Result<()> {
    page(storage, present(round), MANY)
}

/// Reads a page of entries, from the i-th key on.
fn page(storage: &Storage, i: u64, entries: usize) -> Result<()> {
    let start = key(i);
    let range = Range { start: Some(&start), ..Range::default() };
    let mut left = entries;
    storage.snapshot()?.scan(&range, |entry| {
        assert_eq!(entry.value.len(), VALUE_LEN);
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}
