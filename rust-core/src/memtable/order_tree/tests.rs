use super::inner::FANOUT;
use super::leaf::SLOTS;
use super::*;
use crate::sync::scope;
use crate::test_scale::is_small;
use crossbeam_epoch as epoch;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// A tree, and what should be in it.
struct World {
    tree: OrderTree,
    entries: BTreeMap<Vec<u8>, NonNull<Entry>>,
}

// SAFETY: as a memtable, which has its own.
unsafe impl Sync for World {}

impl World {
    fn new() -> Self {
        Self { tree: OrderTree::new(), entries: BTreeMap::new() }
    }

    /// Inserts those keys that are not there.
    fn insert(&mut self, keys: impl IntoIterator<Item = Vec<u8>>) {
        let absent: BTreeSet<_> =
            keys.into_iter().filter(|key| !self.entries.contains_key(key)).collect();
        let new: BTreeMap<_, _> = absent
            .into_iter()
            .map(|key| (key.clone(), Entry::allocate(&key, false).expect("memory")))
            .collect();
        let ascending: Vec<_> = new.values().copied().collect();
        // SAFETY: nobody else changes the tree; the entries and their keys are new.
        unsafe { self.tree.insert_ascending(&ascending, &epoch::pin()) };
        self.entries.extend(new);
    }

    fn remove(&mut self, key: &[u8]) {
        let Some(entry) = self.entries.remove(key) else { return };
        let guard = &epoch::pin();
        // SAFETY: nobody else changes the tree; it is in there, and out of it when it is
        // retired.
        unsafe {
            self.tree.remove(entry.as_ref(), guard);
            guard.defer_unchecked(move || Entry::free(entry));
        }
    }

    /// The n-th key, going round.
    fn nth(&self, n: usize) -> Option<Vec<u8>> {
        let count = self.entries.len().max(1);
        self.entries.keys().nth(n % count).cloned()
    }

    fn walk(&self, place: Place<'_>, direction: Direction) -> Vec<Vec<u8>> {
        let guard = &epoch::pin();
        let mut walk = self.tree.walk(place, direction, guard);
        std::iter::from_fn(|| walk.next_slot()).map(|slot| slot.key().to_vec()).collect()
    }

    /// Compares walks from a place on, both ways, with what should be there.
    fn check_walks(&self, key: &[u8]) {
        let keys = |range: (_, _)| {
            let range = self.entries.range::<[u8], _>(range);
            range.map(|(key, _)| key.clone()).collect::<Vec<_>>()
        };
        for (place, before, behind) in [
            (Place::At(key), (Unbounded, Excluded(key)), (Included(key), Unbounded)),
            (Place::After(key), (Unbounded, Included(key)), (Excluded(key), Unbounded)),
        ] {
            assert_eq!(self.walk(place, Direction::Forward), keys(behind));
            let mut before = keys(before);
            before.reverse();
            assert_eq!(self.walk(place, Direction::Backward), before);
        }
    }

    fn check_ends(&self) {
        let mut keys: Vec<_> = self.entries.keys().cloned().collect();
        assert_eq!(self.walk(Place::Start, Direction::Forward), keys);
        keys.reverse();
        assert_eq!(self.walk(Place::End, Direction::Backward), keys);
        assert!(self.walk(Place::Start, Direction::Backward).is_empty());
        assert!(self.walk(Place::End, Direction::Forward).is_empty());
    }

    /// Checks what is said of the tree, and returns what it is made of.
    fn check(&self) -> Census {
        let mut census = Census::default();
        census.count(self.tree.root(), None, None);
        assert_eq!(census.bytes, self.tree.footprint());
        assert_eq!(census.entries, self.entries.len());
        // Two nodes side by side have more than half of one, if they had when one of them
        // last shrank; a parent with one child has nothing beside it.
        assert!(census.leaves <= census.entries / (SLOTS / 4) + 2 * census.inner + 1, "{census:?}");
        census
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // SAFETY: nobody else has it.
        unsafe { self.tree.free_all() };
    }
}

#[derive(Debug, Default)]
struct Census {
    entries: usize,
    leaves: usize,
    inner: usize,
    bytes: usize,
}

impl Census {
    fn count(&mut self, node: NonNull<Header>, low: Option<&[u8]>, high: Option<&[u8]>) {
        // SAFETY: nobody changes the tree.
        let (header, node) = unsafe { (node.as_ref(), Node::at(node)) };
        self.bytes += header.size as usize;
        match node {
            Node::Leaf(leaf) => {
                self.leaves += 1;
                self.entries += leaf.view().len();
                check_leaf(leaf, low, high);
            }
            Node::Inner(inner) => {
                self.inner += 1;
                assert!((1..=FANOUT).contains(&inner.len()));
                for i in 0..inner.len() {
                    // SAFETY: as above.
                    assert_eq!(unsafe { inner.child(i).as_ref() }.level + 1, header.level);
                    let low = if i == 0 { low } else { Some(inner.separator(i)) };
                    let end = i + 1 == inner.len();
                    let high = if end { high } else { Some(inner.separator(i + 1)) };
                    assert!(low.is_none() || high.is_none() || low < high);
                    self.count(inner.child(i), low, high);
                }
            }
        }
    }
}

fn check_leaf(leaf: Leaf<'_>, low: Option<&[u8]>, high: Option<&[u8]>) {
    let view = leaf.view();
    let keys: Vec<_> = view.slots().map(|slot| view.key(slot)).collect();
    assert!(keys.is_sorted_by(|a, b| a < b));
    assert!(keys.iter().all(|&key| low.is_none_or(|low| low <= key)), "{low:?} {keys:?}");
    assert!(keys.iter().all(|&key| high.is_none_or(|high| key < high)), "{high:?} {keys:?}");
    for slot in view.slots() {
        let rest = view.key(slot).strip_prefix(leaf.prefix()).expect("the prefix");
        assert_eq!(view.item(slot).head, heads::head(rest));
    }
    assert!(leaf.filled() <= SLOTS && leaf.filled() <= 2 * view.len(), "half of it is dead");
    let backward: Vec<_> = view.slots().rev().map(|slot| view.key(slot)).collect();
    assert!(keys.iter().rev().eq(&backward));
}

#[derive(Debug, Clone)]
enum Op {
    Insert(Vec<Vec<u8>>),
    /// So many numbers in a row from one on, with a prefix.
    InsertRow(Vec<u8>, u16, u16),
    Remove(Vec<usize>),
    /// All keys but so many of the first ones.
    RemoveRest(usize),
    Walk(Vec<u8>),
    WalkAt(usize),
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        // Prefixes of each other, many heads the same, zeros at the end.
        prop::collection::vec(0u8..2, 0..12),
        (0u8..3, prop::collection::vec(any::<u8>(), 0..4)).prop_map(|(fill, rest)| [
            &vec![fill; 36][..],
            &rest
        ]
        .concat()),
        prop::collection::vec(any::<u8>(), 0..40),
        // Longer than prefixes can be.
        any::<u16>().prop_map(|n| [&[7; 300][..], &n.to_be_bytes()].concat()),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let row = (prop::collection::vec(0u8..2, 0..3), any::<u16>(), 0u16..300);
    prop_oneof![
        4 => prop::collection::vec(key(), 1..4).prop_map(Op::Insert),
        2 => prop::collection::vec(key(), 1..200).prop_map(Op::Insert),
        1 => row.prop_map(|(prefix, from, count)| Op::InsertRow(prefix, from, count)),
        4 => prop::collection::vec(any::<usize>(), 1..80).prop_map(Op::Remove),
        1 => (0usize..200).prop_map(Op::RemoveRest),
        2 => key().prop_map(Op::Walk),
        2 => any::<usize>().prop_map(Op::WalkAt),
    ]
}

fn row(prefix: &[u8], from: u16, count: u16) -> impl Iterator<Item = Vec<u8>> {
    (from..from.saturating_add(count)).map(move |n| [prefix, &n.to_be_bytes()].concat())
}

fn run(world: &mut World, op: Op) {
    match op {
        Op::Insert(keys) => world.insert(keys),
        Op::InsertRow(prefix, from, count) => world.insert(row(&prefix, from, count)),
        Op::Remove(which) => {
            let keys: Vec<_> = which.into_iter().filter_map(|n| world.nth(n)).collect();
            keys.iter().for_each(|key| world.remove(key));
        }
        Op::RemoveRest(kept) => {
            let keys: Vec<_> = world.entries.keys().skip(kept).cloned().collect();
            keys.iter().for_each(|key| world.remove(key));
        }
        Op::Walk(key) => world.check_walks(&key),
        Op::WalkAt(n) => {
            if let Some(key) = world.nth(n) {
                world.check_walks(&key);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn is_as_an_ordered_map(ops in prop::collection::vec(op(), 1..60)) {
        let mut world = World::new();
        let empty = world.tree.footprint();
        for op in ops {
            run(&mut world, op);
            world.check();
        }
        world.check_ends();
        run(&mut world, Op::RemoveRest(0));
        world.check();
        prop_assert_eq!(world.tree.footprint(), empty, "memory is not given back");
    }
}

/// Some permutation of the numbers.
fn scattered(n: u32) -> Vec<u8> {
    [&b"key/"[..], &n.wrapping_mul(0x9E37_79B1).to_be_bytes()].concat()
}

/// Trees of several levels, which the model test does not come to.
#[test]
fn high_trees_grow_and_shrink() {
    const KEYS: u32 = 30_000;
    let mut world = World::new();
    let empty = world.tree.footprint();
    for round in 0..2 {
        for first in (0..KEYS).step_by(150) {
            world.insert((first..first + 150).map(scattered));
        }
        let census = world.check();
        assert!(census.leaves > 8 * FANOUT && census.inner > 8, "{census:?}");
        assert!(world.tree.footprint() < 20 * KEYS as usize, "{census:?}");
        for n in [0, 1, KEYS / 2] {
            world.check_walks(&scattered(n));
        }
        // One in eight remains, then none.
        for n in (0..KEYS).filter(|n| n % 8 != round) {
            world.remove(&scattered(n));
        }
        let census = world.check();
        assert!(world.tree.footprint() < 60 * KEYS as usize / 8, "{census:?}");
        world.check_ends();
        for n in (0..KEYS).filter(|n| n % 8 == round) {
            world.remove(&scattered(n));
        }
        world.check();
        assert_eq!(world.tree.footprint(), empty);
    }
}

#[test]
fn ascending_keys_fill_leaves() {
    const KEYS: usize = 20_000;
    let mut world = World::new();
    for first in (0..KEYS as u32).step_by(100) {
        world.insert((first..first + 100).map(|n| n.to_be_bytes().to_vec()));
    }
    let census = world.check();
    assert!(census.leaves <= KEYS / SLOTS + 1, "{census:?}");
    assert!(census.inner <= KEYS / SLOTS / FANOUT + 2, "{census:?}");
}

/// What goes in at one end and out at the other takes no more memory in the end.
#[test]
fn a_queue_stays_small() {
    let mut world = World::new();
    let key = |n: u32| n.to_be_bytes().to_vec();
    let mut most = 0;
    for n in 0..20_000 {
        world.insert([key(n)]);
        if n >= 1000 {
            world.remove(&key(n - 1000));
        }
        most = most.max(world.tree.footprint());
    }
    world.check();
    assert!(most < 40 * 1000, "{most} bytes");
}

/// Walks see each key that is there all the time, once and in order, whatever comes and goes
/// beside.
#[test]
fn walks_miss_nothing_beside_a_writer() {
    let (keys, rounds) = if is_small() { (2_000, 3) } else { (20_000, 12) };
    let key = |n: u32| n.wrapping_mul(0x9E37_79B1).to_be_bytes().to_vec();
    let mut world = World::new();
    world.insert((0..keys).step_by(8).map(key));
    let mut stays: Vec<_> = world.entries.keys().cloned().collect();
    let (done, tree) = (AtomicBool::new(false), &raw const world.tree);
    // SAFETY: it outlives the threads.
    let tree = unsafe { &*tree };
    let check = |direction: Direction, stays: &[Vec<u8>]| {
        let place = match direction {
            Direction::Forward => Place::Start,
            Direction::Backward => Place::End,
        };
        while !done.load(SeqCst) {
            let guard = &epoch::pin();
            let mut walk = tree.walk(place, direction, guard);
            let (mut seen, mut last) = (0, None);
            while let Some(slot) = walk.next_slot() {
                let key = slot.key();
                assert!(last.is_none_or(|last| (last < key) == (direction == Direction::Forward)));
                assert_ne!(last, Some(key));
                seen += usize::from(stays.get(seen).is_some_and(|stays| stays == key));
                last = Some(key);
            }
            assert_eq!(seen, stays.len(), "a key was not seen");
        }
    };
    let forward = stays.clone();
    stays.reverse();
    scope(|s| {
        s.spawn(|_| check(Direction::Forward, &forward));
        s.spawn(|_| check(Direction::Backward, &stays));
        for _ in 0..rounds {
            let comes = || (0..keys).filter(|n| n % 8 != 0);
            for first in (0..keys).step_by(100) {
                world.insert((first..first + 100).filter(|n| n % 8 != 0).map(key));
            }
            comes().for_each(|n| world.remove(&key(n)));
        }
        done.store(true, SeqCst);
    });
    world.check();
    world.check_ends();
}
