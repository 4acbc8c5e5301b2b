//! Group commit: who syncs, and who waits for it.
//!
//! Whoever finds no sync running *leads* one, for everything written by then;
//! whoever comes meanwhile waits. Syncs have turns, counted from 0. A waiter
//! knows in which turn its write will be covered, and waits in the lane of that
//! turn, so that the end of a sync wakes whom it covered, and of the others only
//! one: the next leader.

use crate::sync::{Condvar, Mutex, MutexGuard, lock, wait};

/// The threads that wait for syncs, and the one that does one.
#[derive(Default)]
pub(super) struct Group {
    state: Mutex<State>,
    /// Those that wait for an even turn, and for an odd one. Only the running
    /// turn and the next one are waited for.
    lanes: [Condvar; 2],
}

#[derive(Default)]
struct State {
    leading: bool,
    /// The turn that is running, or will be next.
    turn: u64,
    /// The last sequence that the running turn covers.
    covered: u64,
}

/// What a thread that wants a sync has to do.
pub(super) enum Role<T> {
    /// Nothing more: what it was waiting for is there.
    Done,
    /// Sync this, then call [`Group::end`].
    Lead(T),
}

impl Group {
    /// Waits until `is_done`, or until the caller has to lead. Then `target`
    /// says what a sync would cover from now, and up to which sequence.
    pub(super) fn join<T>(
        &self,
        sequence: u64,
        is_done: impl Fn() -> bool,
        target: impl FnOnce() -> (T, u64),
    ) -> Role<T> {
        let mut state = lock(&self.state);
        while state.leading && !is_done() {
            let lane = if sequence <= state.covered { state.turn } else { state.turn + 1 };
            state = wait(self.lane(lane), state);
        }
        if is_done() {
            // It may have been woken to lead: then another one has to.
            self.wake_leader(&state);
            return Role::Done;
        }
        state.leading = true;
        let (target, covered) = target();
        state.covered = covered;
        Role::Lead(target)
    }

    /// Ends the caller's turn.
    pub(super) fn end(&self) {
        let mut state = lock(&self.state);
        state.leading = false;
        self.lane(state.turn).notify_all();
        state.turn += 1;
        state.covered = 0;
        self.wake_leader(&state);
    }

    /// One of those who wait for the next turn has to lead it.
    fn wake_leader(&self, state: &MutexGuard<'_, State>) {
        if !state.leading {
            self.lane(state.turn).notify_one();
        }
    }

    fn lane(&self, turn: u64) -> &Condvar {
        &self.lanes[(turn % 2) as usize]
    }
}
