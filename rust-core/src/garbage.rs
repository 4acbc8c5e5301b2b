//! When a thread hands on what it has retired.
//!
//! By itself, an epoch collector frees eight bags of 64 objects at every 128th pin of a
//! thread. A thread that retires more than four objects a pin, as one that overwrites keys by
//! batches does, makes garbage faster than that, without any bound. So each thread counts what
//! it retires, and hands it on when it is much; as many bags are freed then, which are more
//! than were filled.

use crossbeam_epoch::Guard;
use std::cell::Cell;

/// What a thread has retired at most before it is handed on: less than a collection frees.
const OBJECTS: usize = 256;
const BYTES: u64 = 64 << 10;

thread_local! {
    /// Objects and bytes that this thread has retired since it handed on any.
    static RETIRED: Cell<(usize, u64)> = const { Cell::new((0, 0)) };
}

/// Notes that this thread has retired so many objects, of so many bytes together, under the
/// guard.
#[inline]
pub(crate) fn note(objects: usize, bytes: u64, guard: &Guard) {
    let (all, size) = RETIRED.get();
    let (all, size) = (all + objects, size + bytes);
    if all < OBJECTS && size < BYTES {
        RETIRED.set((all, size));
    } else {
        hand_on(guard);
    }
}

#[cold]
fn hand_on(guard: &Guard) {
    // First, since what is freed now may retire something.
    RETIRED.set((0, 0));
    guard.flush();
}
