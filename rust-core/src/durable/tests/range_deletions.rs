//! Deletions of ranges under eviction, flushes, compactions, snapshots and restarts.

use super::modifications::{at_a_late_turn, eventually, key_read, put_batch, range_read, with_old};
use super::*;
use crate::{Error, Modification, Snapshot, WriteBatch};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

fn range(start: &[u8], end: Option<&[u8]>) -> WriteBatch {
    let mut batch = WriteBatch::new();
    batch.delete_range(start, end).unwrap();
    batch
}

fn below(rng: &mut TestRng, n: u32) -> u32 {
    rng.next_u32() % n
}

fn key(rng: &mut TestRng) -> Vec<u8> {
    format!("{:04}", below(rng, 2000)).into_bytes()
}

fn contents_at(snapshot: &Snapshot) -> Map {
    let mut found = Map::new();
    snapshot
        .scan(&Range::default(), |entry| {
            found.insert(entry.key.to_vec(), entry.value.to_vec());
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

/// A step of the model: what is written to the storage and to the map.
fn write(rng: &mut TestRng, storage: &Storage, map: &mut Map, step: u32) {
    let mut batch = WriteBatch::new();
    for _ in 0..=below(rng, 4) {
        let at = key(rng);
        match below(rng, 40) {
            0 => {
                let end = (below(rng, 4) != 0).then(|| key(rng));
                batch.delete_range(&at, end.as_deref()).unwrap();
                map.retain(|k, _| *k < at || end.as_ref().is_some_and(|end| k >= end));
            }
            1..4 => {
                let end = [&at[..], b"0"].concat();
                let start = &at[..3];
                batch.delete_range(start, Some(&end)).unwrap();
                map.retain(|k, _| &k[..] < start || *k >= end);
            }
            4..10 => {
                batch.delete(&at).unwrap();
                map.remove(&at);
            }
            _ => {
                let value = format!("{step}.").repeat(1 + below(rng, 40) as usize).into_bytes();
                batch.put(&at, &value, 0).unwrap();
                map.insert(at, value);
            }
        }
    }
    let durability = [Durability::Buffered, Durability::Memory][below(rng, 2) as usize];
    storage.write_with(batch.packed(), durability).unwrap();
}

/// Every way to read tells what a map tells.
fn check(rng: &mut TestRng, storage: &Storage, map: &Map) {
    let keys: Vec<Vec<u8>> = (0..20).map(|_| key(rng)).collect();
    for key in &keys {
        assert_eq!(storage.get_vec(key).unwrap().as_ref(), map.get(key), "{key:?}");
    }
    let refs: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let mut found = Vec::new();
    let each = |found: &mut Vec<_>, _, value: Option<crate::ValueRef<'_>>| {
        found.push(value.map(|value| value.bytes.to_vec()));
    };
    storage.multi_get(&refs, &mut found, each, Vec::clear).unwrap();
    assert_eq!(found, keys.iter().map(|key| map.get(key).cloned()).collect::<Vec<_>>());
    assert_eq!(contents(storage), *map);
}

fn model(options: Options, in_dir: bool, steps: u32) {
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let sim = Sim::new();
    let open = || if in_dir { open(&sim, options) } else { Storage::open().unwrap() };
    let (mut storage, mut map) = (open(), Map::new());
    let mut snapshots: Vec<(Snapshot, Map)> = Vec::new();
    for step in 0..steps {
        write(&mut rng, &storage, &mut map, step);
        match below(&mut rng, 200) {
            0..10 => check(&mut rng, &storage, &map),
            10..14 => snapshots.push((storage.snapshot().unwrap(), map.clone())),
            14..22 if !snapshots.is_empty() => {
                let i = below(&mut rng, snapshots.len() as u32) as usize;
                assert!(contents_at(&snapshots[i].0) == snapshots[i].1, "at step {step}");
                if below(&mut rng, 2) == 0 {
                    snapshots.remove(i);
                }
            }
            22 => storage.flush().unwrap(),
            23 => storage.compact().unwrap(),
            24 if in_dir => {
                snapshots.clear();
                drop(storage);
                storage = open();
                assert_eq!(contents(&storage), map, "opened again at step {step}");
            }
            _ => {}
        }
    }
    snapshots.clear();
    check(&mut rng, &storage, &map);
    // What was deleted leaves memory, and the deletions their list.
    storage.compact().unwrap();
    let deletions = || storage.core().memtable.deletions.load(&crossbeam_epoch::pin()).is_some();
    eventually("the deletions are carried out", || !deletions());
    if storage.stats().keys_estimated == 0 {
        assert_eq!(storage.stats().keys, map.len() as u64);
    }
    check(&mut rng, &storage, &map);
    assert!(storage.stats().range_deletes > 0);
}

#[test]
fn as_a_map_has_it_in_memory() {
    model(Options::default(), false, 10_000);
}

#[test]
fn as_a_map_has_it_on_disk() {
    model(small(), true, 10_000);
}

#[test]
fn as_a_map_has_it_beyond_memory() {
    model(Options { memory_limit: 1 << 18, ..small() }, true, 10_000);
}

/// What an operation reads at its turn knows of a range that was deleted since it was
/// planned, wherever its key is.
#[test]
fn a_deletion_before_the_turn_counts() {
    let take = Modification::Take;
    for in_memory in [true, false] {
        for settled in [false, true] {
            let sim = Sim::new();
            let storage = with_old(&sim, in_memory, 0);
            let delete = || {
                storage.write(range(b"a", Some(b"z")).packed()).unwrap();
                if settled {
                    storage.flush().unwrap();
                }
            };
            let mut seen = None;
            // Both wait for an earlier number, the deletion before the take.
            let has_number = |count| {
                eventually("it has its number", || storage.core().sequencer.reserved() == count);
            };
            let taken = crate::sync::scope(|scope| {
                let held = storage.core().begin(1, 0, Durability::Memory).unwrap();
                let reserved = storage.core().sequencer.reserved();
                let deleting = scope.spawn(|_| delete());
                has_number(reserved + 1);
                let taking = scope.spawn(|_| {
                    let before = |value: Option<crate::ValueRef<'_>>| {
                        seen = value.map(|value| value.bytes.to_vec());
                    };
                    storage.modify(b"k", &take, before).unwrap()
                });
                has_number(reserved + 2);
                held.complete().unwrap();
                deleting.join().unwrap();
                taking.join().unwrap()
            });
            assert_eq!((taken.sequence, seen), (0, None), "in memory {in_memory}");
        }
    }
}

/// A transaction conflicts with the deletion of what it read, and with that alone.
#[test]
fn a_transaction_conflicts_with_a_deletion() {
    for in_memory in [true, false] {
        for (reads, conflicts) in [
            (key_read(b"k", 1, 0), true),
            (key_read(b"none", 0, 0), false),
            (range_read(b"j", b"l", 0), true),
            (range_read(b"l", b"z", 0), false),
        ] {
            let sim = Sim::new();
            let storage = with_old(&sim, in_memory, 0);
            let snapshot = storage.snapshot().unwrap();
            let out = put_batch(b"A", b"1");
            let done = at_a_late_turn(&storage, || snapshot.write_if(out.packed(), &reads), || {});
            assert!(done.is_ok(), "nothing was deleted: {done:?}");
            storage.write(range(b"k", Some(b"k\0")).packed()).unwrap();
            let done = snapshot.write_if(out.packed(), &reads);
            assert_eq!(done == Err(Error::Conflict), conflicts, "{done:?}, in memory {in_memory}");
        }
    }
}
