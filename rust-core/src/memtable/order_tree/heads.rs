//! Searching among many keys by their heads.
//!
//! A node keeps what its keys begin with once, their prefix, and of each the four bytes
//! behind that, its head. Heads ascend as keys do, and seldom are two the same: so a
//! search compares numbers that lie side by side, and looks at keys only where heads are
//! equal.

use std::cmp::Ordering;

/// As much of what keys begin with is kept in a node.
pub(super) const LONGEST_PREFIX: usize = u8::MAX as usize;

/// A place among entries, between two of them or at an end.
#[derive(Clone, Copy)]
pub(in crate::memtable) enum Place<'a> {
    /// Before all entries.
    Start,
    /// Before the entries at or after the key.
    At(&'a [u8]),
    /// Before the entries after the key.
    After(&'a [u8]),
    /// Behind all entries.
    End,
}

impl Place<'_> {
    /// Whether an entry with `key` lies before the place.
    #[inline]
    pub(super) fn passes(self, key: &[u8]) -> bool {
        match self {
            Place::Start => false,
            Place::At(place) => compare(key, place).is_lt(),
            Place::After(place) => compare(key, place).is_le(),
            Place::End => true,
        }
    }

    /// Where the place lies as seen from keys with a prefix.
    #[inline]
    pub(super) fn approach(self, prefix: &[u8]) -> Near {
        match self {
            Place::Start => Near::Before,
            Place::At(key) | Place::After(key) => approach(key, prefix),
            Place::End => Near::Behind,
        }
    }
}

/// Where a key lies as seen from keys with a prefix.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Near {
    /// Before all of them.
    Before,
    /// It has the prefix, too, and this head.
    Among(u32),
    /// Behind all of them.
    Behind,
}

/// Where a key lies as seen from keys with a prefix.
#[inline]
pub(super) fn approach(key: &[u8], prefix: &[u8]) -> Near {
    match key.strip_prefix(prefix) {
        Some(rest) => Near::Among(head(rest)),
        None if key < prefix => Near::Before,
        None => Near::Behind,
    }
}

/// The head of a key that goes on so behind the prefix. What is missing counts as zeros.
#[inline]
pub(super) fn head(rest: &[u8]) -> u32 {
    match rest.first_chunk() {
        Some(bytes) => u32::from_be_bytes(*bytes),
        None => {
            let bytes: [u8; 4] = std::array::from_fn(|i| rest.get(i).copied().unwrap_or(0));
            u32::from_be_bytes(bytes)
        }
    }
}

/// How many of some heads are below one. All are looked at, without a branch, which is
/// faster than a search in halves for as few as a node has.
#[inline]
pub(super) fn below(heads: &[u32], head: u32) -> usize {
    heads.iter().map(|&h| u32::from(h < head)).sum::<u32>() as usize
}

/// How many of some ascending heads, of which no first one is below `head`, are equal to it.
#[inline]
pub(super) fn equal(heads: &[u32], head: u32) -> usize {
    heads.iter().take_while(|&&h| h == head).count()
}

/// How many bytes two keys have in common at their beginning, as far as a prefix goes.
pub(super) fn shared(a: &[u8], b: &[u8]) -> usize {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    same.min(LONGEST_PREFIX)
}

/// The shortest beginning of `right` that comes after `left`, which is the lower one.
pub(super) fn separator<'a>(left: &[u8], right: &'a [u8]) -> &'a [u8] {
    let same = left.iter().zip(right).take_while(|(x, y)| x == y).count();
    &right[..same + 1]
}

/// Compares keys as slices do, eight bytes at a time: most are short, and a call
/// of the library's comparison costs more than they do.
#[inline]
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a_words, a_rest) = a.as_chunks::<8>();
    let (b_words, b_rest) = b.as_chunks::<8>();
    for (x, y) in a_words.iter().zip(b_words) {
        if x != y {
            return u64::from_be_bytes(*x).cmp(&u64::from_be_bytes(*y));
        }
    }
    match a_words.len().cmp(&b_words.len()) {
        Ordering::Equal => a_rest.cmp(b_rest),
        // Equal as far as the shorter one has whole words.
        Ordering::Less => a_rest.cmp(&b[a_words.len() * 8..]),
        Ordering::Greater => a[b_words.len() * 8..].cmp(b_rest),
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0u8..3, 0..30)
    }

    proptest! {
        #[test]
        fn compares_as_slices_do(a in bytes(), b in bytes()) {
            prop_assert_eq!(compare(&a, &b), a.cmp(&b));
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            let mut longer = a.clone();
            longer.extend(&b);
            prop_assert_eq!(compare(&a, &longer), a.cmp(&longer));
            prop_assert_eq!(compare(&longer, &a), longer.cmp(&a));
        }

        #[test]
        fn heads_ascend_as_keys_do(prefix in bytes(), a in bytes(), b in bytes()) {
            prop_assume!(a < b);
            prop_assert!(head(&a) <= head(&b));
            let key = [&prefix[..], &a].concat();
            prop_assert_eq!(approach(&key, &prefix), Near::Among(head(&a)));
            let near = approach(&b, &prefix);
            if !b.starts_with(&prefix) {
                prop_assert_eq!(near, if b < prefix { Near::Before } else { Near::Behind });
            }
        }

        #[test]
        fn a_separator_separates(a in bytes(), b in bytes()) {
            prop_assume!(a < b);
            let separator = separator(&a, &b);
            prop_assert!(&a[..] < separator && separator <= &b[..]);
            prop_assert!(separator[..separator.len() - 1] <= a[..], "a shorter one would do");
        }
    }

    #[test]
    fn counts_heads() {
        let heads = [1, 3, 3, 3, u32::MAX];
        assert_eq!([0, 1, 3, 4, u32::MAX].map(|h| below(&heads, h)), [0, 0, 1, 4, 4]);
        assert_eq!((equal(&heads[1..], 3), equal(&heads[4..], 3)), (3, 0));
    }
}
