//! Model tests: walks beside a writer, with leaves and inner nodes of four at most.

use super::*;
use crate::shuttle_tests::explore;
use crossbeam_epoch as epoch;
use shuttle::sync::Arc;
use shuttle::thread;

/// A tree that is freed in the end.
struct Owned(OrderTree);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: nobody else has it.
        unsafe { self.0.free_all() };
    }
}

fn insert(tree: &OrderTree, keys: &[u8]) -> Vec<NonNull<Entry>> {
    let entries: Vec<_> =
        keys.iter().map(|&key| Entry::allocate(&[key], false).expect("memory")).collect();
    // SAFETY: one thread changes the tree; the entries and their keys are new, and ascend.
    unsafe { tree.insert_ascending(&entries, &epoch::pin()) };
    entries
}

fn remove(tree: &OrderTree, entries: Vec<NonNull<Entry>>) {
    for entry in entries {
        let guard = &epoch::pin();
        // SAFETY: one thread changes the tree; the entry is in there, and out of it when it
        // is retired.
        unsafe {
            tree.remove(entry.as_ref(), guard);
            guard.defer_unchecked(move || Entry::free(entry));
        }
    }
}

fn keys(tree: &OrderTree, place: Place<'_>, direction: Direction) -> Vec<u8> {
    let guard = &epoch::pin();
    let mut walk = tree.walk(place, direction, guard);
    std::iter::from_fn(|| walk.next_slot()).map(|slot| slot.key()[0]).collect()
}

/// What stays is seen by every walk, once and in order, while leaves are split and put
/// together again beside it.
#[test]
fn walks_miss_nothing_beside_splits_and_merges() {
    explore(|| {
        const STAYS: [u8; 4] = [10, 20, 30, 40];
        let tree = Arc::new(Owned(OrderTree::new()));
        insert(&tree.0, &STAYS);
        let readers = [(Place::Start, Direction::Forward), (Place::End, Direction::Backward)];
        let readers = readers.map(|(place, direction)| {
            let tree = Arc::clone(&tree);
            thread::spawn(move || {
                let mut seen = keys(&tree.0, place, direction);
                if direction == Direction::Backward {
                    seen.reverse();
                }
                assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
                seen.retain(|key| STAYS.contains(key));
                assert_eq!(seen, STAYS);
            })
        });
        let few = insert(&tree.0, &[15]);
        let many = insert(&tree.0, &[5, 16, 21, 22, 23, 24, 25, 35, 36, 45, 46, 47]);
        remove(&tree.0, many);
        remove(&tree.0, few);
        for reader in readers {
            reader.join().expect("no panic");
        }
        assert_eq!(keys(&tree.0, Place::After(&[10]), Direction::Forward), STAYS[1..]);
    });
}

/// What was inserted before a walk begins is seen by it, and what was removed is not.
#[test]
fn walks_see_what_was_done_before() {
    explore(|| {
        let tree = Arc::new(Owned(OrderTree::new()));
        let gone = insert(&tree.0, &[2, 4, 6]);
        remove(&tree.0, gone);
        insert(&tree.0, &[1, 3]);
        let reader = Arc::clone(&tree);
        let reader = thread::spawn(move || {
            let seen = keys(&reader.0, Place::At(&[1]), Direction::Forward);
            assert!(seen.contains(&1) && seen.contains(&3), "{seen:?}");
            assert!(!seen.contains(&4) && !seen.contains(&6), "{seen:?}");
        });
        insert(&tree.0, &[5]);
        insert(&tree.0, &[2, 7, 8]);
        reader.join().expect("no panic");
        assert_eq!(keys(&tree.0, Place::Start, Direction::Forward), [1, 2, 3, 5, 7, 8]);
    });
}
