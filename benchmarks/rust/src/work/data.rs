//! Keys and values.

use super::random::{GOLDEN, mix};

/// The length of every key in bytes.
pub const KEY_LEN: usize = 16;
/// The shortest value that can carry what [`check_value`] checks.
pub const MIN_VALUE_LEN: usize = 16;

/// The key of number `id`, which is below 10^12: "key:" and twelve digits. Keys
/// are ordered as their numbers.
pub fn key(mut id: u64) -> [u8; KEY_LEN] {
    let mut key = *b"key:000000000000";
    for digit in key[4..].iter_mut().rev() {
        *digit = b'0' + (id % 10) as u8;
        id /= 10;
    }
    key
}

/// The number of a key, if it is one.
pub fn id(key: &[u8]) -> Option<u64> {
    let digits = key.strip_prefix(b"key:").filter(|_| key.len() == KEY_LEN)?;
    digits.iter().try_fold(0, |id, digit| match digit {
        b'0'..=b'9' => Some(id * 10 + u64::from(digit - b'0')),
        _ => None,
    })
}

/// Fills `dst`, of at least [`MIN_VALUE_LEN`] bytes, with the value of key number
/// `id` in a generation. It begins with `id` in eight bytes, little-endian. Random
/// bytes follow up to the middle, and the second half repeats the first: so LZ4
/// and Snappy can take away about half of it, and nothing across values.
pub fn value(dst: &mut [u8], id: u64, generation: u64) {
    let half = dst.len() / 2;
    dst[..8].copy_from_slice(&id.to_le_bytes());
    let mut state = mix(id ^ mix(generation));
    for chunk in dst[8..half].chunks_mut(8) {
        state = state.wrapping_add(GOLDEN);
        chunk.copy_from_slice(&mix(state).to_le_bytes()[..chunk.len()]);
    }
    dst.copy_within(..half, half);
    if let Some(last) = dst.get_mut(2 * half) {
        *last = id.to_le_bytes()[0]; // of an odd length: the third copy's first byte
    }
}

/// Tells whether `value` is one of key number `id`, of any generation, and has
/// the length.
pub fn check_value(value: &[u8], id: u64, length: usize) -> bool {
    value.len() == length && value.starts_with(&id.to_le_bytes())
}
