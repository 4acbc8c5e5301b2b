//! Conditional and read-modify-write operations of one key.

use super::handle::MantisdbDb;
use super::inspect::MantisdbText;
use super::point::MantisdbMeta;
use super::status::*;
use super::{borrowed, copy_out, durability_of};
use crate::error::{Error, Result};
use crate::storage::{Expected, Modification, ValueRef};

/// Stores `value` if the key's value is `expected`.
pub const MANTISDB_MODIFY_COMPARE_VALUE: u32 = 1;
/// Stores `value` if the key's value was written under the sequence number
/// `number`; 0: if the key has none.
pub const MANTISDB_MODIFY_COMPARE_SEQUENCE: u32 = 2;
/// Stores `value`, whatever there is.
pub const MANTISDB_MODIFY_EXCHANGE: u32 = 3;
/// Removes the value.
pub const MANTISDB_MODIFY_TAKE: u32 = 4;
/// Adds `number` to the value, a decimal number of 64 bits; none is 0.
pub const MANTISDB_MODIFY_INCREMENT: u32 = 5;
/// Adds `value` at the value's end; none is an empty one.
pub const MANTISDB_MODIFY_APPEND: u32 = 6;
/// Sets the value's expiry to `expires_at`, if there is a value.
pub const MANTISDB_MODIFY_EXPIRE: u32 = 7;

/// How a `mantisdb_modify` ended.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MantisdbModified {
    /// The sequence number of the write; 0 if nothing was to be done.
    pub sequence: u64,
    /// The new number after an increment, the new length after an append.
    pub number: i64,
    /// Whether the key had a value before.
    pub existed: bool,
    /// What it was, if it existed.
    pub before: MantisdbMeta,
}

/// Changes a key's value in one step, in the way that `kind`, a
/// `MANTISDB_MODIFY_...`, says. A value that is stored anew expires at `expires_at`,
/// in Unix milliseconds, 0 for never; one that is changed keeps its expiry.
/// `*modified` tells what was done. The value before an exchange or a take is copied
/// into `buffer` if it has room, else to `*rest`, which the caller frees by
/// `mantisdb_text_free`; `*rest` is empty otherwise.
///
/// As with all writes, a write is visible, and has to be waited for by
/// `mantisdb_sync` if it shall be on disk; `MANTISDB_BUSY` means that nothing was
/// written and the call is to be made again.
///
/// # Safety
/// `db` is a handle; `key`, `value` and `expected` have their lengths; `buffer` has
/// room for `capacity` bytes; `modified` and `rest` are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_modify(
    db: *const MantisdbDb,
    kind: u32,
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
    expected: *const u8,
    expected_len: usize,
    number: i64,
    expires_at: u64,
    durability: u32,
    buffer: *mut u8,
    capacity: usize,
    modified: *mut MantisdbModified,
    rest: *mut MantisdbText,
) -> i32 {
    // SAFETY: by the contract.
    let (db, key, value, expected) = unsafe {
        let expected = borrowed(expected, expected_len);
        (&*db, borrowed(key, key_len), borrowed(value, value_len), expected)
    };
    db.call(|storage| {
        let modification = modification_of(kind, value, expected, number, expires_at)?;
        let durability = durability_of(durability)?;
        let mut before = Before { buffer, capacity, ..Before::default() };
        before.wanted = matches!(modification, Modification::Take | Modification::Exchange(..));
        // SAFETY: by the contract the buffer has room.
        let look = |value: Option<ValueRef<'_>>| unsafe { before.set(value) };
        let end = storage.modify_visible(key, &modification, durability, look)?;
        let meta = before.meta.unwrap_or_default();
        // SAFETY: by the contract.
        unsafe {
            *modified = MantisdbModified {
                sequence: end.sequence,
                number: end.number,
                existed: before.meta.is_some(),
                before: meta,
            };
            *rest = MantisdbText::from(before.rest);
        }
        Ok(MANTISDB_OK)
    })
}

fn modification_of<'a>(
    kind: u32,
    value: &'a [u8],
    expected: &'a [u8],
    number: i64,
    expires_at: u64,
) -> Result<Modification<'a>> {
    Ok(match kind {
        MANTISDB_MODIFY_COMPARE_VALUE => {
            Modification::CompareAndSwap(Expected::Value(expected), value, expires_at)
        }
        MANTISDB_MODIFY_COMPARE_SEQUENCE => {
            Modification::CompareAndSwap(Expected::Sequence(number as u64), value, expires_at)
        }
        MANTISDB_MODIFY_EXCHANGE => Modification::Exchange(value, expires_at),
        MANTISDB_MODIFY_TAKE => Modification::Take,
        MANTISDB_MODIFY_INCREMENT => Modification::Increment(number),
        MANTISDB_MODIFY_APPEND => Modification::Append(value),
        MANTISDB_MODIFY_EXPIRE => Modification::Expire(expires_at),
        _ => return Err(Error::InvalidArgument("no modification has this number")),
    })
}

/// The value before, on its way to the caller.
struct Before {
    buffer: *mut u8,
    capacity: usize,
    wanted: bool,
    meta: Option<MantisdbMeta>,
    /// The value, if the buffer is too small for it.
    rest: Vec<u8>,
}

impl Default for Before {
    fn default() -> Self {
        let buffer = std::ptr::null_mut();
        Self { buffer, capacity: 0, wanted: false, meta: None, rest: Vec::new() }
    }
}

impl Before {
    /// # Safety
    /// The buffer has room for the capacity.
    unsafe fn set(&mut self, value: Option<ValueRef<'_>>) {
        self.rest.clear();
        self.meta = value.map(|value| MantisdbMeta {
            value_len: value.bytes.len(),
            sequence: value.sequence,
            expires_at: value.expires_at,
        });
        let Some(value) = value.filter(|_| self.wanted) else { return };
        if value.bytes.len() > self.capacity {
            self.rest.extend_from_slice(value.bytes);
        } else {
            // SAFETY: by the contract.
            unsafe { copy_out(value.bytes, self.buffer, self.capacity) };
        }
    }
}
