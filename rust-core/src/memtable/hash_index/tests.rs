//! Tests of the index with removals.

#![allow(clippy::unwrap_used, reason = "also in the helpers of tests")]

use super::*;
use crate::memtable::entry::Entry;
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
    while index.need(guard) != Need::Nothing {
        index.grow(guard).unwrap();
        index.copy(usize::MAX / 2, hasher, guard).unwrap();
    }
}

/// Takes out and frees an entry, and returns its number.
fn remove(index: &HashIndex, hasher: &Hasher, entry: &Entry) -> u64 {
    // SAFETY: valid until it is freed below.
    let key = unsafe { Entry::key(entry) };
    let number = u64::from_be_bytes(key.try_into().unwrap());
    index.remove(hasher.hash(key), entry, &epoch::pin());
    // SAFETY: nothing leads to it any more, and there is one thread.
    unsafe { Entry::free(ptr::NonNull::from(entry)) };
    number
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
    const LIVE: u64 = 20_000;
    let (index, hasher) = (HashIndex::new(0).unwrap(), Hasher::default());
    let mut live: BTreeSet<u64> = (0..LIVE).collect();
    live.iter().for_each(|&number| insert(&index, &hasher, number));
    let (mut next, mut hand, mut longest) = (LIVE, 0, 0);
    while next < 12 * LIVE {
        let guard = &epoch::pin();
        let mut left = 0;
        hand = index.visit(hand, guard, |entry| {
            assert!(live.remove(&remove(&index, &hasher, entry)));
            left += 1;
        });
        for number in next..next + left {
            insert(&index, &hasher, number);
            live.insert(number);
        }
        next += left;
        longest = longest.max(longest_run(&index));
    }
    // Of a table that is three quarters full evenly, some tens are. Line after line, it was more
    // than a thousand.
    assert!(longest < 100, "{longest} lines on end without an empty slot");
    let mut found = BTreeSet::new();
    while found.len() < live.len() {
        hand = index.visit(hand, &epoch::pin(), |entry| {
            found.insert(remove(&index, &hasher, entry));
        });
    }
    assert_eq!(found, live);
}
