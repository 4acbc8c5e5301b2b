//! Watches: each reads the feed at its own pace, from the ring or from the log.

use super::Found;
use super::deposit::{Deposit, Ops};
use crate::batch::Op;
use crate::error::{Error, Result};
use crate::scan::Range;
use crate::storage::{Core, Storage};
use crate::wal::LogReader;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A change of the data; its bytes are borrowed during the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// The sequence number of the write. Each operation of a batch has its own.
    pub sequence: u64,
    /// What was done.
    pub op: Op<'a>,
}

/// A reader of the changes of a range of keys, which it gets in the order of their
/// sequence numbers, each once. It keeps the storage's memory alive.
pub struct Watch {
    core: Arc<Core>,
    start: Vec<u8>,
    end: Option<Vec<u8>>,
    /// The first sequence that was asked for.
    from: u64,
    /// Everything up to this sequence was given, or is of no interest.
    position: u64,
    /// The write whose operations are being given, and those that follow it.
    current: Option<Ops>,
    ahead: VecDeque<Arc<Deposit>>,
    /// Where the ring does not reach.
    log: Option<LogReader>,
    /// Whether the present has been reached once. What is gone after that is gone
    /// because the watch was too slow.
    was_live: bool,
}

/// Bytes that are taken from the ring at once, about.
const FETCH: usize = 256 << 10;
/// Bytes of changes after which a call ends, also if none was of the range.
const LOOK: usize = 4 << 20;
/// What an operation counts for at least.
const LEAST_LOOK: usize = 64;

impl Storage {
    /// Watches the changes of a range, whose direction does not matter: for a `from`
    /// of 0 those that are committed from now on, else all with that sequence number
    /// or a greater one. A write that begins after the call returned is watched, and
    /// what a read finds after it is either before the watch or given by it.
    ///
    /// The past is there as far as the log still has it; else it is
    /// [`Error::HistoryGone`]. A write that was not logged leaves a gap in it.
    ///
    /// A deletion is given whether or not the key was there. That a value expires is
    /// no change. Changes are given when they are visible, be they durable or not.
    pub fn watch(&self, range: &Range<'_>, from: u64) -> Result<Watch> {
        Watch::open(self.core(), range, from)
    }
}

impl Watch {
    /// See [`Storage::watch`].
    pub(crate) fn open(core: &Arc<Core>, range: &Range<'_>, from: u64) -> Result<Self> {
        let reserved = core.feed.join(&core.sequencer);
        let mut start = range.start.unwrap_or_default().to_vec();
        if range.start_exclusive {
            start.push(0);
        }
        let from = if from == 0 { reserved + 1 } else { from };
        // Only once it is made, dropping it leaves the feed.
        let mut watch = Self {
            core: Arc::clone(core),
            start,
            end: range.end.map(<[u8]>::to_vec),
            from,
            position: from - 1,
            current: None,
            ahead: VecDeque::new(),
            log: None,
            was_live: false,
        };
        core.sequencer.wait_visible(reserved)?;
        // So that history that is gone is told now.
        watch.fetch()?;
        Ok(watch)
    }

    /// The first sequence number that is watched.
    pub fn from(&self) -> u64 {
        self.from
    }

    /// Gives changes to `each`, as many as are there, until it breaks off, by which it
    /// refuses the change that it was given. Returns whether there may be more, or the
    /// present was reached. It does not wait.
    ///
    /// [`Error::WatchTooSlow`] if changes are gone before they were given.
    pub fn poll(&mut self, mut each: impl FnMut(Change<'_>) -> ControlFlow<()>) -> Result<bool> {
        let mut looked = 0;
        loop {
            if self.current.is_none() {
                self.current = self.next_write()?.map(Ops::new);
            }
            let Some(ops) = &mut self.current else { return Ok(false) };
            let (position, start, end) = (self.position, &self.start, self.end.as_deref());
            let all = ops.give(|op, sequence| {
                looked += LEAST_LOOK + op.value_len();
                if sequence <= position {
                    return true;
                }
                let op = clip(op, start, end);
                op.is_none_or(|op| each(Change { sequence, op }).is_continue())
            })?;
            if !all {
                return Ok(true);
            }
            self.position = self.position.max(ops.last());
            self.current = None;
            if looked >= LOOK {
                return Ok(true);
            }
        }
    }

    /// The next write, of whatever range; `None` if the present was reached.
    fn next_write(&mut self) -> Result<Option<Arc<Deposit>>> {
        if self.ahead.is_empty() {
            self.fetch()?;
        }
        Ok(self.ahead.pop_front())
    }

    /// Gets what comes after the position.
    fn fetch(&mut self) -> Result<()> {
        match self.core.feed.after(self.position, &self.core.sequencer, FETCH) {
            Found::Next(writes, end) => {
                self.log = None;
                self.was_live = true;
                if writes.is_empty() {
                    self.position = self.position.max(end);
                }
                self.ahead.extend(writes);
                Ok(())
            }
            Found::BehindRing(floor) => {
                let gone = Error::HistoryGone(floor + 1);
                let write = self.read_log().and_then(|write| write.ok_or(gone));
                self.ahead.push_back(Arc::new(write.map_err(|error| self.in_time(error))?));
                Ok(())
            }
        }
    }

    /// The next write that the log has after the position.
    fn read_log(&mut self) -> Result<Option<Deposit>> {
        let Some(durable) = &self.core.durable else { return Ok(None) };
        loop {
            if self.log.is_none() {
                self.log = durable.wal.read_after(&self.core.sequencer, self.position)?;
            }
            let Some(log) = &mut self.log else { return Ok(None) };
            if let Some(record) = log.next()? {
                return Ok(Some(Deposit::new((record.first, record.last), record.payload)));
            }
            // It ends where the log ended when it was opened.
            self.log = None;
        }
    }

    /// Names what is gone by when it went.
    fn in_time(&self, error: Error) -> Error {
        match error {
            Error::HistoryGone(next) if self.was_live => Error::WatchTooSlow(next),
            error => error,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.core.feed.leave();
    }
}

/// The part of an operation that is of a range, if any is.
fn clip<'a>(op: Op<'a>, start: &'a [u8], end: Option<&'a [u8]>) -> Option<Op<'a>> {
    let Op::DeleteRange { start: from, end: to } = op else {
        let (key, _) = op.on_key()?;
        return (key >= start && end.is_none_or(|end| key < end)).then_some(op);
    };
    let from = from.max(start);
    let to = match (to, end) {
        (Some(to), Some(end)) => Some(to.min(end)),
        (to, end) => to.or(end),
    };
    to.is_none_or(|to| from < to).then_some(Op::DeleteRange { start: from, end: to })
}
