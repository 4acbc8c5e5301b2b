//! The fixed inputs: the same keys and values in each run, on every machine.

/// Bytes of a value.
pub(crate) const VALUE_LEN: usize = 100;

/// The i-th key, in no order: an odd factor maps distinct numbers to distinct ones.
pub(crate) fn key(i: u64) -> [u8; 16] {
    let mut key = *b"key/....\0\0\0\0\0\0\0\0";
    key[8..].copy_from_slice(&i.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    key
}

/// The value of the i-th key.
pub(crate) fn value(i: u64) -> [u8; VALUE_LEN] {
    [i as u8; VALUE_LEN]
}
