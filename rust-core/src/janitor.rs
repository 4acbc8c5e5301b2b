//! The background work of a storage, on one thread: removing dead entries,
//! dropping versions that only a closed snapshot held, finding expired entries,
//! and moving the hash index into larger tables.
//!
//! Writers never wait for it. They leave slots that need a look in a queue (each
//! at most once at a time) and wake the thread if it sleeps.

mod range_sweep;

use crate::durable::Eviction;
use crate::memtable::{IndexNeed, OldTable, Reclaim, Slot};
use crate::stats::Counter;
use crate::storage::Core;
use crossbeam_epoch::{self as epoch, Guard};
use crossbeam_queue::SegQueue;
use range_sweep::{Left, RangeSweep};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// A queued slot. It stays valid: a slot that is marked as queued is not
/// removed.
struct Queued(*const ());

// SAFETY: the pointer is used by the janitor only, see `Slot::from_raw`.
unsafe impl Send for Queued {}

/// How writers reach the janitor.
#[derive(Default)]
pub(crate) struct Mailbox {
    queue: SegQueue<Queued>,
    /// The janitor sleeps until it is woken.
    asleep: AtomicBool,
    /// Someone asked for a larger index.
    grow: AtomicBool,
    /// Someone asked for room.
    room: AtomicBool,
    /// A snapshot was closed: what was held up may go.
    horizon_moved: AtomicBool,
    /// Something is held up. While nothing is, whoever closes a snapshot, as most scans
    /// do, has no reason to wake the janitor.
    horizon_awaited: AtomicBool,
    closing: AtomicBool,
    thread: std::sync::OnceLock<Thread>,
    removals: AtomicU64,
}

impl Mailbox {
    /// Leaves a slot to be looked at.
    pub(crate) fn queue(&self, slot: Slot<'_>) {
        if slot.mark_queued() {
            self.queue.push(Queued(slot.into_raw()));
            self.wake_if_asleep();
        }
    }

    /// Asks for a larger index.
    pub(crate) fn request_growth(&self) {
        if !self.grow.load(SeqCst) && !self.grow.swap(true, SeqCst) {
            self.wake();
        }
    }

    /// Asks for room in memory.
    pub(crate) fn make_room(&self) {
        if !self.room.load(SeqCst) && !self.room.swap(true, SeqCst) {
            self.wake();
        }
    }

    /// Tells that the horizon may have moved.
    pub(crate) fn horizon_moved(&self) {
        self.horizon_moved.store(true, SeqCst);
        // The janitor sets what is read here before it looks at what was set above.
        if self.horizon_awaited.load(SeqCst) {
            self.wake_if_asleep();
        }
    }

    /// Tells that an entry waits to be put in order.
    #[inline]
    pub(crate) fn entry_made(&self) {
        self.wake_if_asleep();
    }

    /// Tells that versions with an expiry exist.
    #[inline]
    pub(crate) fn expiry_written(&self) {
        self.wake_if_asleep();
    }

    /// Tells that ranges were deleted.
    pub(crate) fn range_deleted(&self) {
        self.wake_if_asleep();
    }

    /// Ends the janitor.
    pub(crate) fn close(&self) {
        self.closing.store(true, SeqCst);
        self.wake();
    }

    /// A number that grows before a slot is removed, but not if a live entry leaves a cache:
    /// that may happen at any moment. A reader that misses a key
    /// and finds it unchanged since before it chose its sequence knows that the
    /// key was not removed meanwhile.
    pub(crate) fn removals(&self) -> u64 {
        self.removals.load(SeqCst)
    }

    #[inline]
    fn wake_if_asleep(&self) {
        if self.asleep.load(SeqCst) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        self.asleep.store(false, SeqCst);
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// The janitor's own state.
pub(crate) struct Janitor {
    core: Arc<Core>,
    /// Slots that wait for snapshots to close or a flush to settle; they stay marked
    /// as queued.
    held_up: HeldUp,
    /// Where the search for expired entries goes on; `None` at the start.
    sweep_after: Option<Vec<u8>>,
    /// Where the search for cold entries goes on.
    evict_from: usize,
    range_sweep: RangeSweep,
    /// Tables that fell out of use, once no reader has them. They come here
    /// because giving much memory back takes long, and any thread may run the
    /// epoch's deferred calls.
    graveyard: Arc<SegQueue<OldTable>>,
}

/// Slots that are held up, in the order in which they came. Each has the sequence
/// that was visible then: once nobody reads below that, it is not held up any more.
/// That may be so sooner, where a later snapshot held it and was closed before an
/// earlier one: so all are looked at from time to time.
struct HeldUp {
    slots: VecDeque<(Queued, u64)>,
    /// How many may have left meanwhile, and are here only to be freed.
    gone: usize,
    /// Whether a snapshot was closed since all were looked at.
    moved: bool,
    /// When all may be looked at again.
    due: Instant,
}

impl HeldUp {
    fn add(&mut self, queued: Queued, visible: u64) {
        self.slots.push_back((queued, visible));
    }

    /// How many are free if nobody reads below a sequence.
    fn free(&self, needed_from: u64) -> usize {
        self.slots.partition_point(|(_, since)| *since <= needed_from)
    }

    /// Takes those out that have left, if they are many: so each is looked at for it about
    /// once.
    fn take_gone(&mut self, guard: &Guard) -> Vec<Queued> {
        const FEW: usize = 1024;
        let mut gone = Vec::new();
        if self.gone < FEW.max(self.slots.len() / 2) {
            return gone;
        }
        self.gone = 0;
        for (queued, since) in std::mem::take(&mut self.slots) {
            // SAFETY: it is still marked as queued.
            match unsafe { Slot::from_raw(queued.0, guard) }.is_dying() {
                true => gone.push(queued),
                false => self.slots.push_back((queued, since)),
            }
        }
        gone
    }

    /// All were looked at, which took so long: it takes a small part of the time.
    fn looked_at_all(&mut self, took: Duration) {
        self.moved = false;
        self.due = Instant::now() + took * 20;
    }

    /// How long until all should be looked at again, if so.
    fn rest(&self) -> Option<Duration> {
        let is_due_later = self.moved && !self.slots.is_empty();
        is_due_later.then(|| self.due.saturating_duration_since(Instant::now()).max(BREATH))
    }
}

/// How long the janitor may rest.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum Rest {
    /// There is more to do right now.
    None,
    /// At most so long, or until room is asked for.
    For(Duration),
    /// Until it is woken.
    UntilWoken,
}

/// Slots under one guard: a long-held guard delays all garbage.
const PAGE: usize = 256;
/// Between two rounds while there is work: gathers some.
const BREATH: Duration = Duration::from_millis(1);
/// If more entries than that waited to be put in order, more have come since.
const FEW: usize = 256;
/// Between two looks whether a closed storage is still used.
const CLOSING_INTERVAL: Duration = Duration::from_millis(20);
/// Between two looks whether a flush has settled, so that entries may go.
const SETTLE_INTERVAL: Duration = Duration::from_millis(5);
/// Between two looks whether what has left is freed, so that writers may go on.
const FREEING_INTERVAL: Duration = Duration::from_micros(50);
/// Between two rounds of the search for expired entries.
const SWEEP_INTERVAL: Duration = Duration::from_millis(100);
/// A whole search takes at least so many rounds, a minute in all.
const SWEEP_ROUNDS: u64 = 600;
/// The fewest entries that a round of the search looks at.
const SWEEP_MIN: u64 = 1000;

impl Janitor {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            held_up: HeldUp { slots: VecDeque::new(), gone: 0, moved: false, due: Instant::now() },
            sweep_after: None,
            evict_from: 0,
            range_sweep: RangeSweep::new(),
            graveyard: Arc::default(),
        }
    }

    /// Runs until the storage is closed and nobody uses it any more, and then
    /// frees what it holds. A panic poisons the storage.
    pub(crate) fn run_guarded(self) {
        let core = Arc::clone(&self.core);
        if catch_unwind(AssertUnwindSafe(|| self.run())).is_err() {
            core.sequencer.poison();
        }
        // Calls in flight and open snapshots share the core. It shall be freed
        // here, where nobody waits for it.
        while Arc::strong_count(&core) > 1 {
            epoch::pin().flush();
            std::thread::sleep(CLOSING_INTERVAL);
        }
        core.follow_others();
    }

    /// Runs until the storage is closed.
    fn run(mut self) {
        let core = Arc::clone(&self.core);
        let mailbox = &core.mailbox;
        // Set once: this is the only janitor of its core.
        let _ = mailbox.thread.set(std::thread::current());
        while !mailbox.closing.load(SeqCst) {
            match self.round() {
                Rest::None => {}
                Rest::For(time) => std::thread::park_timeout(time),
                Rest::UntilWoken => self.sleep(),
            }
        }
        self.bury_all_gone();
    }

    /// Sleeps until woken, unless something has come in between.
    fn sleep(&self) {
        let mailbox = &self.core.mailbox;
        let awaits_horizon = !self.held_up.slots.is_empty();
        mailbox.horizon_awaited.store(awaits_horizon, SeqCst);
        mailbox.asleep.store(true, SeqCst);
        let moved = awaits_horizon && mailbox.horizon_moved.load(SeqCst);
        let idle = !moved
            && mailbox.queue.is_empty()
            && self.core.memtable.unordered() == 0
            && !mailbox.grow.load(SeqCst)
            && !mailbox.room.load(SeqCst)
            && !mailbox.closing.load(SeqCst)
            && self.core.counters.sum(Counter::Expiring) == 0
            && !self.core.is_unsettled()
            && self.core.memtable.deletions.load(&epoch::pin()).is_none();
        if idle {
            // Garbage is collected by those who pin; if everyone rests, by us.
            for _ in 0..3 {
                epoch::pin().flush();
            }
            std::thread::park();
        }
        mailbox.asleep.store(false, SeqCst);
    }

    /// Does what there is to do now.
    pub(crate) fn round(&mut self) -> Rest {
        let unordered = self.core.memtable.unordered();
        self.order_entries();
        let copying = self.grow_index();
        let queued = self.empty_queue();
        self.held_up.moved |= self.core.mailbox.horizon_moved.swap(false, SeqCst);
        self.retry_held_up();
        let eviction = self.evict();
        let evicting = matches!(eviction, Eviction::More | Eviction::Settling);
        let expiring = self.core.counters.sum(Counter::Expiring) != 0;
        let found_much = expiring && self.sweep();
        let deletions = self.range_sweep.step(&self.core);
        self.empty_graveyard();
        if queued || found_much || evicting || deletions == Left::Some {
            // What was retired shall not wait for this thread's next rounds.
            epoch::pin().flush();
        }
        let more = eviction == Eviction::More;
        if copying || found_much || more || unordered > FEW || deletions == Left::Some {
            Rest::None
        } else if eviction == Eviction::Settling {
            Rest::For(FREEING_INTERVAL)
        } else if queued || unordered > 0 {
            Rest::For(BREATH)
        } else if eviction == Eviction::Blocked || self.core.is_unsettled() {
            Rest::For(SETTLE_INTERVAL)
        } else if let Some(rest) = self.held_up.rest() {
            Rest::For(rest.min(SWEEP_INTERVAL))
        } else if expiring || self.core.counted_hits != 0 || deletions == Left::Later {
            Rest::For(SWEEP_INTERVAL)
        } else {
            Rest::UntilWoken
        }
    }

    /// Puts what waits now in order, some under one guard.
    fn order_entries(&self) {
        const SOME: usize = 256;
        let mut left = self.core.memtable.unordered();
        while left > 0 {
            self.core.memtable.order_some(SOME, &epoch::pin());
            left -= left.min(SOME);
        }
    }

    /// Takes a step towards a larger index, and tells whether more are needed.
    fn grow_index(&mut self) -> bool {
        let guard = &epoch::pin();
        self.core.mailbox.grow.store(false, SeqCst);
        match self.core.memtable.grow_index(guard) {
            Ok(Some(table)) => self.bury(table, guard),
            Ok(None) => {}
            // Without memory for it now, writers get the error when they need
            // the table; until then the old one serves.
            Err(_) => return false,
        }
        self.core.memtable.index_need(guard) != IndexNeed::Nothing
    }

    /// Keeps a table until no reader can have it, then has it dropped by the
    /// janitor.
    fn bury(&self, table: OldTable, guard: &Guard) {
        if let Some(budget) = &self.core.budget {
            budget.note_buried(table.footprint());
        }
        let graveyard = Arc::clone(&self.graveyard);
        guard.defer(move || graveyard.push(table));
        guard.flush();
    }

    fn empty_graveyard(&self) {
        while let Some(table) = self.graveyard.pop() {
            if let Some(budget) = &self.core.budget {
                budget.note_unburied(table.footprint());
            }
        }
    }

    /// Looks at every queued slot, and tells whether there was any.
    fn empty_queue(&mut self) -> bool {
        // What comes in meanwhile waits for the next round.
        let mut left = self.core.mailbox.queue.len();
        let any = left > 0;
        while left > 0 {
            let taken = left.min(PAGE);
            // Most of what a flush holds up cannot go before its end, and is not
            // worth a look.
            let later = self.core.snapshots.is_held_briefly();
            let page = std::iter::from_fn(|| self.core.mailbox.queue.pop()).take(taken);
            let page: Vec<Queued> = page.collect();
            if later {
                let now = self.core.sequencer.visible();
                page.into_iter().for_each(|queued| self.held_up.add(queued, now));
            } else {
                self.look_at_all(page);
            }
            left -= taken;
        }
        any
    }

    /// Looks again at slots that may not be held up any more.
    fn retry_held_up(&mut self) {
        let start = Instant::now();
        let everything = self.held_up.moved && self.held_up.due <= start;
        let mut left = match everything {
            true => self.held_up.slots.len(),
            false => self.held_up.free(self.core.needed_from()),
        };
        while left > 0 {
            let taken = left.min(PAGE);
            let page = self.held_up.slots.drain(..taken).map(|(queued, _)| queued).collect();
            self.look_at_all(page);
            left -= taken;
        }
        if everything {
            self.held_up.looked_at_all(start.elapsed());
        }
    }

    fn look_at_all(&mut self, page: Vec<Queued>) {
        let guard = &epoch::pin();
        let raws = page.iter().map(|queued| queued.0);
        // SAFETY: they are still marked as queued, by those who queued them.
        unsafe { Slot::prefetch_all(raws.clone(), guard) };
        // SAFETY: as above. What is removed here stays valid as long as the guard.
        let slots = raws.map(|raw| unsafe { Slot::from_raw(raw, guard) });
        // The versions of what has left may be freed already. Nothing leaves meanwhile, since
        // only we let it.
        let there: Vec<_> = slots.filter(|slot| !slot.is_dying()).collect();
        there.iter().for_each(|slot| slot.prefetch_older(guard));
        page.into_iter().for_each(|queued| self.look_at(queued, guard));
        if self.core.budget.is_some() {
            self.core.memtable.reweigh(&there, guard);
        }
    }

    /// Unmarks and reclaims a slot, or keeps it for later.
    fn look_at(&mut self, queued: Queued, guard: &Guard) {
        // SAFETY: it is still marked as queued, by the one who queued it.
        let slot = unsafe { Slot::from_raw(queued.0, guard) };
        // Unmarked before it is looked at: what is pushed after the look is
        // queued again.
        slot.unmark_queued();
        if slot.is_dying() {
            // SAFETY: it is removed by us alone, so it has left while it was queued; and
            // now nobody has it in a queue.
            unsafe { self.core.memtable.bury(slot, &self.core.counters, guard) };
            return;
        }
        if self.core.reclaim(slot, guard) != Reclaim::Later {
            return;
        }
        if slot.is_dirty() && !slot.is_long(guard) {
            // The flush queues it again.
            self.core.note_dead();
        } else if slot.mark_queued() {
            if self.core.is_held_up() {
                self.held_up.add(queued, self.core.sequencer.visible());
            } else {
                // A writer holds it up, for a moment.
                self.core.mailbox.queue.push(queued);
            }
        }
    }

    /// Makes room if the memtable takes more than its budget.
    fn evict(&mut self) -> Eviction {
        self.core.mailbox.room.store(false, SeqCst);
        if let Some(budget) = &self.core.budget {
            let (eviction, gone) = self.core.make_room(budget);
            self.held_up.gone += gone;
            self.bury_gone();
            return eviction;
        }
        let (from, eviction) = self.core.evict(self.evict_from);
        self.evict_from = from;
        eviction
    }

    /// Frees what has left while it was held up.
    fn bury_gone(&mut self) {
        let guard = &epoch::pin();
        let gone = self.held_up.take_gone(guard);
        gone.into_iter().for_each(|queued| self.look_at(queued, guard));
    }

    /// Frees what has left and is in a queue, since nothing else has it. No more entries
    /// leave.
    fn bury_all_gone(&mut self) {
        if self.core.budget.is_none() {
            return;
        }
        let guard = &epoch::pin();
        let queued = std::iter::from_fn(|| self.core.mailbox.queue.pop());
        let held_up = self.held_up.slots.drain(..).map(|(queued, _)| queued);
        for queued in queued.chain(held_up) {
            // SAFETY: it is still marked as queued.
            let slot = unsafe { Slot::from_raw(queued.0, guard) };
            if slot.is_dying() {
                // SAFETY: as in `look_at`.
                unsafe { self.core.memtable.bury(slot, &self.core.counters, guard) };
            }
        }
    }

    /// Looks at the next entries in key order for expired ones, and tells
    /// whether it found so many that it should go on at once.
    fn sweep(&mut self) -> bool {
        let core = Arc::clone(&self.core);
        let guard = &epoch::pin();
        let quota = (core.counters.sum(Counter::Keys) / SWEEP_ROUNDS).max(SWEEP_MIN);
        let (mut seen, mut removed) = (0, 0);
        let mut walk = core.memtable.walk(self.sweep_after.as_deref(), true, guard);
        let mut slot = walk.next_slot();
        while let Some(s) = slot.filter(|_| seen < quota) {
            let next = walk.next_slot();
            let expires = s.newest(guard).is_some_and(|r| core.clock.has_passed(r.expires_at()));
            // A queued slot is looked at by way of the queue.
            match expires.then(|| core.reclaim(s, guard)) {
                Some(Reclaim::Removed) => removed += 1,
                Some(Reclaim::Later) => core.mailbox.queue(s),
                Some(Reclaim::Clean) | None => {}
            }
            seen += 1;
            self.sweep_after = next.is_some().then(|| s.key().to_vec());
            slot = next;
        }
        if slot.is_none() {
            self.sweep_after = None;
        }
        removed * 4 > quota
    }
}

impl Mailbox {
    /// Counts a removal that is about to begin.
    pub(crate) fn count_removal(&self) {
        self.removals.fetch_add(1, SeqCst);
    }
}
