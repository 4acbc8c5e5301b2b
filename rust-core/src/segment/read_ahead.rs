//! Asking the system for blocks before a walk comes to them.
//!
//! A segment is mapped for random reads, for which reading ahead would be waste.
//! A walk along it would then wait for each page in turn, so it asks on its own.

use crate::fs::Mapping;
use std::cmp::Ordering;

/// Asked for at a time, and kept between the half and the whole of it ahead.
const WINDOW: usize = 256 << 10;

/// What a walk has asked for.
#[derive(Default)]
pub(super) struct ReadAhead {
    /// The last block's number, and the direction from the one before; equal if
    /// it was no neighbour.
    last: usize,
    direction: Option<Ordering>,
    /// The part of the file that is there or on its way.
    start: usize,
    end: usize,
}

impl ReadAhead {
    /// Whether the last block was the next one to that before.
    pub(super) fn is_walking(&self) -> bool {
        self.direction.is_some()
    }

    /// Notes that the walk reads a block, whose place in the file is given. From
    /// the second step in one direction on it asks for what follows.
    pub(super) fn step_to(&mut self, number: usize, place: (usize, usize), file: &Mapping) {
        let is_next = number.abs_diff(self.last) == 1;
        let direction = is_next.then(|| number.cmp(&self.last));
        self.last = number;
        if direction.is_none() || direction != self.direction {
            self.direction = direction;
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
