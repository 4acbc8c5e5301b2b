//! Asking the system for blocks before a walk comes to them.
//!
//! A segment is mapped for random reads, for which reading ahead would be waste.
//! A walk along it would then wait for each page in turn, so it asks on its own.

use crate::fs::Mapping;
use std::cmp::Ordering;

/// Asked for at a time, and kept between the half and the whole of it ahead.
const WINDOW: usize = 256 << 10;
/// So many steps in one direction are a walk that is worth asking for: most are over
/// before, and a call of the system costs as much as some steps.
const SHORT: usize = 8;

/// What a walk has asked for.
#[derive(Default)]
pub(super) struct ReadAhead {
    /// The last block's number, and the direction from the one before; equal if
    /// it was no neighbour.
    last: usize,
    direction: Option<Ordering>,
    /// How many steps in this direction were taken, up to [`SHORT`].
    steps: usize,
    /// The part of the file that is there or on its way.
    start: usize,
    end: usize,
}

impl ReadAhead {
    /// Whether the last block was the next one to that before.
    pub(super) fn is_walking(&self) -> bool {
        self.direction.is_some()
    }

    /// Notes that the walk reads a block, whose place in the file is given. Once it has
    /// taken more than [`SHORT`] steps in one direction it asks for what follows.
    pub(super) fn step_to(&mut self, number: usize, place: (usize, usize), file: &Mapping) {
        let is_next = number.abs_diff(self.last) == 1;
        let direction = is_next.then(|| number.cmp(&self.last));
        self.last = number;
        if direction.is_none() || direction != self.direction {
            self.direction = direction;
            self.steps = 0;
        }
        if self.steps < SHORT {
            self.steps += 1;
            (self.start, self.end) = place;
            return;
        }
        if direction == Some(Ordering::Greater) {
            if place.1 + WINDOW / 2 > self.end {
                let from = self.end.max(place.1);
                self.end = from + WINDOW;
                file.read_ahead(from..self.end);
            }
        } else if self.start > 0 && place.0 < self.start + WINDOW / 2 {
            let to = self.start.min(place.0);
            self.start = to.saturating_sub(WINDOW);
            file.read_ahead(self.start..to);
        }
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    const BLOCK: usize = 4096;

    /// Walks over blocks, and tells what was asked for behind or before the last one.
    fn walk(blocks: impl Iterator<Item = usize>) -> usize {
        let file = Mapping::new(vec![0; 256 * BLOCK]);
        let (mut ahead, mut last) = (ReadAhead::default(), (0, 0));
        for number in blocks {
            last = (number * BLOCK, (number + 1) * BLOCK);
            ahead.step_to(number, last, &file);
        }
        (ahead.end - last.1).max(last.0 - ahead.start)
    }

    #[test]
    fn asks_once_a_walk_is_no_short_one() {
        assert_eq!(walk(100..=100 + SHORT), 0);
        assert_eq!(walk(100..=101 + SHORT), WINDOW);
        assert_eq!(walk((100 - SHORT..=100).rev()), 0);
        assert_eq!(walk((99 - SHORT..=100).rev()), WINDOW);
    }

    #[test]
    fn a_turn_begins_another_walk() {
        let there = 100..=101 + SHORT;
        assert_eq!(walk(there.chain((101..=100 + SHORT).rev())), 0);
    }
}
