//! The change feed: what was written, in the order of the sequence numbers, for
//! those who watch.
//!
//! # Where changes come from
//! While somebody watches, each write leaves its operations in a queue, after it has
//! taken its numbers and before it is visible. Whoever reads the feed, the *pump*,
//! moves what is visible from there to a [`Ring`] of bounded size, in order. What
//! the ring does not hold any more, or never held, is read from the log as far as
//! that reaches.
//!
//! # Why nothing is missed
//! - A watch first sets the flag that it is there and then asks for the greatest
//!   number that was taken, R. A write takes its number and then looks at the flag.
//!   All four are sequentially consistent; so a write whose number is above R sees
//!   the flag. The ring begins behind R.
//! - The pump first asks for the visible sequence V and then empties the queue. A
//!   write with a number up to V had left its operations before V became visible;
//!   so they are in what the pump finds, and the ring is complete up to V.
//!
//! A number for which nothing comes was given up: its write found nothing to do.
//!
//! # What it costs
//! If nobody watches, a write looks at a flag that hardly ever changes. If somebody
//! does, it copies its operations, and now and then, when the queue has become long,
//! it is the pump itself. So the memory is bounded whether or not anybody reads.

mod deposit;
mod ring;
#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests;
mod watch;

use crate::sequence::Sequencer;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use crate::sync::{Mutex, lock, try_lock};
use crossbeam_queue::SegQueue;
use crossbeam_utils::CachePadded;
use deposit::Deposit;
use ring::Ring;
use std::sync::Arc;

pub use watch::{Change, Watch};

/// Bytes of changes that are kept for those who watch, unless the options say it. It
/// lets a reader be away for some hundredths of a second while others write as fast
/// as they can, and for much longer otherwise, and is little beside what the data
/// takes.
const BUFFER: u64 = 16 << 20;
/// When so much of that waits in the queue, writers move it on.
const QUEUED_PART: usize = 8;

/// See the module's text.
pub(crate) struct Feed {
    /// Whether somebody watches. It has a line of its own, which writers only read.
    watched: CachePadded<AtomicBool>,
    queue: SegQueue<Deposit>,
    /// Bytes in the queue.
    queued: CachePadded<AtomicUsize>,
    /// The greatest number of a write for whose operations there was no memory.
    lost: AtomicU64,
    /// The most bytes that the ring holds.
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    watches: usize,
    ring: Ring,
}

/// What the ring has for a watch.
enum Found {
    /// These come next; if there are none, nothing does up to this number.
    Next(Vec<Arc<Deposit>>, u64),
    /// The ring begins behind this number, and what is asked for is before that.
    BehindRing(u64),
}

impl Feed {
    /// A feed that nobody watches, which keeps so many bytes, 0 for 16 MiB, but no
    /// more than a sixteenth of a memory limit, if there is one.
    pub(crate) fn new(buffer: u64, memory_limit: u64) -> Self {
        let most = if memory_limit == 0 { u64::MAX } else { memory_limit / 16 };
        let capacity = if buffer == 0 { BUFFER } else { buffer }.min(most);
        Self {
            watched: CachePadded::new(AtomicBool::new(false)),
            queue: SegQueue::new(),
            queued: CachePadded::new(AtomicUsize::new(0)),
            lost: AtomicU64::new(0),
            capacity: usize::try_from(capacity).unwrap_or(usize::MAX),
            state: Mutex::default(),
        }
    }

    /// Whether a write has to leave its operations. It is asked after the write's
    /// numbers were taken.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(SeqCst)
    }

    /// The most bytes of changes that are kept now: none if nobody watches.
    pub(crate) fn reserved(&self) -> u64 {
        if self.watched.load(SeqCst) { self.capacity as u64 } else { 0 }
    }

    /// Leaves the operations of a write, in the parts of their packed form, before it
    /// is visible. Everything up to `visible` is.
    #[cold]
    pub(crate) fn deposit(&self, numbers: (u64, u64), parts: &[&[u8]], visible: u64) {
        let Some(deposit) = Deposit::copy(numbers, parts) else {
            // The write is not to fail for it. Those who watch will be told.
            self.lost.fetch_max(numbers.1, SeqCst);
            return;
        };
        let len = deposit.memory();
        // Before it can be taken out, and counted off.
        let queued = self.queued.fetch_add(len, SeqCst) + len;
        self.queue.push(deposit);
        if queued > self.capacity / QUEUED_PART
            && let Some(mut state) = try_lock(&self.state)
            && state.watches > 0
        {
            self.pump(&mut state, visible);
        }
        if !self.is_watched() {
            // Whoever watched has left meanwhile, maybe before this was here.
            self.clear_unwatched(&lock(&self.state));
        }
    }

    /// Empties the queue if nobody watches.
    fn clear_unwatched(&self, state: &State) {
        while state.watches == 0 && self.take().is_some() {}
    }

    /// Lets somebody watch, and returns the number behind which writes leave what they
    /// write for sure.
    fn join(&self, sequencer: &Sequencer) -> u64 {
        let mut state = lock(&self.state);
        state.watches += 1;
        self.watched.store(true, SeqCst);
        let reserved = sequencer.reserved();
        if state.watches == 1 {
            state.ring = Ring::after(reserved);
        }
        reserved
    }

    /// Ends what [`Feed::join`] began.
    fn leave(&self) {
        let mut state = lock(&self.state);
        state.watches -= 1;
        if state.watches == 0 {
            self.watched.store(false, SeqCst);
            state.ring = Ring::default();
            // A write that saw the flag may still leave something, and clears it away.
            self.clear_unwatched(&state);
        }
    }

    /// What comes after a number, about `len` bytes of it.
    fn after(&self, number: u64, sequencer: &Sequencer, len: usize) -> Found {
        let mut state = lock(&self.state);
        self.pump(&mut state, sequencer.visible());
        let ring = &state.ring;
        match number < ring.floor() {
            true => Found::BehindRing(ring.floor()),
            false => Found::Next(ring.behind(number, len), ring.end()),
        }
    }

    /// Moves what is visible to the ring. `visible` was asked for before.
    fn pump(&self, state: &mut State, visible: u64) {
        while let Some(deposit) = self.take() {
            state.ring.await_turn(deposit);
        }
        state.ring.advance(visible, self.capacity);
        state.ring.lose(self.lost.load(SeqCst).min(visible));
    }

    fn take(&self) -> Option<Deposit> {
        let deposit = self.queue.pop()?;
        self.queued.fetch_sub(deposit.memory(), SeqCst);
        Some(deposit)
    }
}

impl Feed {
    /// Bytes of changes that are kept.
    #[cfg(all(test, not(feature = "shuttle")))]
    fn memory(&self) -> usize {
        lock(&self.state).ring.memory() + self.queued.load(SeqCst)
    }
}
