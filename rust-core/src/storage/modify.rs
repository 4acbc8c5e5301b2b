//! Conditional and read-modify-write operations: a key's value is looked at and
//! replaced in one step, between which no other write of the key comes.
//!
//! The change is planned from the newest value, so that memory and the place in
//! the log can be had before a number is taken. At its turn, when every earlier
//! number is visible, the operation looks again: what it finds then is what it
//! follows, whatever later numbers write meanwhile. If that is another value than
//! the plan's, the change is made anew. So each call succeeds at its turn, however
//! many of them meet on one key; only one whose record has become longer than its
//! place in the log has to begin again.

use super::{Core, ValueRef};
use crate::batch;
use crate::commit::Commit;
use crate::durable::Durability;
use crate::error::{Error, Result};
use crate::key_version::Payload;
use crate::limits::check_value;
use crate::memtable::{Pending, Slot};
use crate::stats::Counter;
use crossbeam_epoch::{self as epoch, Guard};
use std::borrow::Cow;

/// How a key's value is to change. A value that is stored anew expires when the
/// operation says, in Unix milliseconds, 0 for never; one that is changed keeps
/// its expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modification<'a> {
    /// Stores a value in place of the expected one, if that is there.
    CompareAndSwap(Expected<'a>, &'a [u8], u64),
    /// Stores a value, whatever there is.
    Exchange(&'a [u8], u64),
    /// Removes the value.
    Take,
    /// Adds to the value, a decimal number of 64 bits with a sign; none is 0.
    Increment(i64),
    /// Adds bytes at the value's end; none is an empty one.
    Append(&'a [u8]),
    /// Sets when the value expires, if there is one.
    Expire(u64),
}

/// What a [`Modification::CompareAndSwap`] goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected<'a> {
    /// The value has these bytes.
    Value(&'a [u8]),
    /// The value was written under this sequence number; 0: there is none.
    Sequence(u64),
}

/// How a [`Modification`] ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modified {
    /// The number of the write; 0 if there was nothing to be done.
    pub sequence: u64,
    /// The new number after an increment, the new length after an append.
    pub number: i64,
}

/// What a modification makes of a value.
enum Change<'a> {
    Nothing,
    Put(Cow<'a, [u8]>, u64),
    Delete,
}

/// A change, and the value that it was made from.
struct Plan<'a> {
    change: Change<'a>,
    number: i64,
    /// The sequence of the value that was found, 0 if there was none, and its expiry.
    seen: u64,
    expires_at: u64,
}

/// The longest decimal number of 64 bits with a sign, in bytes.
const LONGEST_NUMBER: usize = 20;

impl<'a> Modification<'a> {
    /// What becomes of a value, or of its absence.
    fn plan(&self, now: Option<ValueRef<'_>>) -> Result<Plan<'a>> {
        let expires_at = now.map_or(0, |value| value.expires_at);
        let mut number = 0;
        let change = match *self {
            Self::CompareAndSwap(expected, ..) if !expected.is(now) => Change::Nothing,
            Self::Take | Self::Expire(_) if now.is_none() => Change::Nothing,
            Self::Take => Change::Delete,
            Self::CompareAndSwap(_, value, expires_at) | Self::Exchange(value, expires_at) => {
                Change::Put(value.into(), expires_at)
            }
            Self::Increment(by) => {
                let base = now.map_or(Ok(0), |value| number_in(value.bytes))?;
                number = base.checked_add(by).ok_or(Error::Overflow)?;
                Change::Put(number.to_string().into_bytes().into(), expires_at)
            }
            Self::Append(suffix) => {
                let value = [now.map_or(&[][..], |value| value.bytes), suffix].concat();
                number = value.len() as i64;
                Change::Put(value.into(), expires_at)
            }
            Self::Expire(expires_at) => {
                Change::Put(now.map_or(&[][..], |value| value.bytes).to_vec().into(), expires_at)
            }
        };
        if let Change::Put(value, _) = &change {
            check_value(value)?;
        }
        let seen = now.map_or(0, |value| value.sequence);
        Ok(Plan { change, number, seen, expires_at })
    }

    /// How much longer than the plan's the record may become, after so many tries.
    fn slack(&self, plan: &Change<'_>, tries: u32) -> usize {
        match (self, plan) {
            (Self::Increment(_), Change::Put(value, _)) => LONGEST_NUMBER - value.len(),
            // Others may append as much, or store another value.
            (Self::Append(suffix), _) if tries > 0 => {
                ((8 * suffix.len().max(8)) << tries.min(8)).min(MOST_SLACK)
            }
            (Self::Append(_) | Self::Expire(_), _) => (64 << tries.min(14)).min(MOST_SLACK),
            _ => 0,
        }
    }
}

impl Plan<'_> {
    /// Allocates the version that the plan writes.
    fn allocate(self) -> Result<(Self, Option<Pending>)> {
        let pending = self.change.payload().map(Pending::new).transpose()?;
        Ok((self, pending))
    }
}

impl Expected<'_> {
    fn is(&self, now: Option<ValueRef<'_>>) -> bool {
        match *self {
            Self::Value(expected) => now.is_some_and(|value| value.bytes == expected),
            Self::Sequence(expected) => now.map_or(0, |value| value.sequence) == expected,
        }
    }
}

impl Change<'_> {
    fn payload(&self) -> Option<Payload<'_>> {
        match self {
            Self::Nothing => None,
            Self::Put(value, expires_at) => Some(Payload::Value(value, *expires_at)),
            Self::Delete => Some(Payload::Tombstone),
        }
    }

    /// The length of the change's record.
    fn log_len(&self, key: &[u8]) -> usize {
        let value = self.payload().map_or(0, |payload| payload.value().len());
        batch::HEADER_LEN + key.len() + value
    }
}

/// The number that a value holds, in the only form in which it is written.
fn number_in(value: &[u8]) -> Result<i64> {
    let text = std::str::from_utf8(value).map_err(|_| Error::NotANumber)?;
    let number: i64 = text.parse().map_err(|_| Error::NotANumber)?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [first, ..] => (b'1'..=b'9').contains(first),
        [] => false,
    };
    if is_canonical { Ok(number) } else { Err(Error::NotANumber) }
}

impl Core {
    /// Changes a key's value, and gives the value before to `before`, which may be
    /// called more than once: the last call counts.
    pub(crate) fn modify(
        &self,
        key: &[u8],
        modification: &Modification<'_>,
        durability: Durability,
        mut before: impl FnMut(Option<ValueRef<'_>>),
    ) -> Result<Modified> {
        let mut plan_for = |now: Option<ValueRef<'_>>| {
            before(now);
            modification.plan(now)
        };
        let mut tries = 0;
        loop {
            let guard = &epoch::pin();
            let removals = self.departures();
            let plan = self.view(key, guard, &mut plan_for)??;
            if matches!(plan.change, Change::Nothing) {
                return Ok(Modified { sequence: 0, number: plan.number });
            }
            let room = plan.change.log_len(key) + modification.slack(&plan.change, tries);
            let _room = self.admit(room, 1)?;
            tries += 1;
            let turn = Turn { key, room, removals, durability };
            if let Some(end) = self.modify_in_turn(&turn, plan, &mut plan_for, guard)? {
                return Ok(end);
            }
        }
    }

    /// Makes a change at its turn; `None` if its record has become too long.
    fn modify_in_turn<'a>(
        &self,
        turn: &Turn<'_>,
        plan: Plan<'a>,
        plan_for: &mut impl FnMut(Option<ValueRef<'_>>) -> Result<Plan<'a>>,
        guard: &Guard,
    ) -> Result<Option<Modified>> {
        let slot = self.slot_for_write(turn.key, guard)?;
        let planned = plan.allocate()?;
        let mut commit = match self.begin(1, turn.room, turn.durability) {
            Ok(commit) => commit,
            Err(error) => {
                self.settle(slot, guard);
                return Err(error);
            }
        };
        commit.wait_turn()?;
        let now = commit.first() - 1;
        let (plan, pending) = match self.plan_in_turn(turn, now, planned, plan_for, guard) {
            Ok(planned) => planned,
            Err(error) => {
                self.give_up(commit, turn, slot, guard)?;
                return Err(error);
            }
        };
        let number = plan.number;
        let (Some(payload), Some(pending)) = (plan.change.payload(), pending) else {
            self.give_up(commit, turn, slot, guard)?;
            return Ok(Some(Modified { sequence: 0, number }));
        };
        let Some(padding) = turn.room.checked_sub(plan.change.log_len(turn.key)) else {
            self.give_up(commit, turn, slot, guard)?;
            return Ok(None);
        };
        let header = batch::header(turn.key, payload);
        commit.log(&[&header, turn.key, payload.value(), &zeroes(padding)])?;
        let sequence = commit.first();
        let slot = self.push(slot, pending, sequence, guard)?;
        commit.complete()?;
        self.settle(slot, guard);
        self.count_modification(&plan.change);
        Ok(Some(Modified { sequence, number }))
    }

    /// The plan, made anew if the key holds another value at its turn, which
    /// follows the sequence `now`.
    fn plan_in_turn<'a>(
        &self,
        turn: &Turn<'_>,
        now: u64,
        planned: (Plan<'a>, Option<Pending>),
        plan_for: &mut impl FnMut(Option<ValueRef<'_>>) -> Result<Plan<'a>>,
        guard: &Guard,
    ) -> Result<(Plan<'a>, Option<Pending>)> {
        // The slot that was found before may have been removed, and another one made:
        // also by a removal that was counted before the plan was made.
        let deletions = self.memtable.deletions.up_to(now, guard);
        let slot = self.memtable.find(turn.key, guard);
        match slot.and_then(|slot| slot.at(now, guard).record) {
            Some(record) => {
                let is_live = self.is_live(record) && !deletions.hide(turn.key, record.sequence());
                let live = is_live.then(|| ValueRef::from(record));
                if live.map_or(0, |value| value.sequence) == planned.0.seen {
                    return Ok(planned);
                }
                plan_for(live)?.allocate()
            }
            // Nothing was written since, or it would be here: it cannot have left.
            // Nor can a deletion, of what is in the segments: since before the plan,
            // our guard keeps the flush of it from settling.
            None if self.departures() == turn.removals => {
                let is_dead = self.clock.has_passed(planned.0.expires_at)
                    || deletions.hide(turn.key, planned.0.seen);
                match is_dead {
                    true => plan_for(None)?.allocate(),
                    false => Ok(planned),
                }
            }
            None => {
                let on_disk = |v: ValueRef<'_>| plan_for(Some(v));
                let found = self.get_on_disk(turn.key, now, deletions, guard, on_disk)?;
                found.unwrap_or_else(|| plan_for(None))?.allocate()
            }
        }
    }

    /// Ends a commit that has nothing to write after all.
    fn give_up(
        &self,
        mut commit: Commit<'_>,
        turn: &Turn<'_>,
        slot: Slot<'_>,
        guard: &Guard,
    ) -> Result<()> {
        commit.log_nothing(turn.room)?;
        commit.complete()?;
        self.settle(slot, guard);
        Ok(())
    }

    fn count_modification(&self, change: &Change<'_>) {
        match change {
            Change::Nothing => {}
            Change::Put(_, expires_at) => {
                self.counters.mine().add(Counter::Puts, 1);
                if *expires_at != 0 {
                    self.mailbox.expiry_written();
                }
            }
            Change::Delete => self.counters.mine().add(Counter::Deletes, 1),
        }
    }
}

/// How much longer a place in the log is than its record at most, in bytes.
const MOST_SLACK: usize = 1 << 20;

/// What a modification takes to its turn.
struct Turn<'k> {
    key: &'k [u8],
    /// The bytes of its place in the log.
    room: usize,
    /// What [`Core::departures`] was before the plan was made.
    removals: u64,
    durability: Durability,
}

/// Fills a place in the log that is longer than the record.
fn zeroes(len: usize) -> Cow<'static, [u8]> {
    static FEW: [u8; 256] = [0; 256];
    FEW.get(..len).map_or_else(|| vec![0; len].into(), Cow::Borrowed)
}
