//! Which segment of a sorted level may hold a key.

/// The first keys of a level's segments, ascending.
///
/// Nearly always eight bytes behind what all of them share tell two apart. They
/// lie together, so that a search stays within a few cache lines.
pub(super) struct Fences {
    /// What all keys start with.
    shared: Vec<u8>,
    /// Of each key the eight bytes that follow, as a number that orders alike.
    heads: Vec<u64>,
    keys: Vec<Box<[u8]>>,
}

impl Fences {
    pub(super) fn new<'a>(first_keys: impl Iterator<Item = &'a [u8]>) -> Self {
        let keys: Vec<Box<[u8]>> = first_keys.map(Box::from).collect();
        // They ascend: what the first and the last share, all share.
        let shared = match (keys.first(), keys.last()) {
            (Some(a), Some(b)) => a.iter().zip(b.iter()).take_while(|(a, b)| a == b).count(),
            _ => 0,
        };
        let heads = keys.iter().map(|key| head(&key[shared..])).collect();
        let shared = keys.first().map_or(Vec::new(), |key| key[..shared].to_vec());
        Self { shared, heads, keys }
    }

    /// The number of the last first key that is not above `key`.
    #[inline]
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        if !starts_with(key, &self.shared) {
            return if *key < *self.shared { None } else { self.keys.len().checked_sub(1) };
        }
        let head = head(&key[self.shared.len()..]);
        let low = self.heads.partition_point(|&h| h < head);
        let alike = self.heads[low..].partition_point(|&h| h == head);
        let above = self.keys[low..low + alike].partition_point(|first| &**first <= key);
        (low + above).checked_sub(1)
    }
}

/// Whether a key starts with a prefix, by words. The C library would compare them by loads
/// under a mask, and those wait until what was written of the key just before has left the
/// processor's store buffer.
#[inline]
fn starts_with(key: &[u8], prefix: &[u8]) -> bool {
    let Some(key) = key.get(..prefix.len()) else { return false };
    let (words, rest) = prefix.as_chunks::<8>();
    let (key_words, key_rest) = key.as_chunks::<8>();
    let same = |(a, b): (&[u8; 8], &[u8; 8])| u64::from_ne_bytes(*a) == u64::from_ne_bytes(*b);
    words.iter().zip(key_words).all(same) && rest.iter().zip(key_rest).all(|(a, b)| a == b)
}

/// The first eight bytes, filled up with zeros: of two keys with different heads
/// the one with the lesser head is the lesser.
#[inline]
fn head(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let len = key.len().min(8);
    bytes[..len].copy_from_slice(&key[..len]);
    u64::from_be_bytes(bytes)
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_the_last_one_not_above(
            prefix in proptest::collection::vec(0u8..2, 0..20),
            keys in proptest::collection::btree_set(
                proptest::collection::vec(0u8..2, 1..14), 0..40),
            wanted in proptest::collection::vec(0u8..2, 1..16),
            with_prefix: bool,
        ) {
            let keys: Vec<Vec<u8>> =
                keys.into_iter().map(|key| [prefix.clone(), key].concat()).collect();
            let wanted = if with_prefix { [prefix, wanted].concat() } else { wanted };
            let fences = Fences::new(keys.iter().map(Vec::as_slice));
            let expected = keys.iter().rposition(|key| *key <= wanted);
            prop_assert_eq!(fences.find(&wanted), expected);
        }
    }
}
