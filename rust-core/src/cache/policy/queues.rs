//! Queues of tokens, as links in one array: 8 bytes a token.

use super::{AHEAD, Token, Upcoming};
use crate::cache::chunks::Chunks;

/// How many queues there can be at most: what two bits tell apart, beside "none".
const MAX_QUEUES: usize = 3;
const INDEX_BITS: u32 = 30;
const INDEX: u32 = (1 << INDEX_BITS) - 1;
/// Tokens are below this: the rest of a link names the queue.
pub(super) const MAX_TOKENS: u32 = INDEX - MAX_QUEUES as u32;

/// Where a token's neighbours are. Both are indices of links.
#[derive(Clone, Copy)]
struct Link {
    /// The one that came later.
    newer: u32,
    /// The one that came before; above it, the number of the queue and one, or 0.
    older: u32,
}

impl Link {
    const NONE: Self = Self { newer: 0, older: 0 };
}

/// Some queues, each token in one of them at most, every step in constant time.
///
/// A queue is a ring through its own first link, which no token has; so no end is special.
pub(super) struct Queues<const N: usize> {
    links: Chunks<Link>,
}

impl<const N: usize> Queues<N> {
    pub(super) fn new() -> Self {
        const { assert!(N <= MAX_QUEUES) };
        let mut queues = Self { links: Chunks::new() };
        queues.clear();
        queues
    }

    /// Makes a token that is in no queue the newest of one.
    #[inline]
    pub(super) fn push(&mut self, queue: usize, token: Token) {
        assert!(token < MAX_TOKENS, "a cache of more than a billion entries in a shard");
        let (head, index) = (queue as u32, token + N as u32);
        self.links.reach(index as usize, Link::NONE);
        debug_assert!(self.queue_of(token).is_none(), "token {token} is in a queue");
        let newest = self.older(head);
        *self.at(index) = Link { newer: head, older: newest | (head + 1) << INDEX_BITS };
        self.at(newest).newer = index;
        self.set_older(head, index);
    }

    /// Takes a token out of its queue, if it is in one.
    #[inline]
    pub(super) fn remove(&mut self, token: Token) {
        if self.queue_of(token).is_none() {
            return;
        }
        let index = token + N as u32;
        let (newer, older) = (self.at(index).newer, self.older(index));
        self.at(older).newer = newer;
        self.set_older(newer, older);
        *self.at(index) = Link::NONE;
    }

    /// Makes a token the newest of a queue, wherever it was.
    #[inline]
    pub(super) fn renew(&mut self, queue: usize, token: Token) {
        self.remove(token);
        self.push(queue, token);
    }

    /// A queue's oldest token.
    #[inline]
    pub(super) fn oldest(&self, queue: usize) -> Option<Token> {
        self.links.get(queue)?.newer.checked_sub(N as u32)
    }

    /// A queue's oldest tokens. It asks for the memory of the one after them, so that the
    /// next call finds it.
    #[inline]
    pub(super) fn upcoming(&self, queue: usize) -> Upcoming {
        let newer = |index| self.links.get(index).map_or(0, |link| link.newer as usize);
        let (mut upcoming, mut index) = (Upcoming::new(), newer(queue));
        while upcoming.len() < AHEAD && index >= N {
            upcoming.push((index - N) as Token);
            index = newer(index);
        }
        self.links.prefetch(index);
        upcoming
    }

    /// The queue that a token is in.
    #[inline]
    pub(super) fn queue_of(&self, token: Token) -> Option<usize> {
        let link = self.links.get(token as usize + N)?;
        (link.older >> INDEX_BITS).checked_sub(1).map(|queue| queue as usize)
    }

    /// Empties all queues and gives the memory back.
    pub(super) fn clear(&mut self) {
        self.links = Chunks::new();
        self.links.reach(N - 1, Link::NONE);
        for head in 0..N as u32 {
            *self.at(head) = Link { newer: head, older: head };
        }
    }

    /// The bytes of memory that they take.
    pub(super) fn footprint(&self) -> usize {
        self.links.footprint()
    }

    #[inline]
    fn at(&mut self, index: u32) -> &mut Link {
        self.links.at(index as usize)
    }

    #[inline]
    fn older(&mut self, index: u32) -> u32 {
        self.at(index).older & INDEX
    }

    #[inline]
    fn set_older(&mut self, index: u32, older: u32) {
        let link = self.at(index);
        link.older = link.older & !INDEX | older;
    }
}
