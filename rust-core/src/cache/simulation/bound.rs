//! What no policy can pass, as none knows the future.

use super::{Outcome, Trace};
use std::collections::BinaryHeap;

/// The time of a request that does not come.
const NEVER: u32 = u32::MAX;

impl Trace<'_> {
    /// A bound on the hits of any policy.
    ///
    /// If all weights are alike it is what Belady's algorithm reaches (1966): of the keys at
    /// hand, the newcomer among them, the one that is needed last leaves. Else that is no
    /// bound, and finding the best choice is too hard; then it is the relaxation of Berger,
    /// Beckmann and Harchol-Balter (2018) that a cache holds so much on average and not at
    /// each moment: to hit, a key takes its weight from one request to the next, and the
    /// hits that are cheapest are chosen while capacity is left; for the weight that hits,
    /// those that are cheapest by weight. Both are bounds, but not of one choice.
    ///
    /// # Panics
    /// If there are 2^32 - 1 requests or more.
    pub fn bound(&self, capacity: u64) -> Outcome {
        assert!((self.requests.len() as u64) < u64::from(NEVER), "too many requests");
        match self.weights.first() {
            Some(&first) if self.weights.iter().all(|&weight| weight == first) => {
                self.belady(capacity / first)
            }
            _ => self.relaxation(capacity),
        }
    }

    /// Of each request, the time of the next one for its key.
    fn next_requests(&self) -> Vec<u32> {
        let mut upcoming = vec![NEVER; self.keys()];
        let mut next = vec![NEVER; self.requests.len()];
        for (time, &key) in self.requests.iter().enumerate().rev() {
            next[time] = std::mem::replace(&mut upcoming[key as usize], time as u32);
        }
        next
    }

    fn belady(&self, entries: u64) -> Outcome {
        let next = self.next_requests();
        // By the time of the next request. Of a key that was hit, the time that it was put in
        // with has passed; so nothing outdated comes before what is there.
        let mut heap = BinaryHeap::new();
        let mut resident = vec![false; self.keys()];
        let mut count = 0;
        let mut outcome = Outcome::default();
        for (time, (&key, &next)) in self.requests.iter().zip(&next).enumerate() {
            let is_hit = resident[key as usize];
            outcome.count(self.weights[key as usize], is_hit);
            heap.push((next, key));
            if !is_hit {
                resident[key as usize] = true;
                count += 1;
            }
            if count > entries
                && let Some((_, key)) = heap.pop()
            {
                resident[key as usize] = false;
                count -= 1;
            }
            if heap.len() as u64 > 4 * entries + 1024 {
                heap.retain(|&(next, _)| next > time as u32);
            }
        }
        outcome
    }

    fn relaxation(&self, capacity: u64) -> Outcome {
        let weight = |time: usize| self.weights[self.requests[time] as usize];
        let mut outcome = Outcome::default();
        (0..self.requests.len()).for_each(|time| outcome.count(weight(time), false));
        let next = self.next_requests();
        // Of what can hit, how long it must be kept for that, and its weight.
        let mut kept: Vec<(u64, u64)> = (0..next.len())
            .filter(|&time| next[time] != NEVER && weight(time) <= capacity)
            .map(|time| (u64::from(next[time]) - time as u64, weight(time)))
            .collect();
        let cost = |&(duration, weight): &(u64, u64)| u128::from(duration) * u128::from(weight);
        let all = u128::from(capacity) * self.requests.len() as u128;

        kept.sort_unstable_by_key(cost);
        let mut left = all;
        for span in &kept {
            let Some(rest) = left.checked_sub(cost(span)) else { break };
            left = rest;
            outcome.hits += 1;
        }
        kept.sort_unstable_by_key(|&(duration, _)| duration);
        let mut left = all;
        for span in &kept {
            // What is left may be enough for a part of it.
            let taken = (left / u128::from(span.0)).min(span.1.into());
            left -= taken * u128::from(span.0);
            outcome.hit_weight += taken as u64;
        }
        outcome
    }
}
