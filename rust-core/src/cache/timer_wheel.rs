//! What expires when: a hierarchical timing wheel (Varghese and Lauck, SOSP 1987).
//!
//! Each level is a ring of slots, and a slot of a level spans a whole ring of the level
//! below. An entry waits in the slot of its deadline on the lowest level that reaches so
//! far; when time comes to a slot of a higher level, its entries move down. So adding and
//! removing take constant time, and an entry moves at most once a level.

use super::chunks::Chunks;
use super::policy::Token;

/// Milliseconds of a slot of the lowest level, as a power of two.
const TICK_BITS: u32 = 6;
/// Slots of a level, as a power of two.
const RING_BITS: u32 = 6;
const RING: u64 = 1 << RING_BITS;
/// Deadlines up to 2^(6 + 6 * 6) ms, which is more than a cache's clock tells.
const LEVELS: u32 = 6;
const SLOTS: u32 = LEVELS << RING_BITS;

/// The entries of a shard that expire, by deadline.
pub(super) struct TimerWheel {
    /// Up to where time has come, in ticks.
    now: u64,
    len: usize,
    /// The first entry of each slot. Empty until an entry expires.
    first: Vec<Token>,
    /// By token. Empty until an entry expires.
    links: Chunks<Link>,
}

#[derive(Clone, Copy)]
struct Link {
    next: Token,
    /// The entry before it; or, from [`HEAD`] on, the slot whose first it is; or [`NONE`]
    /// if it is in no slot.
    previous: u32,
}

const NONE: Token = Token::MAX;
const HEAD: u32 = NONE - SLOTS;
const OUT: Link = Link { next: NONE, previous: NONE };

impl TimerWheel {
    pub(super) fn new(now: u64) -> Self {
        Self { now: now >> TICK_BITS, len: 0, first: Vec::new(), links: Chunks::new() }
    }

    /// Adds an entry that is not in the wheel.
    pub(super) fn add(&mut self, token: Token, deadline: u64) {
        self.first.resize(SLOTS as usize, NONE);
        self.links.reach(token as usize, OUT);
        self.len += 1;
        self.link(token, self.slot(deadline));
    }

    /// Takes an entry out, if it is in.
    pub(super) fn remove(&mut self, token: Token) {
        let Some(link) = self.links.get(token as usize).filter(|link| link.previous != NONE) else {
            return;
        };
        self.len -= 1;
        match link.previous.checked_sub(HEAD) {
            Some(slot) => self.first[slot as usize] = link.next,
            None => self.links.at(link.previous as usize).next = link.next,
        }
        if link.next != NONE {
            self.links.at(link.next as usize).previous = link.previous;
        }
        *self.links.at(token as usize) = OUT;
    }

    /// Moves time on to `now`, and gives `expired` each entry whose deadline has come.
    /// Such an entry has left the wheel.
    pub(super) fn advance(
        &mut self,
        now: u64,
        deadline: impl Fn(Token) -> u64,
        mut expired: impl FnMut(Token),
    ) {
        let target = now >> TICK_BITS;
        while self.now < target {
            if self.len == 0 {
                self.now = target;
                return;
            }
            self.now += 1;
            // From the highest level that turns: what it lets down may be due below.
            let turning = (self.now.trailing_zeros() / RING_BITS).min(LEVELS - 1);
            for level in (0..=turning).rev() {
                let mut token = self.take(self.slot_at(level, self.now));
                while token != NONE {
                    let next = std::mem::replace(self.links.at(token as usize), OUT).next;
                    self.len -= 1;
                    let due = deadline(token);
                    if due <= now {
                        expired(token)
                    } else {
                        self.add(token, due)
                    }
                    token = next;
                }
            }
        }
    }

    /// How many entries expire.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Takes all out.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.now << TICK_BITS);
    }

    /// The bytes of its tables.
    pub(super) fn footprint(&self) -> usize {
        self.first.capacity() * size_of::<Token>() + self.links.footprint()
    }

    /// Where an entry waits. One that is due waits for the next tick.
    fn slot(&self, deadline: u64) -> u32 {
        // Not before its deadline has passed.
        let tick = ((deadline >> TICK_BITS) + 1).max(self.now + 1);
        let differ = (tick ^ self.now).ilog2() / RING_BITS;
        self.slot_at(differ.min(LEVELS - 1), tick)
    }

    fn slot_at(&self, level: u32, tick: u64) -> u32 {
        (level << RING_BITS) | (tick >> (level * RING_BITS) & (RING - 1)) as u32
    }

    fn take(&mut self, slot: u32) -> Token {
        std::mem::replace(&mut self.first[slot as usize], NONE)
    }

    fn link(&mut self, token: Token, slot: u32) {
        let next = std::mem::replace(&mut self.first[slot as usize], token);
        *self.links.at(token as usize) = Link { next, previous: HEAD + slot };
        if next != NONE {
            self.links.at(next as usize).previous = token;
        }
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn entries_expire_at_their_time() {
        let mut random = 1u64;
        let mut next = move || {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            random >> 33
        };
        let mut wheel = TimerWheel::new(1000);
        let mut model = BTreeMap::new();
        let mut now = 1000;
        for round in 0..20_000 {
            let token = (next() % 500) as Token;
            if model.remove(&token).is_some() {
                wheel.remove(token);
            } else {
                let deadline = now + (next() % (1 << (next() % 36)));
                wheel.add(token, deadline);
                model.insert(token, deadline);
            }
            now += next() % (1 << (next() % if round % 100 == 0 { 30 } else { 8 }));
            let mut expired = Vec::new();
            wheel.advance(now, |token| model[&token], |token| expired.push(token));
            for token in expired {
                let deadline = model.remove(&token).expect("it was in the wheel");
                assert!(deadline <= now, "{token} expired {} ms early", deadline - now);
            }
            let late = model.values().filter(|&&d| d + (2 << TICK_BITS) < now).count();
            assert_eq!((late, wheel.len()), (0, model.len()));
        }
        assert!(!model.is_empty());
        wheel.advance(u64::MAX >> 8, |_| 0, |token| assert!(model.remove(&token).is_some()));
        assert!(model.is_empty());
    }
}
