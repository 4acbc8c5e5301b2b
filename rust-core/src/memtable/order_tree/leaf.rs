//! Leaves: entries in order.
//!
//! In the allocation follow each other: the header, the prefix, the heads of all slots,
//! their entries, and the ranks of the late ones. The first `len` slots are in order: they
//! were filled when the leaf was made. Those behind, the late ones, are filled one after
//! the other as keys are inserted, and are in no order; each has a rank, which is how many
//! of the first slots come before it.
//!
//! Invariants:
//! 1. A slot is written once, before its bit in `live` is set, and the bit is set once.
//!    Whoever sees the bit sees the slot.
//! 2. An entry is valid under a guard if its bit was seen under the guard: it is retired
//!    only once the bit is cleared.
//! 3. Heads and ranks keep their meaning when an entry is removed, so they may be compared
//!    with; its key may not.

use super::heads::{self, Near, Place};
use super::node::{self, Header, aligned};
use crate::memtable::entry::Entry;
use crate::memtable::prefetch;
use crate::sync::atomic::{
    AtomicU8, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

/// The most slots of a leaf; few under the model checker, so that leaves are soon full.
pub(super) const SLOTS: usize = if cfg!(feature = "shuttle") { 4 } else { 64 };
/// The most late slots: who reads the leaf has to sort them.
pub(super) const ROOM: usize = if cfg!(feature = "shuttle") { 1 } else { 8 };

const _: () = assert!(SLOTS <= u64::BITS as usize);

#[repr(C)]
struct LeafHeader {
    header: Header,
    /// The slots with entries that are in the order.
    live: AtomicU64,
    /// How many late slots were filled; for the writer alone.
    late: AtomicU8,
}

/// A leaf, borrowed.
#[derive(Clone, Copy)]
pub(super) struct Leaf<'g> {
    at: NonNull<LeafHeader>,
    life: PhantomData<&'g LeafHeader>,
}

/// An entry, and its head behind some prefix.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub(super) entry: NonNull<Entry>,
    pub(super) head: u32,
}

/// Where the parts of a leaf begin, and how long it is.
struct Parts {
    heads: usize,
    entries: usize,
    ranks: usize,
    size: usize,
}

impl Parts {
    #[inline]
    fn new(prefix_len: usize, len: usize, room: usize) -> Self {
        let heads = aligned(size_of::<LeafHeader>() + prefix_len);
        let entries = aligned(heads + (len + room) * size_of::<u32>());
        let ranks = entries + (len + room) * size_of::<NonNull<Entry>>();
        Self { heads, entries, ranks, size: ranks + room }
    }
}

/// Makes a leaf of at most [`SLOTS`] entries, in order, whose keys begin with the prefix.
/// The caller owns it.
pub(super) fn make(prefix: &[u8], items: &[Item]) -> NonNull<Header> {
    debug_assert!(items.len() <= SLOTS && prefix.len() <= heads::LONGEST_PREFIX);
    let (len, room) = (items.len(), ROOM.min(SLOTS - items.len()));
    let parts = Parts::new(prefix.len(), len, room);
    let (node, size) = node::allocate(parts.size);
    let header = LeafHeader {
        header: Header {
            level: 0,
            prefix_len: prefix.len() as u8,
            len: len as u8,
            room: room as u8,
            size,
        },
        live: AtomicU64::new(first_bits(len)),
        late: AtomicU8::new(0),
    };
    // SAFETY: the allocation is fresh, aligned, and has room for all parts.
    unsafe {
        let start = node.cast::<u8>().as_ptr();
        node.cast().write(header);
        ptr::copy_nonoverlapping(prefix.as_ptr(), start.add(size_of::<LeafHeader>()), prefix.len());
        let heads = start.add(parts.heads).cast::<u32>();
        let entries = start.add(parts.entries).cast::<NonNull<Entry>>();
        for (i, item) in items.iter().enumerate() {
            heads.add(i).write(item.head);
            entries.add(i).write(item.entry);
        }
    }
    node
}

/// The lowest `n` bits.
#[inline]
fn first_bits(n: usize) -> u64 {
    debug_assert!(n <= SLOTS);
    if n == 64 { u64::MAX } else { (1 << n) - 1 }
}

impl<'g> Leaf<'g> {
    /// # Safety
    /// The pointer leads to a leaf that lives for `'g`.
    #[inline]
    pub(super) unsafe fn at(node: NonNull<Header>) -> Self {
        Self { at: node.cast(), life: PhantomData }
    }

    /// The node.
    pub(super) fn node(self) -> NonNull<Header> {
        self.at.cast()
    }

    #[inline]
    fn header(self) -> &'g LeafHeader {
        // SAFETY: valid for `'g`.
        unsafe { self.at.as_ref() }
    }

    #[inline]
    fn parts(self) -> Parts {
        let Header { prefix_len, len, room, .. } = self.header().header;
        Parts::new(prefix_len.into(), len.into(), room.into())
    }

    /// How many slots were filled from the beginning.
    #[inline]
    fn len(self) -> usize {
        self.header().header.len.into()
    }

    /// How many slots were filled.
    pub(super) fn filled(self) -> usize {
        self.len() + usize::from(self.header().late.load(Relaxed))
    }

    /// # Safety
    /// The offset lies within the leaf.
    #[inline]
    unsafe fn byte(self, offset: usize) -> *mut u8 {
        // SAFETY: by the contract.
        unsafe { self.at.cast::<u8>().as_ptr().add(offset) }
    }

    /// What the keys of all slots begin with.
    #[inline]
    pub(super) fn prefix(self) -> &'g [u8] {
        let len = self.header().header.prefix_len.into();
        // SAFETY: the prefix follows the header, and is constant.
        unsafe { std::slice::from_raw_parts(self.byte(size_of::<LeafHeader>()), len) }
    }

    /// The heads of the first slots.
    #[inline]
    fn heads(self) -> &'g [u32] {
        // SAFETY: within the leaf, and constant. The heads of late slots, which are
        // written later, lie behind.
        unsafe { std::slice::from_raw_parts(self.byte(self.parts().heads).cast(), self.len()) }
    }

    /// The leaf as it is now.
    #[inline]
    pub(super) fn view(self) -> View<'g> {
        View { leaf: self, live: self.header().live.load(Acquire) }
    }

    /// Adds entries to the order, in late slots. False if that is not possible: then
    /// nothing has changed, and the leaf has to be made anew.
    ///
    /// # Safety
    /// The caller is the writer. The entries are valid and in no leaf, and belong here.
    pub(super) unsafe fn try_add(self, entries: &[NonNull<Entry>]) -> bool {
        let late = usize::from(self.header().late.load(Relaxed));
        if late + entries.len() > self.header().header.room.into() {
            return false;
        }
        let view = self.view();
        let mut places = [(0, 0); ROOM];
        for (place, entry) in places.iter_mut().zip(entries) {
            // SAFETY: valid by the contract.
            let Some(found) = view.rank_of(unsafe { Entry::key(entry.as_ptr()) }) else {
                return false;
            };
            *place = found;
        }
        let (first, parts) = (self.len() + late, self.parts());
        for (i, (entry, (head, rank))) in entries.iter().zip(places).enumerate() {
            // SAFETY: the slots are within the leaf; their bits were never set, so nobody
            // else looks at them.
            unsafe {
                self.byte(parts.heads).cast::<u32>().add(first + i).write(head);
                self.byte(parts.entries).cast::<NonNull<Entry>>().add(first + i).write(*entry);
                self.byte(parts.ranks).add(late + i).write(rank);
            }
        }
        self.header().late.store((late + entries.len()) as u8, Relaxed);
        let added = first_bits(first + entries.len()) & !first_bits(first);
        self.header().live.store(view.live | added, Release);
        true
    }

    /// Takes an entry out of the order. The caller is the writer.
    pub(super) fn remove(self, slot: usize) {
        let live = self.header().live.load(Relaxed);
        debug_assert!(live & (1 << slot) != 0);
        self.header().live.store(live & !(1 << slot), Release);
    }
}

/// A leaf as it was at one moment.
#[derive(Clone, Copy)]
pub(super) struct View<'g> {
    pub(super) leaf: Leaf<'g>,
    live: u64,
}

/// On which side of a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    Behind,
}

impl<'g> View<'g> {
    /// How many entries there are.
    pub(super) fn len(self) -> usize {
        self.live.count_ones() as usize
    }

    /// The entry in a slot that is live.
    #[inline]
    pub(super) fn entry(self, slot: usize) -> NonNull<Entry> {
        debug_assert!(self.live & (1 << slot) != 0);
        // SAFETY: within the leaf, and we have seen the slot's bit.
        unsafe {
            self.leaf.byte(self.leaf.parts().entries).cast::<NonNull<Entry>>().add(slot).read()
        }
    }

    /// The entries in slots that are live.
    #[inline]
    pub(super) fn entries(
        self,
        slots: impl Iterator<Item = usize>,
    ) -> impl Iterator<Item = NonNull<Entry>> {
        // SAFETY: within the leaf.
        let first = unsafe { self.leaf.byte(self.leaf.parts().entries).cast::<NonNull<Entry>>() };
        slots.map(move |slot| {
            debug_assert!(self.live & (1 << slot) != 0);
            // SAFETY: as in `entry`.
            unsafe { first.add(slot).read() }
        })
    }

    /// The key in a slot that is live.
    #[inline]
    pub(super) fn key(self, slot: usize) -> &'g [u8] {
        // SAFETY: by invariant 2, since who has a leaf has a guard, or all of it.
        unsafe { Entry::key(self.entry(slot).as_ptr()) }
    }

    #[inline]
    fn head(self, slot: usize) -> u32 {
        // SAFETY: as in `entry`.
        unsafe { self.leaf.byte(self.leaf.parts().heads).cast::<u32>().add(slot).read() }
    }

    /// What there is in a slot that is live.
    pub(super) fn item(self, slot: usize) -> Item {
        Item { entry: self.entry(slot), head: self.head(slot) }
    }

    /// The slot that has an entry.
    pub(super) fn slot_of(self, entry: &Entry) -> Option<usize> {
        // SAFETY: valid as a reference is.
        let head = match heads::approach(unsafe { Entry::key(entry) }, self.leaf.prefix()) {
            Near::Among(head) => head,
            Near::Before | Near::Behind => return None,
        };
        let first = heads::below(self.leaf.heads(), head);
        let equal = heads::equal(&self.leaf.heads()[first..], head);
        let mut slots = (first..first + equal).chain(self.leaf.len()..self.leaf.filled());
        slots
            .find(|&slot| self.live & (1 << slot) != 0 && ptr::eq(self.entry(slot).as_ptr(), entry))
    }

    /// The head of a key that is not in the leaf, and its rank, unless an entry was removed
    /// that may or may not come before it: the ranks of two late slots shall always tell
    /// their order, whatever was removed between the one and the other.
    fn rank_of(self, key: &[u8]) -> Option<(u32, u8)> {
        let Near::Among(head) = heads::approach(key, self.leaf.prefix()) else { return None };
        let first = heads::below(self.leaf.heads(), head);
        let equal = heads::equal(&self.leaf.heads()[first..], head);
        let mut slots = first..first + equal;
        if slots.clone().any(|slot| self.live & (1 << slot) == 0) {
            return None;
        }
        let before = slots.find(|&slot| !Place::At(key).passes(self.key(slot)));
        Some((head, before.unwrap_or(first + equal) as u8))
    }

    /// All slots with entries, in no order.
    pub(super) fn slots_unordered(self) -> impl Iterator<Item = usize> {
        (0..SLOTS).filter(move |slot| self.live & (1 << slot) != 0)
    }

    /// All slots with entries, in order.
    #[inline]
    pub(super) fn slots(self) -> Slots {
        let first = first_bits(self.leaf.len());
        let mut slots =
            Slots { base: self.live & first, late: [Late::default(); ROOM], begin: 0, end: 0 };
        let mut late = self.live & !first;
        while late != 0 {
            self.sort_in(late.trailing_zeros() as usize, &mut slots);
            late &= late - 1;
        }
        slots
    }

    /// Puts a late slot where it belongs among those before it.
    fn sort_in(self, slot: usize, slots: &mut Slots) {
        // SAFETY: within the leaf, and we have seen the slot's bit.
        let rank =
            unsafe { self.leaf.byte(self.leaf.parts().ranks).add(slot - self.leaf.len()).read() };
        let new = Late { rank, slot: slot as u8, head: self.head(slot) };
        let mut place = slots.end;
        while place > 0 && self.is_before(new, slots.late[place - 1]) {
            slots.late[place] = slots.late[place - 1];
            place -= 1;
        }
        slots.late[place] = new;
        slots.end += 1;
    }

    fn is_before(self, a: Late, b: Late) -> bool {
        let keys = || heads::compare(self.key(a.slot.into()), self.key(b.slot.into()));
        (a.rank, a.head).cmp(&(b.rank, b.head)).then_with(keys).is_lt()
    }

    /// The slots with entries on one side of a place, in order.
    #[inline]
    pub(super) fn part(self, place: Place<'_>, side: Side) -> Slots {
        let mut slots = self.slots();
        let head = match (place.approach(self.leaf.prefix()), side) {
            (Near::Among(head), _) => head,
            (Near::Before, Side::Behind) | (Near::Behind, Side::Before) => return slots,
            (Near::Before, Side::Before) | (Near::Behind, Side::Behind) => return Slots::NONE,
        };
        let passed = first_bits(self.passed(place, head));
        let late = &slots.late[..slots.end];
        let late_passed = late.partition_point(|late| match late.head == head {
            true => place.passes(self.key(late.slot.into())),
            false => late.head < head,
        });
        match side {
            Side::Before => {
                slots.base &= passed;
                slots.end = late_passed;
            }
            Side::Behind => {
                slots.base &= !passed;
                slots.begin = late_passed;
            }
        }
        slots
    }

    /// How many of the first slots lie before a place, whose key has this head.
    #[inline]
    fn passed(self, place: Place<'_>, head: u32) -> usize {
        let first = heads::below(self.leaf.heads(), head);
        let equal = heads::equal(&self.leaf.heads()[first..], head);
        if equal > 0 {
            self.prefetch_from(first);
        }
        let mut passed = first;
        for slot in first..first + equal {
            if self.live & (1 << slot) != 0 {
                if !place.passes(self.key(slot)) {
                    break;
                }
                passed = slot + 1;
            }
        }
        passed
    }
}

impl View<'_> {
    /// Asks for the memory of some entries of the first slots, from one on: most walks go
    /// on there, and need not wait until its key was compared.
    #[inline]
    fn prefetch_from(self, first: usize) {
        const SOME: usize = 8;
        // SAFETY: within the leaf.
        let entries = unsafe { self.leaf.byte(self.leaf.parts().entries).cast::<*const u8>() };
        for slot in first..self.leaf.len().min(first + SOME) {
            // SAFETY: written when the leaf was made. The entry may be gone: its memory is
            // asked for, and not looked at.
            prefetch::read(unsafe { entries.add(slot).read() });
        }
    }
}

/// A late slot.
#[derive(Clone, Copy, Default)]
struct Late {
    rank: u8,
    slot: u8,
    head: u32,
}

/// Slots in order, to be taken from either end.
#[derive(Clone, Copy)]
pub(super) struct Slots {
    /// Those of the first slots.
    base: u64,
    /// Late ones, from `begin` to `end`.
    late: [Late; ROOM],
    begin: usize,
    end: usize,
}

impl Slots {
    /// No slots.
    pub(super) const NONE: Self =
        Self { base: 0, late: [Late { rank: 0, slot: 0, head: 0 }; ROOM], begin: 0, end: 0 };
}

impl Iterator for Slots {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let first = self.base.trailing_zeros();
        if self.begin < self.end && u32::from(self.late[self.begin].rank) <= first {
            self.begin += 1;
            return Some(self.late[self.begin - 1].slot.into());
        }
        (self.base != 0).then(|| {
            self.base &= self.base - 1;
            first as usize
        })
    }
}

impl DoubleEndedIterator for Slots {
    #[inline]
    fn next_back(&mut self) -> Option<usize> {
        let behind = u64::BITS - self.base.leading_zeros();
        if self.begin < self.end && u32::from(self.late[self.end - 1].rank) >= behind {
            self.end -= 1;
            return Some(self.late[self.end].slot.into());
        }
        (self.base != 0).then(|| {
            self.base &= !(1 << (behind - 1));
            behind as usize - 1
        })
    }
}
