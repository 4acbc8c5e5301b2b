//! How fast the next file is made, where nobody waits for it.

use std::thread;
use std::time::{Duration, Instant};

/// Rests between the pieces of a file. Whoever syncs the log meanwhile waits for the piece
/// that the disk is busy with; with rests there is mostly none.
pub(super) struct Pace {
    /// When the piece was begun that is being written.
    begun: Instant,
}

/// So many times as long as a piece took is the rest behind it.
const RESTS: u32 = 3;
/// A rest ends so long after it was to end, at most.
const STEP: Duration = Duration::from_millis(1);

impl Pace {
    /// The first piece begins now.
    pub(super) fn start() -> Self {
        Self { begun: Instant::now() }
    }

    /// Rests after a piece, until there is a hurry. That is asked once at least.
    pub(super) fn rest(&mut self, hurries: impl FnMut() -> bool) {
        rest_after(self.begun.elapsed(), hurries, thread::sleep);
        self.begun = Instant::now();
    }
}

fn rest_after(took: Duration, mut hurries: impl FnMut() -> bool, mut sleep: impl FnMut(Duration)) {
    let mut left = took * RESTS;
    while !hurries() && !left.is_zero() {
        sleep(left.min(STEP));
        left = left.saturating_sub(STEP);
    }
}

/// Whether the part of the next file that is made asks for haste, when so much of the current
/// one is filled: it is to grow twice as fast. At any time, what is left to make is a smaller part
/// than what is left to fill, so that writers who become faster meanwhile wait for the file only
/// if they would have as well had they been as fast from the start, and the file made without
/// rests.
pub(super) fn is_late(made: f64, filled: f64) -> bool {
    made <= 2.0 * filled
}

#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests {
    use super::*;
    use std::cell::Cell;

    const PIECES: u32 = 256;

    /// When a file is ready whose pieces take so long, in time that the test makes pass;
    /// `filled` is the part of the current file that is filled at a time.
    fn ready(piece: Duration, filled: impl Fn(Duration) -> f64) -> Duration {
        let now = Cell::new(Duration::ZERO);
        for made in 1..=PIECES {
            now.set(now.get() + piece);
            if made < PIECES {
                let part = f64::from(made) / f64::from(PIECES);
                let hurries = || is_late(part, filled(now.get()));
                rest_after(piece, hurries, |time| now.set(now.get() + time));
            }
        }
        now.get()
    }

    #[test]
    fn the_disk_is_left_to_others_for_three_quarters_of_the_time() {
        let piece = Duration::from_micros(400);
        let slow = ready(piece, |_| 0.0);
        assert_eq!(slow, piece * PIECES * 4 - piece * 3, "there is no rest behind the last");
    }

    /// Writers who just do not wait for a file that is made without rests do not with them
    /// either, whenever they become so fast.
    #[test]
    fn nobody_waits_for_a_rest() {
        for micros in [50, 400, 3_000, 50_000] {
            let piece = Duration::from_micros(micros);
            let restless = piece * PIECES;
            let fast = 1.0 / restless.as_secs_f64();
            for slower in [1, 2, 3, 4, 5, 10, 100] {
                let slow = fast / f64::from(slower);
                for fiftieth in 0..=50 {
                    let change = restless * slower * fiftieth / 50;
                    let filled = |time: Duration| {
                        let (before, after) = (time.min(change), time.saturating_sub(change));
                        before.as_secs_f64() * slow + after.as_secs_f64() * fast
                    };
                    let late = STEP.as_secs_f64() * fast;
                    let full = filled(ready(piece, filled));
                    assert!(full <= 1.0 + late + 1e-9, "{piece:?}, {slower}, {change:?}: {full}");
                }
            }
        }
    }

    #[test]
    fn a_rest_ends_with_a_hurry() {
        let begun = Instant::now();
        let mut pace = Pace { begun: begun.checked_sub(Duration::from_secs(100)).unwrap() };
        let looks = Cell::new(0);
        pace.rest(|| {
            looks.set(looks.get() + 1);
            looks.get() > 3
        });
        assert!(begun.elapsed() < Duration::from_secs(100) && looks.get() == 4);
        assert!(pace.begun >= begun, "the next piece begins then");
    }
}
