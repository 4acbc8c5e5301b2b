//! What may be stored.

use crate::error::{Error, Result};

/// The longest key, in bytes.
pub const MAX_KEY_LEN: usize = 64 << 10;
/// The longest value, in bytes.
pub const MAX_VALUE_LEN: usize = 64 << 20;
/// Greater sequence numbers are damage: at 10^9 writes a second, those up to here
/// last for a century. So sums of them do not overflow.
pub(crate) const MAX_SEQUENCE: u64 = 1 << 62;

/// Accepts keys of 1 to [`MAX_KEY_LEN`] bytes.
#[inline]
pub fn check_key(key: &[u8]) -> Result<()> {
    match key.len() {
        1..=MAX_KEY_LEN => Ok(()),
        0 => Err(Error::KeyEmpty),
        len => Err(Error::KeyTooLarge(len)),
    }
}

/// Accepts what a range may begin or end with: up to [`MAX_KEY_LEN`] bytes.
pub fn check_bound(key: &[u8]) -> Result<()> {
    if key.is_empty() { Ok(()) } else { check_key(key) }
}

/// Accepts values of up to [`MAX_VALUE_LEN`] bytes.
#[inline]
pub fn check_value(value: &[u8]) -> Result<()> {
    match value.len() {
        0..=MAX_VALUE_LEN => Ok(()),
        len => Err(Error::ValueTooLarge(len)),
    }
}
