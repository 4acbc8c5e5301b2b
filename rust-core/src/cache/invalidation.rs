//! Removing many entries at once, and those whose time has come.

use super::Cache;
use super::departure::Departures;
use super::policy::Policy;
use super::shard::Locked;
use crossbeam_epoch as epoch;

impl<P: Policy> Cache<P> {
    /// Removes from each shard until `step` says that it is done, and tells how much.
    pub(super) fn remove_while(
        &self,
        step: impl Fn(&mut Locked<'_, P>, &mut Departures) -> bool,
    ) -> u64 {
        let mut removed = 0;
        for shard in 0..self.shards.len() {
            let mut done = false;
            while !done {
                done = self.within(shard, |locked, departures| {
                    // What has expired is not removed any more.
                    locked.expire(self.clock.now(), departures);
                    let expired = departures.len();
                    let done = step(locked, departures);
                    removed += (departures.len() - expired) as u64;
                    done
                });
            }
        }
        // Short entries wait in their shards for others that leave, and long may none do.
        if self.memory.is_behind() {
            self.collect();
        } else {
            epoch::pin().flush();
        }
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
