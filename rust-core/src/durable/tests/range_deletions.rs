//! Deletions of ranges under eviction, flushes, compactions, snapshots and restarts.

use super::modifications::{at_a_late_turn, key_read, put_batch, range_read, with_old};
use super::*;
use crate::{Error, Modification, Snapshot, WriteBatch};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

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

/// Does something that has its number while the deletion of all keys from a to z, with
/// the number before, is not visible yet.
fn behind_a_deletion<R: Send>(
    storage: &Storage,
    settled: bool,
    act: impl FnOnce() -> R + Send,
) -> R {
    let core = storage.core();
    let has_number = |count| {
        eventually("it has its number", || core.sequencer.reserved() == count);
    };
    crate::sync::scope(|scope| {
        let held = core.begin(1, 0, Durability::Memory).unwrap();
        let reserved = core.sequencer.reserved();
        let deleting = scope.spawn(|_| {
            storage.write(range(b"a", Some(b"z")).packed()).unwrap();
            if settled {
                storage.flush().unwrap();
            }
        });
        has_number(reserved + 1);
        let acting = scope.spawn(|_| act());
        has_number(reserved + 2);
        held.complete().unwrap();
        deleting.join().unwrap();
        acting.join().unwrap()
    })
}

/// What an operation reads at its turn knows of a range that was deleted since it was
/// planned, wherever its key is.
#[test]
fn a_deletion_before_the_turn_counts() {
    for in_memory in [true, false] {
        for settled in [false, true] {
            let sim = Sim::new();
            let storage = with_old(&sim, in_memory, 0);
            let mut seen = None;
            let taken = behind_a_deletion(&storage, settled, || {
                let before = |value: Option<crate::ValueRef<'_>>| {
                    seen = value.map(|value| value.bytes.to_vec());
                };
                storage.modify(b"k", &Modification::Take, before).unwrap()
            });
            assert_eq!((taken.sequence, seen), (0, None), "in memory {in_memory}");
        }
    }
}

/// So does a transaction, whose reads still held when it took its number.
#[test]
fn a_deletion_before_the_turn_is_a_conflict() {
    for in_memory in [true, false] {
        for (reads, conflicts) in [
            (key_read(b"k", 1, 0), true),
            (key_read(b"none", 0, 0), false),
            (range_read(b"j", b"l", 0), true),
            (range_read(b"z", b"zz", 0), false),
        ] {
            let sim = Sim::new();
            let storage = with_old(&sim, in_memory, 0);
            let snapshot = storage.snapshot().unwrap();
            let out = put_batch(b"A", b"1");
            let done =
                behind_a_deletion(&storage, false, || snapshot.write_if(out.packed(), &reads));
            assert_eq!(done == Err(Error::Conflict), conflicts, "{done:?}, in memory {in_memory}");
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

/// What the log had of deletions is carried out without another write.
#[test]
fn deletions_of_before_a_restart_are_carried_out() {
    let sim = Sim::new();
    let options = Options { write_buffer: 1 << 20, ..small() };
    let storage = open(&sim, options);
    for i in 0..100 {
        storage.put(format!("k{i:03}").as_bytes(), &[0; 100], 0).unwrap();
    }
    storage.write(range(b"k", Some(b"k099")).packed()).unwrap();
    let storage = open(&sim.after_kill(), options);
    eventually("the keys are gone from the count", || storage.stats().keys == 1);
    assert_eq!(contents(&storage).len(), 1);
}

/// Deletions count as memory, so a flush takes them before they are many bytes, and
/// what it takes is given back.
#[test]
fn the_memory_of_deletions_is_bounded() {
    let sim = Sim::new();
    let options = Options { write_buffer: 1 << 20, memory_limit: 4 << 20, ..small() };
    let storage = open(&sim, options);
    let listed = || {
        let guard = &crossbeam_epoch::pin();
        let list = storage.core().memtable.deletions.load(guard);
        list.map_or(0, |list| list.iter().map(|t| t.footprint() as u64).sum())
    };
    assert!(storage.stats().memory_bytes < 1 << 20);
    for i in 0..1000u32 {
        let start = [&i.to_be_bytes()[..], &[0; 32 << 10]].concat();
        storage.write(range(&start, Some(&[&start[..], b"0"].concat())).packed()).unwrap();
        let list: u64 = listed();
        assert!(list < 8 << 20, "{list} bytes after {i} deletions");
    }
    eventually("all is given back", || listed() == 0 && storage.stats().memory_bytes < 1 << 20);
}

/// A thread whose keys nobody else writes finds at once what it wrote, in every way,
/// beside flushes, evictions and compactions.
#[test]
fn nothing_comes_back_beside_background_work() {
    let sim = Sim::new();
    let storage = open(&sim, Options { memory_limit: 1 << 18, ..small() });
    let done = AtomicBool::new(false);
    crate::sync::scope(|scope| {
        let owners: Vec<_> = (0..3u8)
            .map(|t| {
                let storage = &storage;
                scope.spawn(move |_| own_keys(storage, t, 3000))
            })
            .collect();
        let background = scope.spawn(|_| {
            let mut i = 0;
            while !done.load(SeqCst) {
                i += 1;
                if i % 7 == 0 { storage.compact() } else { storage.flush() }.unwrap();
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let ended: Vec<_> = owners.into_iter().map(|owner| owner.join()).collect();
        done.store(true, SeqCst);
        background.join().unwrap();
        ended.into_iter().for_each(|end| end.unwrap());
    });
}

/// Writes keys that begin with `t`, and checks each against a map.
fn own_keys(storage: &Storage, t: u8, steps: u32) {
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[t + 1; 32]);
    let mut map = Map::new();
    let own = |k: Vec<u8>| [&[b'a' + t][..], &k[1..]].concat();
    let mut held: Option<(Snapshot, Map)> = None;
    for step in 0..steps {
        let at = own(key(&mut rng));
        let value = format!("{step}.").repeat(1 + below(&mut rng, 40) as usize).into_bytes();
        match below(&mut rng, 20) {
            0..3 => {
                let end = own(key(&mut rng));
                if at < end {
                    let mut batch = range(&at, Some(&end));
                    map.retain(|k: &Vec<u8>, _| *k < at || *k >= end);
                    if below(&mut rng, 2) == 0 {
                        batch.put(&at, &value, 0).unwrap();
                        map.insert(at.clone(), value);
                    }
                    storage.write(batch.packed()).unwrap();
                }
            }
            3..5 => {
                let mut seen = None;
                let before = |v: Option<crate::ValueRef<'_>>| seen = v.map(|v| v.bytes.to_vec());
                storage.modify(&at, &Modification::Take, before).unwrap();
                assert_eq!(seen, map.remove(&at), "taken at step {step}");
            }
            5..7 => {
                storage.put_if_absent(&at, &value, 0).unwrap();
                map.entry(at.clone()).or_insert(value);
            }
            7..9 => {
                let snapshot = storage.snapshot().unwrap();
                let number = snapshot.get(&at, |v| v.sequence).unwrap().unwrap_or(0);
                assert_eq!(number != 0, map.contains_key(&at), "step {step}");
                let reads = key_read(&at, number, 0);
                snapshot.write_if(put_batch(&at, &value).packed(), &reads).unwrap();
                map.insert(at.clone(), value);
            }
            9 => {
                if let Some((snapshot, then)) = held.take() {
                    let mut found = contents_at(&snapshot);
                    found.retain(|k, _| k[0] == b'a' + t);
                    assert!(found == then, "a snapshot changed, step {step}");
                } else {
                    held = Some((storage.snapshot().unwrap(), map.clone()));
                }
            }
            _ => {
                storage.put(&at, &value, 0).unwrap();
                map.insert(at.clone(), value);
            }
        }
        assert_eq!(storage.get_vec(&at).unwrap().as_ref(), map.get(&at), "step {step}");
        let keys: Vec<Vec<u8>> = (0..4).map(|_| own(key(&mut rng))).collect();
        let refs: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let mut found = Vec::new();
        let each = |found: &mut Vec<_>, _, value: Option<crate::ValueRef<'_>>| {
            found.push(value.map(|value| value.bytes.to_vec()));
        };
        storage.multi_get(&refs, &mut found, each, Vec::clear).unwrap();
        assert_eq!(
            found,
            keys.iter().map(|k| map.get(k).cloned()).collect::<Vec<_>>(),
            "step {step}"
        );
    }
}
