//! Reading integers from bytes that are not trusted.

/// Asks for a part of a file before it is read, the first [`AHEAD`] bytes of it:
/// a read of one key waits for memory and for little else, and what it asks for
/// together it waits for once.
#[inline]
pub(super) fn prefetch(bytes: &[u8]) {
    const LINE: usize = 64;
    let ahead = &bytes[..bytes.len().min(AHEAD)];
    for line in ahead.chunks(LINE) {
        crate::memtable::prefetch::read(line.as_ptr());
    }
}

/// More than this comes on its own, as it is read from its start to its end.
const AHEAD: usize = 1024;

/// A little-endian integer at `at`, or `None` if it reaches past the end.
#[inline]
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// See [`u16_at`].
#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// See [`u16_at`].
#[inline]
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Appends an integer in groups of 7 bits, the lowest first; all but the last
/// byte have bit 7 set.
pub(super) fn put_varint(mut value: u64, to: &mut Vec<u8>) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// Takes an integer of [`put_varint`] off the bytes from `at` on, and moves `at`
/// behind it. `None` if the bytes end, or if it has more than 64 bits.
#[inline]
pub(super) fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let first = *bytes.get(*at)?;
    *at += 1;
    if first < 0x80 {
        return Some(first.into());
    }
    let mut value = u64::from(first & 0x7f);
    let mut shift = 7;
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if shift == 63 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}

/// Maps a difference to a number that is small if the difference is, in either
/// direction.
#[inline]
pub(super) fn zigzag(difference: u64) -> u64 {
    let signed = difference as i64;
    ((signed << 1) ^ (signed >> 63)) as u64
}

/// The inverse of [`zigzag`].
#[inline]
pub(super) fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

/// The length of the longest common prefix.
#[inline]
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let (words_a, words_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let mut same = 0;
    for (x, y) in words_a.iter().zip(words_b) {
        let difference = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if difference != 0 {
            return same + difference.trailing_zeros() as usize / 8;
        }
        same += 8;
    }
    let tail = a.iter().skip(same).zip(b.iter().skip(same));
    same + tail.take_while(|(x, y)| x == y).count()
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_come_back(value: u64, shift in 0u32..64) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            put_varint(value, &mut bytes);
            let mut at = 0;
            prop_assert_eq!(varint(&bytes, &mut at), Some(value));
            prop_assert_eq!(at, bytes.len());
            bytes.pop();
            prop_assert_eq!(varint(&bytes, &mut 0), None);
            prop_assert_eq!(unzigzag(zigzag(value)), value);
        }

        #[test]
        fn prefix_is_the_longest(a in "[ab]{0,20}", b in "[ab]{0,20}") {
            let same = common_prefix(a.as_bytes(), b.as_bytes());
            prop_assert_eq!(&a[..same], &b[..same]);
            let next = |s: &str| s.as_bytes().get(same).copied();
            prop_assert!(next(&a) != next(&b) || next(&a).is_none());
        }
    }

    #[test]
    fn long_integers_are_refused() {
        assert_eq!(varint(&[0xff; 9], &mut 0), None);
        let mut ten = [0xff; 10];
        ten[9] = 2;
        assert_eq!(varint(&ten, &mut 0), None);
        ten[9] = 1;
        assert_eq!(varint(&ten, &mut 0), Some(u64::MAX));
    }
}
