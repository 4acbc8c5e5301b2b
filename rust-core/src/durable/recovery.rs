//! Recovery: the records of the log go into the memtable.
//!
//! The log is read by one thread, and its records are applied by several: each
//! takes the keys of its share, in the log's order, so the versions of a key are
//! pushed in the order of their sequences. What a share waits for is memory, so
//! each looks up many keys at once.

use super::Dirty;
use crate::batch::{self, Op};
use crate::error::{Error, Result};
use crate::fs::FileSystem;
use crate::key_version::Payload;
use crate::memtable::{IndexNeed, Memtable, Pending};
use crate::snapshot::Horizon;
use crate::stats::Counters;
use crate::sync::{Mutex, lock};
use crate::threads;
use crate::wal::{self, Recovered};
use crossbeam_epoch::{self as epoch, Guard};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// A memtable that is being filled from a log. Nobody else uses it yet.
pub(crate) struct Recovery<'a> {
    memtable: &'a Memtable,
    counters: &'a Counters,
    /// Held by whoever lets the index grow: one at a time may.
    growing: Mutex<()>,
}

/// Records are handed on by so many bytes.
const CHUNK_LEN: usize = 1 << 20;
/// Chunks that a share may be behind.
const BACKLOG: usize = 4;
/// Keys that are looked up at once.
const GROUP: usize = 64;
/// The most shares.
const MOST_SHARES: usize = 8;

/// Some records of the log, copied out of it.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

struct Record {
    /// The sequence of its first operation.
    first: u64,
    /// How many operations it has.
    count: u64,
    /// Its payload in the chunk.
    payload: Range<usize>,
}

/// An operation on a key with its sequence.
struct Numbered<'c> {
    key: &'c [u8],
    payload: Payload<'c>,
    sequence: u64,
}

impl<'a> Recovery<'a> {
    pub(crate) fn new(memtable: &'a Memtable, counters: &'a Counters) -> Self {
        Self { memtable, counters, growing: Mutex::default() }
    }

    /// Reads the log beyond the `flushed` sequence into the memtable, and returns
    /// what became dirty.
    pub(super) fn run(
        &self,
        fs: &dyn FileSystem,
        dir: &Path,
        flushed: u64,
    ) -> Result<(Recovered, Vec<Dirty>)> {
        let shares = std::thread::available_parallelism().map_or(1, |n| n.get()).min(MOST_SHARES);
        let (recovered, dirty) = std::thread::scope(|scope| {
            let mut senders = Vec::with_capacity(shares);
            let mut threads = Vec::with_capacity(shares);
            for share in 0..shares {
                let (sender, receiver) = sync_channel(BACKLOG);
                senders.push(sender);
                let apply = move || {
                    threads::leave_signals_to_host();
                    self.apply_share(&receiver, share, shares, flushed)
                };
                let thread = std::thread::Builder::new()
                    .name("mantisdb-recover".into())
                    .spawn_scoped(scope, apply)
                    .map_err(|e| Error::ThreadSpawn(e.to_string()))?;
                threads.push(thread);
            }
            let recovered = read(fs, dir, flushed, senders);
            let applied = threads.into_iter().map(|thread| {
                // A panic is a defect of ours; it becomes an error as elsewhere.
                thread.join().unwrap_or(Err(Error::Poisoned))
            });
            let dirty = applied.collect::<Result<Vec<_>>>()?;
            Ok::<_, Error>((recovered?, dirty))
        })?;
        Ok((recovered, dirty.into_iter().flatten().collect()))
    }

    /// Applies the operations of a share of the keys.
    fn apply_share(
        &self,
        chunks: &Receiver<Arc<Chunk>>,
        share: usize,
        shares: usize,
        flushed: u64,
    ) -> Result<Vec<Dirty>> {
        let (mut dirty, mut deleted) = (Vec::new(), Vec::new());
        while let Ok(chunk) = chunks.recv() {
            let mut group = Vec::with_capacity(GROUP);
            for record in &chunk.records {
                for (op, sequence) in record.parse(&chunk.bytes)?.into_iter().zip(record.first..) {
                    if sequence <= flushed {
                        continue;
                    }
                    match op.on_key() {
                        Some((key, payload)) if crc32c::crc32c(key) as usize % shares == share => {
                            group.push(Numbered { key, payload, sequence });
                        }
                        None if share == 0 => deleted.extend(op.range_tombstone(sequence)),
                        _ => {}
                    }
                    if group.len() == GROUP {
                        self.apply(&group, &mut dirty)?;
                        group.clear();
                    }
                }
            }
            self.apply(&group, &mut dirty)?;
        }
        if !deleted.is_empty() {
            self.memtable.delete_ranges(deleted, self.counters, &epoch::pin());
        }
        Ok(dirty)
    }

    /// Pushes some versions, in order, and lists the entries that are not yet.
    fn apply(&self, group: &[Numbered<'_>], dirty: &mut Vec<Dirty>) -> Result<()> {
        let guard = &epoch::pin();
        let keys: Vec<&[u8]> = group.iter().map(|op| op.key).collect();
        let mut slots = Vec::with_capacity(group.len());
        self.memtable.find_many(&keys, guard, |_, slot| slots.push(slot));
        for (op, slot) in group.iter().zip(slots) {
            let slot = match slot {
                Some(slot) => slot,
                None => {
                    let (slot, need) = self.memtable.find_or_make(op.key, self.counters, guard)?;
                    self.grow(need, guard)?;
                    slot
                }
            };
            let pending = Pending::new(op.payload)?;
            let (slot, _) = self.memtable.push(slot, pending, op.sequence, self.counters, guard)?;
            // What it supersedes is of no use to anyone.
            let horizon =
                Horizon { visible: op.sequence, oldest_snapshot: u64::MAX, newest_snapshot: 0 };
            self.memtable.settle(slot, &horizon, self.counters, guard);
            if slot.mark_dirty() {
                dirty.push(Dirty(slot.into_raw()));
            }
        }
        Ok(())
    }

    /// Does what the janitor does later on: lets the index grow.
    fn grow(&self, need: Option<IndexNeed>, guard: &Guard) -> Result<()> {
        if need.is_none_or(|need| need == IndexNeed::Nothing) {
            return Ok(());
        }
        let _alone = lock(&self.growing);
        while self.memtable.index_need(guard) != IndexNeed::Nothing {
            if let Some(table) = self.memtable.grow_index(guard)? {
                guard.defer(move || drop(table));
            }
        }
        Ok(())
    }
}

impl Record {
    /// The record's operations; none if it says nothing.
    fn parse<'c>(&self, bytes: &'c [u8]) -> Result<Vec<Op<'c>>> {
        let payload = bytes.get(self.payload.clone()).unwrap_or_default();
        batch::parse_record(payload, self.count)
    }
}

/// Reads the log and gives its records to all shares.
fn read(
    fs: &dyn FileSystem,
    dir: &Path,
    flushed: u64,
    shares: Vec<SyncSender<Arc<Chunk>>>,
) -> Result<Recovered> {
    let mut chunk = Chunk::default();
    let hand_on = |chunk: &mut Chunk| {
        let full = Arc::new(std::mem::take(chunk));
        // A share that is gone has failed, and tells so itself.
        shares.iter().for_each(|share| drop(share.send(Arc::clone(&full))));
    };
    let recovered = wal::recover(fs, dir, flushed, |first, count, payload| {
        let start = chunk.bytes.len();
        chunk.bytes.extend_from_slice(payload);
        chunk.records.push(Record { first, count, payload: start..chunk.bytes.len() });
        if chunk.bytes.len() >= CHUNK_LEN {
            hand_on(&mut chunk);
        }
        Ok(())
    })?;
    hand_on(&mut chunk);
    Ok(recovered)
}
