//! What goes into new leaves.

use super::heads;
use super::inner::{Siblings, piece_len};
use super::leaf::{self, Item, SLOTS, View};
use super::node::Header;
use crate::memtable::entry::Entry;
use crate::memtable::prefetch;
use std::ptr::NonNull;

/// Entries in order, and the prefix that their heads are behind. All of them are valid for
/// `'g`.
pub(super) struct Contents<'g> {
    prefix: &'g [u8],
    items: Vec<Item>,
}

impl<'g> Contents<'g> {
    /// What a leaf has.
    pub(super) fn of(view: View<'g>) -> Self {
        let items = view.slots().map(|slot| view.item(slot)).collect();
        Self { prefix: view.leaf.prefix(), items }
    }

    /// What two leaves have, the second one behind the first.
    pub(super) fn of_both(first: View<'g>, second: View<'g>) -> Self {
        let mut contents = Self::of(first);
        contents.items.extend(second.slots().map(|slot| second.item(slot)));
        contents.prefix = prefix_of(&contents.items);
        reckon_heads(&mut contents.items, contents.prefix.len());
        contents
    }

    /// Adds entries, which are valid for `'g` and ascend, and tells whether they lie behind
    /// all that was there.
    pub(super) fn add(&mut self, entries: &[NonNull<Entry>]) -> bool {
        if let (true, Some(&first)) = (self.items.is_empty(), entries.first()) {
            let key = key(first);
            self.prefix = &key[..key.len().min(heads::LONGEST_PREFIX)];
        }
        // What the first and the last one begin with, all between begin with.
        for entry in entries.first().into_iter().chain(entries.last()) {
            self.share_prefix(key(*entry));
        }
        self.merge(entries)
    }

    /// Shortens the prefix to what a new key begins with, too.
    fn share_prefix(&mut self, new: &'g [u8]) {
        let len = heads::shared(self.prefix, new);
        if len < self.prefix.len() {
            self.prefix = &self.prefix[..len];
            reckon_heads(&mut self.items, len);
        }
    }

    fn merge(&mut self, entries: &[NonNull<Entry>]) -> bool {
        let all = Vec::with_capacity(self.items.len() + entries.len());
        let old = std::mem::replace(&mut self.items, all);
        let mut old = old.into_iter().peekable();
        let mut at_end = true;
        for &entry in entries {
            let new = Item { entry, head: heads::head(&key(entry)[self.prefix.len()..]) };
            while let Some(item) = old.next_if(|item| is_before(item, &new)) {
                self.items.push(item);
            }
            at_end &= old.peek().is_none();
            self.items.push(new);
        }
        self.items.extend(old);
        at_end
    }

    /// Makes leaves of them: one if they are not too many for that, else some of equal size;
    /// or full ones, but for the last, if more are to be added behind.
    pub(super) fn make_leaves(mut self, at_end: bool) -> Siblings<'g> {
        let size = piece_len(self.items.len(), SLOTS, at_end);
        let mut leaves = Siblings { nodes: Vec::new(), separators: Vec::new() };
        let mut last = None;
        for items in self.items.chunks_mut(size) {
            if let (Some(last), Some(first)) = (last, items.first()) {
                leaves.separators.push(heads::separator(key(last), key(first.entry)));
            }
            leaves.nodes.push(make_leaf(self.prefix, items));
            last = items.last().map(|item| item.entry);
        }
        if leaves.nodes.is_empty() {
            leaves.nodes.push(leaf::make(&[], &[]));
        }
        leaves
    }
}

/// Makes a leaf of entries in order, of which the prefix is known.
fn make_leaf(prefix: &[u8], items: &mut [Item]) -> NonNull<Header> {
    /// So many bytes that all heads begin with are too many for the rest to tell entries
    /// apart. To find longer prefixes is to look at all keys.
    const SAME: u32 = 2;
    let mut longer = prefix;
    if let [first, .., last] = items
        && (first.head ^ last.head).leading_zeros() / u8::BITS >= SAME
        && prefix.len() < heads::LONGEST_PREFIX
    {
        longer = prefix_of(items);
        if longer.len() > prefix.len() {
            reckon_heads(items, longer.len());
        }
    }
    leaf::make(longer, items)
}

/// What all keys of entries in order begin with.
fn prefix_of<'g>(items: &[Item]) -> &'g [u8] {
    let (Some(first), Some(last)) = (items.first(), items.last()) else { return &[] };
    let first = key(first.entry);
    &first[..heads::shared(first, key(last.entry))]
}

/// Finds out the heads behind a prefix of so many bytes.
fn reckon_heads(items: &mut [Item], prefix_len: usize) {
    items.iter().for_each(|item| prefetch::read(item.entry.as_ptr().cast_const().cast()));
    for item in items {
        item.head = heads::head(&key(item.entry)[prefix_len..]);
    }
}

fn is_before(a: &Item, b: &Item) -> bool {
    let keys = || heads::compare(key(a.entry), key(b.entry));
    a.head.cmp(&b.head).then_with(keys).is_lt()
}

fn key<'g>(entry: NonNull<Entry>) -> &'g [u8] {
    // SAFETY: valid for as long as the contents are.
    unsafe { Entry::key(entry.as_ptr()) }
}
