//! Tests of the index with removals.

#![allow(clippy::unwrap_used, reason = "also in the helpers of tests")]

use super::*;
use crate::memtable::entry::Entry;
use crate::test_scale::is_small;
use crossbeam_epoch as epoch;
use slots::Slots;
use std::collections::BTreeSet;

/// Adds the entry of a number.
fn insert(index: &HashIndex, hasher: &Hasher, number: u64) {
    let key = number.to_be_bytes();
    let entry = Entry::allocate(&key, false).unwrap();
    let guard = &epoch::pin();
    // SAFETY: just allocated, and freed by `remove` alone.
    let inserted = index.get_or_insert(hasher.hash(&key), &key, unsafe { entry.as_ref() }, guard);
    assert!(matches!(inserted, Ok(Inserted::New(_))));
}

/// Does what the index needs.
fn settle(index: &HashIndex, hasher: &Hasher) {
    let guard = &epoch::pin();
    while index.need(guard) != Need::Nothing {
        index.grow(guard).unwrap();
        index.copy(usize::MAX / 2, hasher, guard).unwrap();
    }
}

/// Takes out an entry, to be freed after the guard, and returns its number.
fn remove(index: &HashIndex, hasher: &Hasher, entry: &Entry, guard: &Guard) -> u64 {
    // SAFETY: valid under the guard.
    let key = unsafe { Entry::key(entry) };
    index.remove(hasher.hash(key), entry, guard);
    let gone = ptr::NonNull::from(entry);
    // SAFETY: nothing leads to it any more, and it is removed once.
    unsafe { guard.defer_unchecked(move || Entry::free(gone)) };
    u64::from_be_bytes(key.try_into().unwrap())
}

/// Takes out what a hand finds in a round from the start on.
fn remove_all(index: &HashIndex, hasher: &Hasher) -> BTreeSet<u64> {
    let guard = &epoch::pin();
    let (mut hand, mut found) = (0, BTreeSet::new());
    loop {
        hand = index.visit(hand, guard, |entry| {
            assert!(found.insert(remove(index, hasher, entry, guard)), "found twice");
        });
        if hand == 0 {
            return found;
        }
    }
}

/// The most lines on end without an empty slot.
fn longest_run(index: &HashIndex) -> usize {
    let guard = &epoch::pin();
    let slots = &index.root(guard).slots;
    let is_full = |line: usize| slots.line(line * LINE).iter().all(|slot| slot.load(Relaxed) != 0);
    let (mut run, mut longest) = (0, 0);
    for line in 0..slots.lines() {
        run = if is_full(line) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[test]
fn a_round_comes_by_each_line_once() {
    for lines in [1, 2, 64, 1024] {
        let slots = Slots::allocate(lines * LINE, Touch::Later).unwrap();
        let round: BTreeSet<usize> = (0..lines).map(|step| slots.scattered(step)).collect();
        assert_eq!(round, (0..lines).map(|line| line * LINE).collect());
    }
}

/// As in a memtable that keeps so many: what the hand comes by leaves, others come.
#[test]
fn probes_stay_short_where_entries_leave() {
    let live_count = if is_small() { 5_000 } else { 20_000 };
    let (index, hasher) = (HashIndex::new(0).unwrap(), Hasher::default());
    let mut live: BTreeSet<u64> = (0..live_count).collect();
    for &number in &live {
        insert(&index, &hasher, number);
        settle(&index, &hasher);
    }
    let (mut next, mut hand, mut longest) = (live_count, 0, 0);
    while next < 12 * live_count {
        let guard = &epoch::pin();
        let before = live.len() as u64;
        hand = index.visit(hand, guard, |entry| {
            assert!(live.remove(&remove(&index, &hasher, entry, guard)));
        });
        let left = before - live.len() as u64;
        for number in next..next + left {
            insert(&index, &hasher, number);
            settle(&index, &hasher);
            live.insert(number);
        }
        next += left;
        longest = longest.max(longest_run(&index));
    }
    // Of a table that is three quarters full evenly, some tens are. Line after line, it was more
    // than a thousand.
    assert!(longest < 100, "{longest} lines on end without an empty slot");
    assert_eq!(remove_all(&index, &hasher), live);
}

/// When a step of the copying finds no memory for a further table, it is taken again from
/// its beginning.
#[test]
fn what_is_copied_again_is_there_once() {
    let (index, hasher) = (HashIndex::new(0).unwrap(), Hasher::default());
    let numbers: BTreeSet<u64> = (0..1000).collect();
    numbers.iter().for_each(|&number| insert(&index, &hasher, number));
    let guard = &epoch::pin();
    let table = index.root(guard);
    table.add_successor(Touch::Later).unwrap();
    index.copy(table.slots.len() / 2, &hasher, guard).unwrap();
    table.copied.store(0, Relaxed);
    index.copy(table.slots.len(), &hasher, guard).unwrap().expect("it was copied whole");
    assert_eq!(remove_all(&index, &hasher), numbers);
    assert_eq!(remove_all(&index, &hasher), BTreeSet::new());
}
