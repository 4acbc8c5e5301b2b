//! Many sorted sources read as one, forward and back.
//!
//! The sources' positions are kept in a binary heap, the one with the next
//! version on top. Often one source is ahead for long (a level that nothing
//! newer overlaps): its next version is then compared with the runner-up alone,
//! which is remembered.

use crate::error::Result;
use crate::key_version::KeyVersion;
use std::cmp::Ordering;

/// Versions in [`KeyVersion::order`], which a position moves over. It has no
/// position at first, and none once it has moved past either end or failed.
pub(crate) trait Source {
    /// Moves to the first version.
    fn seek_to_first(&mut self) -> Result<()>;
    /// Moves to the first version of the first key that is not below `key`.
    fn seek(&mut self, key: &[u8]) -> Result<()>;
    /// Moves to the last version of the last key below `end`; for `None` to the
    /// last version of all.
    fn seek_before(&mut self, end: Option<&[u8]>) -> Result<()>;
    /// Moves on by one version. There is a position.
    fn next(&mut self) -> Result<()>;
    /// Moves back by one version. There is a position.
    fn prev(&mut self) -> Result<()>;
    /// The version at the position.
    fn current(&self) -> Option<KeyVersion<'_>>;
}

/// Which way the sources were moved last: they stand at or behind the current
/// version, as seen in this direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Back,
}

/// The versions of all sources, in order. Of versions with the same key and
/// sequence, which are the same write, the earlier source's comes first.
pub(crate) struct Merge<S> {
    sources: Vec<S>,
    /// The sources that have a position, by number, as a heap.
    heap: Vec<usize>,
    /// The place in the heap of the lesser child of its top, once found.
    runner_up: Option<usize>,
    direction: Direction,
}

impl<S: Source> Merge<S> {
    /// Merges sources, of which the first has the newest versions.
    pub(crate) fn new(sources: Vec<S>) -> Self {
        let heap = Vec::with_capacity(sources.len());
        Self { sources, heap, runner_up: None, direction: Direction::Forward }
    }

    /// Moves every source, and puts those in the heap that have a position.
    fn restart(
        &mut self,
        direction: Direction,
        mut position: impl FnMut(&mut S) -> Result<()>,
    ) -> Result<()> {
        self.direction = direction;
        // If one fails, there is no position.
        self.heap.clear();
        self.runner_up = None;
        for source in &mut self.sources {
            position(source)?;
        }
        let sources = &self.sources;
        self.heap.extend((0..sources.len()).filter(|&i| sources[i].current().is_some()));
        for place in (0..self.heap.len() / 2).rev() {
            self.sift_down(place);
        }
        Ok(())
    }

    /// Turns round at the current version, and moves past it.
    fn turn(&mut self, direction: Direction) -> Result<()> {
        self.restart(direction, |source| match (direction, source.current()) {
            // Without a position, all of the source lies on the other side.
            (Direction::Forward, None) => source.seek_to_first(),
            (Direction::Back, None) => source.seek_before(None),
            // The others stand beyond the current version, and so they turn by
            // a step as well as the one that stands at it.
            (Direction::Forward, Some(_)) => source.next(),
            (Direction::Back, Some(_)) => source.prev(),
        })
    }

    /// Puts the heap's top in its place after its source has moved.
    fn settle_top(&mut self) {
        if self.sources[self.heap[0]].current().is_none() {
            self.heap.swap_remove(0);
            self.runner_up = None;
            self.sift_down(0);
            return;
        }
        let Some(rival) = self.runner_up.or_else(|| self.lesser_child(0)) else { return };
        if self.comes_before(self.heap[rival], self.heap[0]) {
            self.heap.swap(0, rival);
            self.runner_up = None;
            self.sift_down(rival);
        } else {
            self.runner_up = Some(rival);
        }
    }

    /// Moves the source at a place of the heap down to where it belongs.
    fn sift_down(&mut self, mut place: usize) {
        while let Some(child) = self.lesser_child(place) {
            if !self.comes_before(self.heap[child], self.heap[place]) {
                return;
            }
            self.heap.swap(place, child);
            place = child;
        }
    }

    fn lesser_child(&self, place: usize) -> Option<usize> {
        let left = 2 * place + 1;
        let right = left + 1;
        if right < self.heap.len() && self.comes_before(self.heap[right], self.heap[left]) {
            return Some(right);
        }
        (left < self.heap.len()).then_some(left)
    }

    /// Whether the source `a`'s version comes before `b`'s, in the direction of
    /// the walk.
    fn comes_before(&self, a: usize, b: usize) -> bool {
        let (Some(x), Some(y)) = (self.sources[a].current(), self.sources[b].current()) else {
            return false;
        };
        let order = x.order(&y).then(a.cmp(&b));
        match self.direction {
            Direction::Forward => order == Ordering::Less,
            Direction::Back => order == Ordering::Greater,
        }
    }

    fn step(&mut self, direction: Direction) -> Result<()> {
        let Some(&top) = self.heap.first() else { return Ok(()) };
        if self.direction != direction {
            return self.turn(direction);
        }
        let moved = match direction {
            Direction::Forward => self.sources[top].next(),
            Direction::Back => self.sources[top].prev(),
        };
        match moved {
            Ok(()) => self.settle_top(),
            Err(_) => self.heap.clear(),
        }
        moved
    }
}

impl<S: Source> Source for Merge<S> {
    fn seek_to_first(&mut self) -> Result<()> {
        self.restart(Direction::Forward, |source| source.seek_to_first())
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.restart(Direction::Forward, |source| source.seek(key))
    }

    fn seek_before(&mut self, end: Option<&[u8]>) -> Result<()> {
        self.restart(Direction::Back, |source| source.seek_before(end))
    }

    fn next(&mut self) -> Result<()> {
        self.step(Direction::Forward)
    }

    fn prev(&mut self) -> Result<()> {
        self.step(Direction::Back)
    }

    fn current(&self) -> Option<KeyVersion<'_>> {
        self.heap.first().and_then(|&i| self.sources[i].current())
    }
}

#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests {
    use super::*;
    use crate::key_version::Payload;
    use proptest::prelude::*;
    use std::cell::Cell;
    use std::rc::Rc;

    type Owned = (Vec<u8>, u64);

    /// A sorted list as a source.
    struct List {
        versions: Vec<Owned>,
        at: Option<usize>,
        /// Counts the calls of `current`, of which a comparison makes two.
        looks: Rc<Cell<usize>>,
    }

    fn order(a: &Owned, b: &Owned) -> Ordering {
        a.0.cmp(&b.0).then(b.1.cmp(&a.1))
    }

    impl List {
        fn new(mut versions: Vec<Owned>) -> Self {
            versions.sort_by(order);
            versions.dedup();
            Self { versions, at: None, looks: Rc::default() }
        }
    }

    impl Source for List {
        fn seek_to_first(&mut self) -> Result<()> {
            self.at = (!self.versions.is_empty()).then_some(0);
            Ok(())
        }
        fn seek(&mut self, key: &[u8]) -> Result<()> {
            let at = self.versions.partition_point(|v| v.0.as_slice() < key);
            self.at = (at < self.versions.len()).then_some(at);
            Ok(())
        }
        fn seek_before(&mut self, end: Option<&[u8]>) -> Result<()> {
            let below = |v: &Owned| end.is_none_or(|end| v.0.as_slice() < end);
            self.at = self.versions.partition_point(below).checked_sub(1);
            Ok(())
        }
        fn next(&mut self) -> Result<()> {
            self.at = self.at.map(|at| at + 1).filter(|&at| at < self.versions.len());
            Ok(())
        }
        fn prev(&mut self) -> Result<()> {
            self.at = self.at.and_then(|at| at.checked_sub(1));
            Ok(())
        }
        fn current(&self) -> Option<KeyVersion<'_>> {
            self.looks.set(self.looks.get() + 1);
            let (key, sequence) = &self.versions[self.at?];
            Some(KeyVersion { key, sequence: *sequence, payload: Payload::Tombstone })
        }
    }

    fn told(source: &impl Source) -> Option<Owned> {
        source.current().map(|v| (v.key.to_vec(), v.sequence))
    }

    #[derive(Debug, Clone)]
    enum Move {
        First,
        Seek(Vec<u8>),
        Before(Option<Vec<u8>>),
        Next,
        Prev,
    }

    fn key() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(0u8..4, 1..4)
    }

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let one = prop_oneof![
            1 => Just(Move::First),
            1 => key().prop_map(Move::Seek),
            1 => proptest::option::of(key()).prop_map(Move::Before),
            8 => Just(Move::Next),
            8 => Just(Move::Prev),
        ];
        proptest::collection::vec(one, 1..80)
    }

    fn apply(source: &mut impl Source, step: &Move) {
        let placed = source.current().is_some();
        match step {
            Move::First => source.seek_to_first(),
            Move::Seek(key) => source.seek(key),
            Move::Before(end) => source.seek_before(end.as_deref()),
            Move::Next if placed => source.next(),
            Move::Prev if placed => source.prev(),
            _ => Ok(()),
        }
        .unwrap();
    }

    proptest! {
        #[test]
        fn reads_as_one_sorted_list(
            sources in proptest::collection::vec(
                proptest::collection::vec((key(), 1u64..6), 0..20), 0..6),
            moves in moves(),
        ) {
            let lists: Vec<List> = sources.into_iter().map(List::new).collect();
            // Duplicates in several sources stay duplicates.
            let mut all: Vec<Owned> = lists.iter().flat_map(|l| l.versions.clone()).collect();
            all.sort_by(order);
            let mut model = List { versions: all, at: None, looks: Rc::default() };
            let mut merge = Merge::new(lists);
            for step in &moves {
                apply(&mut model, step);
                apply(&mut merge, step);
                prop_assert_eq!(told(&merge), told(&model), "after {:?}", step);
            }
        }
    }

    #[test]
    fn a_long_run_costs_one_comparison_a_step() {
        let run = |n: u8| (0..200).map(|i| (vec![n, i], 1)).collect();
        let lists: Vec<List> = (0..8).map(|n| List::new(run(n))).collect();
        let looks: Vec<_> = lists.iter().map(|l| l.looks.clone()).collect();
        let mut merge = Merge::new(lists);
        merge.seek_to_first().unwrap();
        looks.iter().for_each(|l| l.set(0));
        for _ in 0..200 {
            merge.next().unwrap();
        }
        let total: usize = looks.iter().map(|l| l.get()).sum();
        // A step looks whether its source goes on, and compares once.
        assert!(total < 200 * 3 + 50, "{total} looks for 200 steps");
    }
}
