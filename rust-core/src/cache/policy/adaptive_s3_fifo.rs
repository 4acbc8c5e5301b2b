//! The default: S3-FIFO that fits its small queue to the work, and whose main queue takes
//! in only what is used more often than what would leave.
//!
//! # Where it comes from
//!
//! S3-FIFO (Yang, Zhang, Qiu, Yue and Rashmi, SOSP 2023) has what a cache needs that is read
//! without a lock: FIFO queues, which a hit does not touch, and a count of hits an entry,
//! which stops at 3. Newcomers wait in a small queue. Who is read twice there goes on to the
//! main queue, the others leave, and a ghost remembers them: who comes back soon goes to main.
//! Main is a CLOCK: its oldest starts again if it was read, else it leaves.
//!
//! That has three faults, each with a remedy here.
//!
//! **The small queue is a tenth of the cache**, whatever the work. Where keys are used for a
//! while and never again, it is too short: entries leave just before their next use. On such
//! traces plain S3-FIFO falls up to 10 points below LRU. So the share follows the gain at the
//! margin, as in ARC (Megiddo and Modha, FAST 2003) and in CAR, which is ARC over CLOCKs
//! (Bansal and Modha, FAST 2004), but by one yardstick for both queues: who comes back while
//! less than [`MARGIN`] of the capacity has left its queue since, would have been a hit if the
//! queue were larger by that. Each such return is a vote for its queue. And who was read once
//! in small starts there again, so that a large small queue is near to LRU.
//!
//! **A return from the ghost displaces whatever main's hand meets.** In a loop a little larger
//! than the cache everybody returns, and each drives out one who would have been read as soon.
//! Here whoever returns has to win against one of the two that main's hand meets first: one
//! that was not read since the hand was there last, or that was read less often, over the time
//! since, than once in the time that the return took. In a loop these rates are all the same.
//! So who is there stays, and nearly as large a part of the loop hits as fits the cache. Only
//! who wins votes for small: else main would give way to a queue that no return fits in.
//!
//! **Main can be stuck.** Nothing enters it if all returns take longer than the ghost
//! remembers, as in a loop of three times the cache. So, while main has room, one in [`FILL`]
//! of those that leave small is let in untried; and when it is full, who was not read in it
//! while [`STALE`] capacities passed gives its place to one of them.
//!
//! # What was measured
//!
//! On four recorded traces, of databases and block devices, at 1, 5 and 20 % of their distinct
//! keys: 64.7 % of requests hit on average, 64.1 with S3-FIFO and 61.3 with LRU, and at no point
//! 0.2 less than with LRU. On loops of 1.04, 1.2, 1.8 and 2.4 caches: 90, 81, 54 and 37 %; LRU has no hits, nor has S3-FIFO
//! on the last. Four and sixteen caches of a slice of the keys each, of 270 entries and more, do
//! as well as one. The shares, the reach and the margin can be changed by half without moving
//! the average by more than 0.2.
//!
//! # What was tried and left out
//!
//! A TinyLFU sketch (Einziger, Friedman and Manes, 2017) in place of the rates holds fewer
//! loops. Beside them it gives 0.3 points on independent draws from a Zipf distribution, takes
//! 0.1 from the recorded traces, and costs 4 bytes an entry. To let in who left main and comes
//! back gives 0.1 points on recorded traces, and loses the loops again.
//!
//! # What it costs
//!
//! For each entry 8 bytes of links, 4 of time and 5 of ghosts. All steps take constant time,
//! amortised over insertions and hits. Weights are told apart in the queues' shares only: a
//! heavy entry stays as long as a light one.

use super::ghost::Ghost;
use super::queues::Queues;
use super::{Entries, Policy, QueueStats, Token, Upcoming};
use crate::cache::chunks::Chunks;

const SMALL: usize = 0;
const MAIN: usize = 1;

/// The small queue's share of the capacity: at first, at least and at most.
const FIRST_SHARE: f64 = 1.0 / 16.0;
const LEAST_SHARE: f64 = 1.0 / 64.0;
const LARGEST_SHARE: f64 = 0.8;
/// The reach of the ghost of those that left small, in capacities; what small remembers of
/// a key by holding it comes on top.
const REACH: Part = Part(1, 1);
/// How much larger a queue votes are about, in capacities: the reach of main's ghost.
const MARGIN: Part = Part(1, 10);
/// How many of main's oldest a returner is compared with.
const RIVALS: usize = 2;
/// By how much of the capacity small must be over its share for main to have room.
const ROOM: Part = Part(1, 32);
/// One in so many that leave small goes to main while that has room.
const FILL: u64 = 8;
/// How long an entry may stay in main unread, in capacities that leave small.
const STALE: u64 = 16;

/// Adaptive S3-FIFO. What changes with each entry lies together.
#[repr(C)]
pub struct AdaptiveS3Fifo {
    queues: Queues<2>,
    /// Of entries in main, when the hand was there last, by the clock of small's ghost.
    met: Chunks<u32>,
    capacity: u64,
    /// The weight that is small's share, whatever it has at the moment.
    share: f64,
    /// The same in whole bytes.
    small_most: u64,
    /// The weight in each queue.
    weights: [u64; 2],
    /// The entries in each queue.
    lens: [u64; 2],
    /// Who left small, and the clock: the weight of all that did.
    small_ghost: Ghost,
    /// Who left main.
    main_ghost: Ghost,
    /// How many left small while main had room.
    unplaced: u64,
}

/// A part, as a fraction.
struct Part(u64, u64);

impl Part {
    /// The part of a weight, which is below 2^60.
    const fn of(&self, weight: u64) -> u64 {
        weight * self.0 / self.1
    }
}

impl AdaptiveS3Fifo {
    /// The weight of all entries.
    pub(super) fn weight(&self) -> u64 {
        self.weights.iter().sum()
    }

    fn push(&mut self, queue: usize, token: Token, weight: u64) {
        self.queues.push(queue, token);
        self.weights[queue] += weight;
        self.lens[queue] += 1;
        if queue == MAIN {
            self.meet(token);
        }
    }

    fn unlink(&mut self, token: Token, weight: u64) {
        if let Some(queue) = self.queues.queue_of(token) {
            self.queues.remove(token);
            self.weights[queue] -= weight;
            self.lens[queue] -= 1;
        }
    }

    /// How many entries there are.
    fn len(&self) -> u64 {
        self.lens.iter().sum()
    }

    fn promote(&mut self, token: Token, entries: &impl Entries) {
        let weight = entries.weight(token);
        self.unlink(token, weight);
        entries.set_hits(token, 0);
        self.push(MAIN, token, weight);
    }

    /// Notes that main's hand is at an entry now.
    fn meet(&mut self, token: Token) {
        self.met.reach(token as usize, 0);
        *self.met.at(token as usize) = self.small_ghost.ticks();
    }

    /// Lets main's oldest start again as its newest, with half its hits.
    fn restart(&mut self, token: Token, hits: u8, entries: &impl Entries) {
        entries.set_hits(token, hits / 2);
        self.queues.renew(MAIN, token);
        self.meet(token);
    }

    /// The weight that left small since main's hand was at an entry.
    fn since_met(&self, token: Token) -> u64 {
        let met = self.met.get(token as usize).unwrap_or(0);
        self.small_ghost.weight_of(self.small_ghost.ticks().saturating_sub(met))
    }

    /// Whether small has much more than its share, which is main's to take. Not a little
    /// more: owners may evict ahead, and then small is at its share at one moment and a
    /// little over it at the next, while main has no room at all.
    fn has_room(&self) -> bool {
        self.weights[SMALL] > self.small_most + ROOM.of(self.capacity)
    }

    /// Whether someone who returned, while so much weight left small, is used more often
    /// than who would leave main for it.
    fn wins(&mut self, away: u64, entries: &impl Entries) -> bool {
        // The time from use to use: in small, and away.
        let interval = (away + self.weights[SMALL]) as f64;
        for _ in 0..RIVALS {
            let Some(rival) = self.queues.oldest(MAIN) else { return true };
            let hits = entries.hits(rival);
            // Half a hit is what the count falls short by on average.
            let uses = f64::from(hits) + 0.5;
            if hits == 0 || uses * interval < self.since_met(rival) as f64 {
                return true;
            }
            self.restart(rival, hits, entries);
        }
        false
    }

    /// Takes note of a key that is back: whether it goes to main.
    fn welcome_back(&mut self, hash: u64, entries: &impl Entries) -> bool {
        // All votes weigh the same: a hit is a hit, whatever its weight.
        let vote = |policy: &Self| policy.weight() as f64 / policy.len().max(1) as f64;
        if self.main_ghost.take(hash).is_some() {
            self.set_share(self.share - vote(self));
        }
        let Some(away) = self.small_ghost.take(hash) else { return false };
        if self.has_room() {
            return true;
        }
        let wins = self.wins(away, entries);
        if wins && away <= MARGIN.of(self.capacity) {
            self.set_share(self.share + vote(self));
        }
        wins
    }

    /// Takes what there is, when something has to leave, for what there is room for. The
    /// owner's budget may be for more than entries.
    fn fit_capacity(&mut self) {
        let weight = self.weight();
        if weight.abs_diff(self.capacity) > self.capacity / 16 {
            self.set_capacity(weight);
        }
    }

    /// The queue that has to give.
    fn giving_queue(&self) -> usize {
        let is_small = self.weights[SMALL] > self.small_most || self.weights[MAIN] == 0;
        if is_small { SMALL } else { MAIN }
    }

    fn set_share(&mut self, share: f64) {
        let capacity = self.capacity as f64;
        self.share = share.clamp(capacity * LEAST_SHARE, capacity * LARGEST_SHARE);
        self.small_most = self.share as u64;
    }

    /// Lets small's oldest start again, go on to main or leave; who left, if anyone did.
    fn pass_small(&mut self, token: Token, entries: &impl Entries) -> Option<Token> {
        let hits = entries.hits(token);
        if hits == 1 {
            entries.set_hits(token, 0);
            self.queues.renew(SMALL, token);
            return None;
        }
        if hits > 1 || self.fills() {
            self.promote(token, entries);
            return None;
        }
        if let Some(stale) = self.stale(entries) {
            self.promote(token, entries);
            return Some(self.leave_main(stale, entries));
        }
        let weight = entries.weight(token);
        self.unlink(token, weight);
        self.small_ghost.fit(REACH.of(self.len()) as usize);
        self.small_ghost.insert(entries.hash(token), weight);
        Some(token)
    }

    /// Whether main has room and it is time that someone gets in untried.
    fn fills(&mut self) -> bool {
        let has_room = self.has_room();
        self.unplaced += u64::from(has_room);
        has_room && self.unplaced.is_multiple_of(FILL)
    }

    /// Main's oldest, if it was not read for too long.
    fn stale(&mut self, entries: &impl Entries) -> Option<Token> {
        let token = self.queues.oldest(MAIN)?;
        if self.has_room() || self.since_met(token) / STALE <= self.capacity {
            return None;
        }
        let hits = entries.hits(token);
        if hits > 0 {
            self.restart(token, hits, entries);
            return None;
        }
        Some(token)
    }

    /// Lets main's oldest start again or leave; who left, if anyone did.
    fn pass_main(&mut self, token: Token, entries: &impl Entries) -> Option<Token> {
        let hits = entries.hits(token);
        if hits > 0 {
            self.restart(token, hits, entries);
            return None;
        }
        Some(self.leave_main(token, entries))
    }

    fn leave_main(&mut self, token: Token, entries: &impl Entries) -> Token {
        let weight = entries.weight(token);
        self.unlink(token, weight);
        self.main_ghost.fit(MARGIN.of(self.len()) as usize);
        self.main_ghost.insert(entries.hash(token), weight);
        token
    }
}

impl Policy for AdaptiveS3Fifo {
    const NAME: &'static str = "adaptive-s3-fifo";
    const MAX_HITS: u8 = 3;

    fn new(capacity: u64) -> Self {
        Self {
            queues: Queues::new(),
            weights: [0; 2],
            lens: [0; 2],
            capacity,
            share: capacity as f64 * FIRST_SHARE,
            small_most: (capacity as f64 * FIRST_SHARE) as u64,
            met: Chunks::new(),
            small_ghost: Ghost::new(REACH.of(capacity)),
            main_ghost: Ghost::new(MARGIN.of(capacity)),
            unplaced: 0,
        }
    }

    fn set_capacity(&mut self, capacity: u64) {
        let share = self.share / (self.capacity.max(1)) as f64;
        self.capacity = capacity;
        self.set_share(share * capacity as f64);
        self.small_ghost.set_reach(REACH.of(capacity));
        self.main_ghost.set_reach(MARGIN.of(capacity));
    }

    fn insert(&mut self, token: Token, entries: &impl Entries) {
        let is_welcome = self.welcome_back(entries.hash(token), entries);
        self.push(if is_welcome { MAIN } else { SMALL }, token, entries.weight(token));
    }

    fn hit(&mut self, _token: Token) {}

    fn replace(&mut self, token: Token, old_weight: u64, entries: &impl Entries) {
        entries.set_hits(token, (entries.hits(token) + 1).min(Self::MAX_HITS));
        let weight = entries.weight(token);
        // Most weigh the same, and then the queue's memory need not be waited for.
        if weight != old_weight
            && let Some(queue) = self.queues.queue_of(token)
        {
            self.weights[queue] = self.weights[queue] - old_weight + weight;
        }
    }

    fn remove(&mut self, token: Token, entries: &impl Entries) {
        self.unlink(token, entries.weight(token));
    }

    fn evict(&mut self, entries: &impl Entries) -> Option<Token> {
        self.fit_capacity();
        loop {
            let queue = self.giving_queue();
            let token = self.queues.oldest(queue)?;
            let left = match queue {
                SMALL => self.pass_small(token, entries),
                _ => self.pass_main(token, entries),
            };
            if left.is_some() {
                return left;
            }
        }
    }

    fn prefetch(&self, hash: u64) {
        self.small_ghost.prefetch(hash);
        self.main_ghost.prefetch(hash);
    }

    fn upcoming(&self) -> Upcoming {
        self.queues.upcoming(self.giving_queue())
    }

    fn queues(&self) -> Vec<QueueStats> {
        let queue = |name, queue: usize| QueueStats {
            name,
            entries: self.lens[queue],
            bytes: self.weights[queue],
        };
        let (small, main) = (&self.small_ghost, &self.main_ghost);
        let ghost = QueueStats {
            name: "ghost",
            entries: small.len() + main.len(),
            bytes: (small.footprint() + main.footprint()) as u64,
        };
        vec![queue("small", SMALL), queue("main", MAIN), ghost]
    }

    fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    fn footprint(&self) -> usize {
        let ghosts = self.small_ghost.footprint() + self.main_ghost.footprint();
        self.queues.footprint() + self.met.footprint() + ghosts
    }
}
