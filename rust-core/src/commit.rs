//! Commits: how a write gets its sequence numbers and its place in the log.
//!
//! The steps of a write are always these. [`Core::begin`] reserves numbers, and
//! in one go with them the place in the log; [`Commit::log`] copies the record
//! there, and to the feed if somebody watches; the versions are pushed;
//! [`Commit::complete`] makes them visible. So once a sequence is visible, every
//! record up to it is in the log and in the feed, and what a sync then makes durable
//! has no holes.

use crate::durable::Durability;
use crate::error::Result;
use crate::feed::Feed;
use crate::sequence::Reservation;
use crate::storage::Core;
use crate::wal::{Slot, Wal};

/// A write that has its numbers. It must be logged and completed; dropping it
/// otherwise poisons the storage.
#[must_use]
pub(crate) struct Commit<'a> {
    reservation: Reservation<'a>,
    log: Option<(&'a Wal, Slot)>,
    feed: &'a Feed,
}

impl Core {
    /// Takes `count` sequence numbers, and the place of `log_len` bytes in the
    /// log if a write of this durability is logged.
    #[inline]
    pub(crate) fn begin(
        &self,
        count: u64,
        log_len: usize,
        durability: Durability,
    ) -> Result<Commit<'_>> {
        let feed = &self.feed;
        let Some(durable) = &self.durable else {
            return Ok(Commit { reservation: self.sequencer.reserve(count), log: None, feed });
        };
        let level = durable.level(durability);
        if level == Durability::Memory {
            if let Some(error) = durable.wal.failure() {
                return Err(error);
            }
            let reservation = self.sequencer.reserve(count);
            durable.note_unlogged(reservation.last);
            return Ok(Commit { reservation, log: None, feed });
        }
        let (reservation, slot) = durable.wal.reserve(&self.sequencer, count, log_len)?;
        if level == Durability::Buffered {
            durable.note_buffered();
        }
        Ok(Commit { reservation, log: Some((&durable.wal, slot)), feed })
    }
}

impl Commit<'_> {
    /// The first of the numbers.
    #[inline]
    pub(crate) fn first(&self) -> u64 {
        self.reservation.first
    }

    /// Writes the record, whose parts have the length that was asked for, and hands
    /// it to those who watch. After an error the commit cannot be completed.
    #[inline]
    pub(crate) fn log(&mut self, parts: &[&[u8]]) -> Result<()> {
        // The numbers were reserved before: see `Feed` for why that is enough.
        if self.feed.is_watched() {
            let numbers = (self.reservation.first, self.reservation.last);
            self.feed.deposit(numbers, parts, self.reservation.visible());
        }
        self.fill(parts)
    }

    /// Fills the place in the log.
    #[inline]
    fn fill(&mut self, parts: &[&[u8]]) -> Result<()> {
        let Some((wal, slot)) = self.log.take() else { return Ok(()) };
        let (first, last) = (self.reservation.first, self.reservation.last);
        wal.write(slot, first, last - first + 1, parts)
    }

    /// Fills the place in the log with a record that says nothing: the write was
    /// not made after all.
    pub(crate) fn log_nothing(&mut self, log_len: usize) -> Result<()> {
        if self.log.is_some() { self.fill(&[&vec![0; log_len]]) } else { Ok(()) }
    }

    /// See [`Reservation::wait_turn`].
    pub(crate) fn wait_turn(&self) -> Result<()> {
        self.reservation.wait_turn()
    }

    /// See [`Reservation::is_turn_soon`].
    pub(crate) fn is_turn_soon(&self) -> bool {
        self.reservation.is_turn_soon()
    }

    /// See [`Reservation::complete`].
    #[inline]
    pub(crate) fn complete(self) -> Result<u64> {
        debug_assert!(self.log.is_none(), "completed before it was logged");
        self.reservation.complete()
    }
}
