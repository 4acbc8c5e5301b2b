//! Many writers and many watches at once.

use super::*;
use crate::sync::scope;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

const WRITERS: u64 = 4;
const WRITES: u64 = 1500;

/// A step of a pseudo-random walk.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Writes in every way there is, to few keys.
fn write(storage: &Storage, seed: u64) {
    let mut state = seed * 7919 + 1;
    let key = |n: u64| [b"k", &[b'a' + (n % 16) as u8][..]].concat();
    for i in 0..WRITES {
        let n = next(&mut state);
        let (key, other) = (key(n >> 8), key(n >> 16));
        let value = format!("{seed}-{i}").into_bytes();
        let modify = |m: Modification<'_>| match storage.modify(&key, &m, |_| {}) {
            Ok(_) | Err(Error::NotANumber) => {}
            Err(error) => panic!("{error}"),
        };
        match n % 10 {
            0 => drop(storage.delete(&key).unwrap()),
            1 => drop(storage.put_if_absent(&key, &value, 0).unwrap()),
            2 => modify(Modification::Append(b"x")),
            3 => modify(Modification::Take),
            4 => modify(Modification::Increment(1)),
            5 => modify(Modification::CompareAndSwap(Expected::Sequence(0), b"7", 0)),
            6 | 7 => {
                let mut batch = WriteBatch::new();
                batch.put(&key, &value, 0).unwrap();
                batch.delete(&other).unwrap();
                batch.put(&other, &value, 0).unwrap();
                if n.is_multiple_of(7) {
                    batch.delete_range(&key, Some(b"kc")).unwrap();
                }
                if n % 10 == 6 {
                    storage.write(batch.packed()).unwrap();
                } else {
                    let snapshot = storage.snapshot().unwrap();
                    snapshot.write_if(batch.packed(), &[]).unwrap();
                }
            }
            _ => drop(storage.put(&key, &value, 0).unwrap()),
        }
    }
}

/// Follows a watch until all writers are done, and checks the order.
fn follow(mut watch: Watch, done: &AtomicBool) -> Vec<Owned> {
    let mut changes: Vec<Owned> = Vec::new();
    loop {
        let is_last = done.load(SeqCst);
        changes.extend(drain(&mut watch).unwrap());
        if is_last {
            break;
        }
        std::thread::yield_now();
    }
    assert!(changes.is_sorted_by_key(|change| change.sequence));
    assert!(changes.windows(2).all(|two| two[0].sequence != two[1].sequence), "one came twice");
    changes
}

fn replayed(changes: &[Owned]) -> Map {
    let mut map = Map::new();
    for change in changes {
        match (&change.value, &change.range) {
            (Some((value, _)), _) => drop(map.insert(change.key.clone(), value.clone())),
            (None, None) => drop(map.remove(&change.key)),
            (None, Some(end)) => {
                let is_in = |key: &Vec<u8>| end.as_ref().is_none_or(|end| key < end);
                map.retain(|key, _| *key < change.key || !is_in(key));
            }
        }
    }
    map
}

fn contents(storage: &Storage) -> Map {
    let mut map = Map::new();
    let snapshot = storage.snapshot().unwrap();
    snapshot
        .scan(&everything(), |entry| {
            map.insert(entry.key.to_vec(), entry.value.to_vec());
            ControlFlow::Continue(())
        })
        .unwrap();
    map
}

/// Each watch gets every change of its range once and in order: replayed, they make
/// the state; and those of a part of the keys are a part of those of all. Returns all.
pub(super) fn watches_agree_with_the_state(storage: &Storage) -> Vec<Owned> {
    let half = Range { start: Some(b"kf"), ..Range::default() };
    let ranges = [everything(), everything(), half];
    let done = AtomicBool::new(false);
    let mut found: Vec<Vec<Owned>> = scope(|scope| {
        let followers: Vec<_> = ranges
            .iter()
            .map(|range| {
                let watch = storage.watch(range, 0).unwrap();
                let done = &done;
                scope.spawn(move |_| follow(watch, done))
            })
            .collect();
        let writers: Vec<_> =
            (0..WRITERS).map(|seed| scope.spawn(move |_| write(storage, seed + 1))).collect();
        let ends: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        done.store(true, SeqCst);
        ends.into_iter().for_each(|end| end.unwrap());
        followers.into_iter().map(|follower| follower.join().unwrap()).collect()
    });
    assert_eq!(replayed(&found[0]), contents(storage));
    assert_eq!(found[0], found[1]);
    // A range that is deleted ends before the half begins.
    let of_half = found[0].iter().filter(|change| change.key >= b"kf".to_vec());
    assert_eq!(found[2], of_half.cloned().collect::<Vec<_>>());
    found.swap_remove(0)
}

#[test]
fn watches_agree_with_the_state_in_memory() {
    watches_agree_with_the_state(&Storage::open().unwrap());
}

/// Watches that come and go while others write begin at a clean cut.
#[test]
fn watches_come_and_go() {
    let storage = &Storage::open().unwrap();
    let done = AtomicBool::new(false);
    scope(|scope| {
        let watcher = scope.spawn(|_| {
            let mut rounds = 0;
            while !done.load(SeqCst) || rounds < 3 {
                let mut watch = storage.watch(&everything(), 0).unwrap();
                let snapshot = storage.snapshot().unwrap();
                std::thread::yield_now();
                let changes = drain(&mut watch).unwrap();
                // Each number is a put's, so none may be missing; and the changes reach
                // at least to what a read found before.
                let from = watch.from();
                let numbers = changes.iter().map(|change| change.sequence);
                assert!(numbers.eq((from..).take(changes.len())), "a change is missing");
                assert!(from + changes.len() as u64 > snapshot.sequence());
                rounds += 1;
            }
        });
        let writers: Vec<_> = (0..2u8)
            .map(|t| {
                scope.spawn(move |_| {
                    for _ in 0..WRITES * 4 {
                        storage.put(&[t], b"v", 0).unwrap();
                    }
                })
            })
            .collect();
        let ends: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        done.store(true, SeqCst);
        ends.into_iter().for_each(|end| end.unwrap());
        watcher.join().unwrap();
    });
}
