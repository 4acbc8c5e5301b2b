//! Removing many entries at once, and those whose time has come.

use super::Cache;
use super::departure::Departures;
use super::policy::Policy;
use super::shard::Locked;
use crate::sync::atomic::Ordering::Relaxed;
use crossbeam_epoch as epoch;

impl<P: Policy> Cache<P> {
    /// Removes from each shard until `step` says that it is done, and tells how much.
    pub(super) fn remove_while(
        &self,
        step: impl Fn(&mut Locked<'_, P>, &mut Departures) -> bool,
    ) -> u64 {
        if self.expires.load(Relaxed) {
            self.expire(); // what has expired is not removed any more
        }
        let mut removed = 0;
        for shard in 0..self.shards.len() {
            let mut done = false;
            while !done {
                done = self.within(shard, |locked, departures| {
                    let done = step(locked, departures);
                    removed += departures.len() as u64;
                    done
                });
            }
        }
        epoch::pin().flush();
        removed
    }

    /// Removes what has expired.
    pub(super) fn expire(&self) {
        for shard in 0..self.shards.len() {
            let now = self.clock.now();
            self.within(shard, |locked, departures| locked.expire(now, departures));
        }
    }
}
