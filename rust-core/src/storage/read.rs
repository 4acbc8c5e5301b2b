//! Reads: the memtable first, and the segments where it does not know.
//!
//! Under one guard, memory and the tree together hold every version that a
//! reader may need, in whichever order they are looked at (see
//! [`crate::durable`]). The deletions of ranges are loaded before both (see
//! [`crate::memtable::RangeDeletions`]).

use super::{Core, ValueRef};
use crate::durable::Durable;
use crate::error::Result;
use crate::key_version::{KeyVersion, Payload};
use crate::memtable::{Deletions, Lookup, Record, Slot};
use crate::scan::{self, Range, ScanEntry};
use crate::segment::Scratch;
use crate::stats::Counter;
use crossbeam_epoch::{self as epoch, Guard};
use std::cell::Cell;
use std::ops::ControlFlow;

/// What memory says of a key.
enum Found<'g> {
    /// It has this value.
    Live(Record<'g>),
    /// It has none: it was deleted, or has expired.
    Dead,
    /// Memory does not tell.
    Missing,
}

impl Core {
    /// Gives the newest value of a key to `read`, and counts the lookup.
    #[inline]
    pub(crate) fn get<R>(
        &self,
        key: &[u8],
        read: impl FnOnce(ValueRef<'_>) -> R,
    ) -> Result<Option<R>> {
        let guard = &epoch::pin();
        let deletions = self.deletions(guard);
        let found = match self.newest_in_memory(key, deletions, guard) {
            Found::Live(record) => Some(read(record.into())),
            Found::Dead => None,
            Found::Missing => self.get_on_disk(key, u64::MAX, deletions, guard, read)?,
        };
        self.count_gets(1, u64::from(found.is_some()));
        Ok(found)
    }

    /// Gives what a key holds now to `read`. Nothing is counted.
    pub(super) fn view<R>(
        &self,
        key: &[u8],
        guard: &Guard,
        read: &mut impl FnMut(Option<ValueRef<'_>>) -> R,
    ) -> Result<R> {
        let deletions = self.deletions(guard);
        match self.newest_in_memory(key, deletions, guard) {
            Found::Live(record) => Ok(read(Some(record.into()))),
            Found::Dead => Ok(read(None)),
            Found::Missing => {
                let found = self.get_on_disk(key, u64::MAX, deletions, guard, |v| read(Some(v)))?;
                Ok(found.unwrap_or_else(|| read(None)))
            }
        }
    }

    /// Gives the value of a key at a sequence that a snapshot holds to `read`,
    /// and counts the lookup.
    pub(crate) fn get_at<R>(
        &self,
        sequence: u64,
        key: &[u8],
        guard: &Guard,
        read: impl FnOnce(ValueRef<'_>) -> R,
    ) -> Result<Option<R>> {
        let deletions = self.memtable.deletions.up_to(sequence, guard);
        let slot = self.memtable.find(key, guard);
        self.note_read(slot);
        let record = slot.and_then(|slot| slot.at(sequence, guard).record);
        let found = match self.judge(key, record, deletions) {
            Found::Live(record) => Some(read(record.into())),
            Found::Dead => None,
            Found::Missing => self.get_on_disk(key, sequence, deletions, guard, read)?,
        };
        self.count_gets(1, u64::from(found.is_some()));
        Ok(found)
    }

    /// Reads keys at the visible sequence, without a snapshot. If false is
    /// returned, the result cannot be trusted: a version or an entry that
    /// belongs to it may have been dropped.
    pub(crate) fn multi_get_at_once(
        &self,
        keys: &[&[u8]],
        guard: &Guard,
        mut each: impl FnMut(usize, Option<ValueRef<'_>>),
    ) -> Result<bool> {
        let removals = self.mailbox.removals();
        let visible = self.sequencer.visible();
        let deletions = self.memtable.deletions.up_to(visible, guard);
        // Only versions up to the visible sequence are in the tree of now.
        let on_disk = self.incomplete(guard).map(|durable| (durable, durable.segments.tree(guard)));
        let (mut hits, mut missed, mut overtaken) = (0, false, false);
        let mut result = Ok(());
        self.memtable.find_many(keys, guard, |i, slot| {
            let record = slot.and_then(|slot| {
                let Lookup { record, newer } = slot.at(visible, guard);
                overtaken |= newer.is_some_and(|r| r.sequence() <= self.sequencer.visible());
                record
            });
            let mut give = |value: Option<ValueRef<'_>>| {
                hits += u64::from(value.is_some());
                each(i, value);
            };
            match (self.judge(keys[i], record, deletions), on_disk) {
                (Found::Live(record), _) => {
                    self.note_read(slot);
                    give(Some(record.into()));
                }
                (Found::Missing, Some((durable, tree))) if result.is_ok() => {
                    let found = with_scratch(|scratch| {
                        tree.get(keys[i], visible, scratch, |version| {
                            let value = self.live_value(version, deletions);
                            value.map(|value| give(Some(value))).is_some()
                        })
                    });
                    match found {
                        Ok(Some(true)) => {}
                        Ok(_) => give(None),
                        Err(error) => {
                            durable.note_trouble(&error);
                            result = Err(error);
                        }
                    }
                }
                // Also if there is a slot: it may be a new one of a removed key.
                (found, _) => {
                    missed |= matches!(found, Found::Missing);
                    give(None);
                }
            }
        });
        result?;
        if overtaken || (missed && self.mailbox.removals() != removals) {
            return Ok(false);
        }
        self.count_gets(keys.len() as u64, hits);
        Ok(true)
    }

    /// Gives the live entries of a range at a sequence that a snapshot holds to
    /// `each`, in the range's order, until it breaks off or has taken as many as
    /// `most`, at least 1: what lies behind the last of them is not looked at.
    pub(crate) fn scan_at(
        &self,
        sequence: u64,
        range: &Range<'_>,
        most: u64,
        each: impl FnMut(ScanEntry<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let guard = &epoch::pin();
        let deletions = self.memtable.deletions.up_to(sequence, guard);
        self.memtable.order_all(guard);
        let mut visitor = Visitor { core: self, deletions, most, yielded: 0, each };
        // Not one closure for both: the visit is to be a part of the loop over memory.
        let result = match self.incomplete(guard) {
            Some(durable) => {
                let (memtable, tree) = (&self.memtable, durable.segments.tree(guard));
                let visit = |version: KeyVersion<'_>| visitor.visit(version);
                scan::walk_merged(memtable, tree, range, sequence, guard, visit)
                    .inspect_err(|error| durable.note_trouble(error))
            }
            None => {
                let visit = |version: KeyVersion<'_>| visitor.visit(version);
                scan::walk(&self.memtable, range, sequence, most, guard, visit);
                Ok(())
            }
        };
        let yielded = visitor.yielded;
        self.counters.mine().add(Counter::ScanKeys, yielded);
        result
    }

    #[inline]
    pub(crate) fn is_live(&self, record: Record<'_>) -> bool {
        !record.is_tombstone() && !self.clock.has_passed(record.expires_at())
    }

    /// The deletions of ranges that are visible.
    #[inline]
    fn deletions<'g>(&self, guard: &'g Guard) -> Deletions<'g> {
        self.memtable.deletions.visible(|| self.sequencer.visible(), guard)
    }

    /// The newest visible record of `key`, if memory has one.
    #[inline]
    fn newest_in_memory<'g>(
        &self,
        key: &[u8],
        deletions: Deletions<'g>,
        guard: &'g Guard,
    ) -> Found<'g> {
        let Some(slot) = self.memtable.find(key, guard) else { return Found::Missing };
        self.note_read(Some(slot));
        let stripe = self.counters.mine();
        let Some(newest) = slot.newest(guard) else { return Found::Missing };
        if newest.sequence() <= stripe.visible_hint() {
            self.judge(key, Some(newest), deletions)
        } else {
            self.judge(key, self.newest_visible(slot, guard), deletions)
        }
    }

    fn newest_visible<'g>(&self, slot: Slot<'g>, guard: &'g Guard) -> Option<Record<'g>> {
        let visible = self.sequencer.visible();
        self.counters.mine().hint_visible(visible);
        let Lookup { record, newer } = slot.at(visible, guard);
        match newer {
            // What we should have found may be gone; but then this one has been
            // the newest visible one for a moment of this call.
            Some(newer) if newer.sequence() <= self.sequencer.visible() => Some(newer),
            _ => record,
        }
    }

    #[inline]
    fn judge<'g>(
        &self,
        key: &[u8],
        record: Option<Record<'g>>,
        deletions: Deletions<'_>,
    ) -> Found<'g> {
        match record {
            Some(record) if self.is_live(record) && !deletions.hide(key, record.sequence()) => {
                Found::Live(record)
            }
            Some(_) => Found::Dead,
            None => Found::Missing,
        }
    }

    /// The segments, if memory does not hold every live key.
    #[inline]
    pub(crate) fn incomplete(&self, _guard: &Guard) -> Option<&Durable> {
        self.durable.as_ref().filter(|durable| !durable.is_complete())
    }

    pub(super) fn get_on_disk<R>(
        &self,
        key: &[u8],
        sequence: u64,
        deletions: Deletions<'_>,
        guard: &Guard,
        read: impl FnOnce(ValueRef<'_>) -> R,
    ) -> Result<Option<R>> {
        let Some(durable) = self.incomplete(guard) else { return Ok(None) };
        let tree = durable.segments.tree(guard);
        let found = with_scratch(|scratch| {
            tree.get(key, sequence, scratch, |version| {
                self.live_value(version, deletions).map(read)
            })
        });
        found.map(Option::flatten).inspect_err(|error| durable.note_trouble(error))
    }

    /// The value of a version, if it is one, and has neither expired nor been deleted
    /// with a range.
    #[inline]
    fn live_value<'a>(
        &self,
        version: KeyVersion<'a>,
        deletions: Deletions<'_>,
    ) -> Option<ValueRef<'a>> {
        match version.payload {
            Payload::Value(bytes, expires_at)
                if !self.clock.has_passed(expires_at)
                    && !deletions.hide(version.key, version.sequence) =>
            {
                Some(ValueRef { bytes, sequence: version.sequence, expires_at })
            }
            _ => None,
        }
    }

    /// Tells the search for cold entries that this one is not.
    #[inline]
    pub(super) fn note_read(&self, slot: Option<Slot<'_>>) {
        if self.counted_hits != 0
            && let Some(slot) = slot
        {
            slot.note_hit(self.counted_hits);
        }
    }

    #[inline]
    pub(crate) fn count_gets(&self, keys: u64, hits: u64) {
        let stripe = self.counters.mine();
        // Most calls touch one of the two.
        if hits != 0 {
            stripe.add(Counter::Hits, hits);
        }
        if hits != keys {
            stripe.add(Counter::Misses, keys - hits);
        }
    }
}

/// What a scan does with the versions that it comes across.
struct Visitor<'a, 'g, F> {
    core: &'a Core,
    deletions: Deletions<'g>,
    /// How many entries `each` may take, and how many it has taken.
    most: u64,
    yielded: u64,
    each: F,
}

impl<F: FnMut(ScanEntry<'_>) -> ControlFlow<()>> Visitor<'_, '_, F> {
    /// Gives `each` a version, if it is live.
    #[inline(always)]
    fn visit(&mut self, version: KeyVersion<'_>) -> ControlFlow<()> {
        let Some(value) = self.core.live_value(version, self.deletions) else {
            return ControlFlow::Continue(());
        };
        let ValueRef { bytes, sequence, expires_at } = value;
        (self.each)(ScanEntry { key: version.key, value: bytes, sequence, expires_at })?;
        self.yielded += 1;
        if self.yielded == self.most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Lends the thread's buffers for blocks that must be decompressed. A read within
/// a read gets new ones.
fn with_scratch<R>(body: impl FnOnce(&mut Scratch) -> R) -> R {
    thread_local! {
        static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
    }
    let mut scratch = SCRATCH.take().unwrap_or_default();
    let result = body(&mut scratch);
    SCRATCH.set(Some(scratch));
    result
}
