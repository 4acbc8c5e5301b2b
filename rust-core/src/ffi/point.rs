//! Reads and writes of keys.

use super::handle::MantisdbDb;
use super::status::*;
use super::{borrowed, copy_out, durability_of};
use crate::error::{Error, Result};
use crate::storage::{PutIfAbsent, ValueRef};

/// What a read tells of a value.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MantisdbMeta {
    /// The value's length in bytes.
    pub value_len: usize,
    /// The sequence number of the write.
    pub sequence: u64,
    /// When the value stops existing, in Unix milliseconds; 0 for never.
    pub expires_at: u64,
}

/// Copies a value out and describes it.
///
/// # Safety
/// `buffer` has room for `capacity` bytes, `meta` is valid.
#[inline]
pub(super) unsafe fn give(
    value: ValueRef<'_>,
    buffer: *mut u8,
    capacity: usize,
    meta: *mut MantisdbMeta,
) -> i32 {
    // SAFETY: by the contract.
    unsafe {
        *meta = MantisdbMeta {
            value_len: value.bytes.len(),
            sequence: value.sequence,
            expires_at: value.expires_at,
        };
        if value.bytes.len() > capacity {
            return MANTISDB_SHORT_BUFFER;
        }
        copy_out(value.bytes, buffer, capacity);
    }
    MANTISDB_OK
}

/// Reads the newest value of a key into `buffer` and describes it in `*meta`.
/// `MANTISDB_SHORT_BUFFER`: nothing was copied, `meta->value_len` is needed.
///
/// # Safety
/// `db` is a handle; `key` has `key_len` bytes, `buffer` room for `capacity`;
/// `meta` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_get(
    db: *const MantisdbDb,
    key: *const u8,
    key_len: usize,
    buffer: *mut u8,
    capacity: usize,
    meta: *mut MantisdbMeta,
) -> i32 {
    // SAFETY: by the contract.
    let (db, key) = unsafe { (&*db, borrowed(key, key_len)) };
    db.call(|storage| {
        // SAFETY: by the contract.
        let status = storage.get(key, |value| unsafe { give(value, buffer, capacity, meta) })?;
        if status == Some(MANTISDB_SHORT_BUFFER) {
            storage.uncount_gets(1, 1);
        }
        Ok(status.unwrap_or(MANTISDB_NOT_FOUND))
    })
}

/// Tells by `MANTISDB_OK` or `MANTISDB_NOT_FOUND` whether a key has a live value.
///
/// # Safety
/// `db` is a handle; `key` has `key_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_has(
    db: *const MantisdbDb,
    key: *const u8,
    key_len: usize,
) -> i32 {
    // SAFETY: by the contract.
    let (db, key) = unsafe { (&*db, borrowed(key, key_len)) };
    db.call(|storage| Ok(storage.get(key, |_| MANTISDB_OK)?.unwrap_or(MANTISDB_NOT_FOUND)))
}

/// Where the results of a `mantisdb_multi_get` go.
struct Values {
    buffer: *mut u8,
    capacity: usize,
    lengths: *mut i64,
    /// The length of all values so far.
    total: usize,
    /// How many there are.
    found: u64,
}

/// Reads `count` keys as of one moment. `keys` holds them back to back;
/// `key_ends[i]` is where the i-th ends. `lengths[i]` becomes the i-th value's
/// length, or -1 if the key has none; the values come back to back into
/// `buffer`. `*total` becomes the length of all values; if it is greater than
/// `capacity`, the status is `MANTISDB_SHORT_BUFFER` and `buffer` is of no use.
///
/// # Safety
/// `db` is a handle; `keys` has `keys_len` bytes; `key_ends` and `lengths` have
/// `count` elements; `buffer` has room for `capacity` bytes; `total` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_multi_get(
    db: *const MantisdbDb,
    keys: *const u8,
    keys_len: usize,
    key_ends: *const u32,
    count: usize,
    buffer: *mut u8,
    capacity: usize,
    lengths: *mut i64,
    total: *mut usize,
) -> i32 {
    // SAFETY: by the contract.
    let (db, keys) = unsafe { (&*db, borrowed(keys, keys_len)) };
    db.call(|storage| {
        if count == 0 {
            // SAFETY: by the contract.
            unsafe { *total = 0 };
            return Ok(MANTISDB_OK);
        }
        // SAFETY: by the contract.
        let ends = unsafe { std::slice::from_raw_parts(key_ends, count) };
        let keys: Vec<_> = split(keys, ends)?;
        let mut values = Values { buffer, capacity, lengths, total: 0, found: 0 };
        storage.multi_get(
            &keys,
            &mut values,
            // SAFETY: by the contract; `i` is below `count`.
            |values, i, value| unsafe { values.set(i, value) },
            |values| (values.total, values.found) = (0, 0),
        )?;
        // SAFETY: by the contract.
        unsafe { *total = values.total };
        if values.total > capacity {
            storage.uncount_gets(count as u64, values.found);
            return Ok(MANTISDB_SHORT_BUFFER);
        }
        Ok(MANTISDB_OK)
    })
}

impl Values {
    /// # Safety
    /// The pointers are as `mantisdb_multi_get` demands, and `i` is in range.
    #[inline]
    unsafe fn set(&mut self, i: usize, value: Option<ValueRef<'_>>) {
        let length = value.map_or(-1, |v| v.bytes.len() as i64);
        // SAFETY: by the contract.
        unsafe { *self.lengths.add(i) = length };
        let Some(value) = value else { return };
        if let Some(room) = self.capacity.checked_sub(self.total) {
            // SAFETY: the total is within the capacity.
            unsafe { copy_out(value.bytes, self.buffer.wrapping_add(self.total), room) };
        }
        self.total += value.bytes.len();
        self.found += 1;
    }
}

/// The parts of an arena, by their ends.
pub(super) fn split<'a, C: FromIterator<&'a [u8]>>(arena: &'a [u8], ends: &[u32]) -> Result<C> {
    let mut start = 0;
    ends.iter()
        .map(|&end| {
            let part = arena.get(start..end as usize);
            start = end as usize;
            part.ok_or(Error::InvalidArgument("a part ends beyond the whole, or before it starts"))
        })
        .collect()
}

/// Stores a value under a key. `expires_at` is in Unix milliseconds, 0 for
/// never; `durability` is a `MANTISDB_DURABILITY_...`. `*sequence` becomes the
/// write's sequence number: it is visible, and has to be waited for by
/// `mantisdb_sync` if it shall be on disk. As with all writes, `MANTISDB_BUSY`
/// means that nothing was written and the call is to be made again.
///
/// # Safety
/// `db` is a handle; `key` has `key_len` bytes and `value` has `value_len`;
/// `sequence` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_put(
    db: *const MantisdbDb,
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
    expires_at: u64,
    durability: u32,
    sequence: *mut u64,
) -> i32 {
    // SAFETY: by the contract.
    let (db, key, value) = unsafe { (&*db, borrowed(key, key_len), borrowed(value, value_len)) };
    db.call(|storage| {
        let written = storage.put_visible(key, value, expires_at, durability_of(durability)?)?;
        // SAFETY: by the contract.
        unsafe { *sequence = written };
        Ok(MANTISDB_OK)
    })
}

/// As `mantisdb_put`, but only if the key has no live value: else
/// `MANTISDB_EXISTS`, and nothing is written.
///
/// # Safety
/// As `mantisdb_put`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_put_if_absent(
    db: *const MantisdbDb,
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
    expires_at: u64,
    durability: u32,
    sequence: *mut u64,
) -> i32 {
    // SAFETY: by the contract.
    let (db, key, value) = unsafe { (&*db, borrowed(key, key_len), borrowed(value, value_len)) };
    db.call(|storage| {
        match storage.put_if_absent_visible(key, value, expires_at, durability_of(durability)?)? {
            PutIfAbsent::Stored(written) => {
                // SAFETY: by the contract.
                unsafe { *sequence = written };
                Ok(MANTISDB_OK)
            }
            PutIfAbsent::Exists => Ok(MANTISDB_EXISTS),
        }
    })
}

/// Removes a key, which need not exist. `*sequence` becomes the write's sequence
/// number.
///
/// # Safety
/// `db` is a handle; `key` has `key_len` bytes; `sequence` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_delete(
    db: *const MantisdbDb,
    key: *const u8,
    key_len: usize,
    durability: u32,
    sequence: *mut u64,
) -> i32 {
    // SAFETY: by the contract.
    let (db, key) = unsafe { (&*db, borrowed(key, key_len)) };
    db.call(|storage| {
        let written = storage.delete_visible(key, durability_of(durability)?)?;
        // SAFETY: by the contract.
        unsafe { *sequence = written };
        Ok(MANTISDB_OK)
    })
}

/// Applies a packed batch, whole or not at all. `*sequence` becomes the sequence
/// number of its last operation, 0 for an empty batch. The packed form is
/// operations back to back, integers little-endian: kind u8 (1 put, 2 delete),
/// key length u32, value length u32, expiry u64, key, value.
///
/// # Safety
/// `db` is a handle; `batch` has `batch_len` bytes; `sequence` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_write(
    db: *const MantisdbDb,
    batch: *const u8,
    batch_len: usize,
    durability: u32,
    sequence: *mut u64,
) -> i32 {
    // SAFETY: by the contract.
    let (db, batch) = unsafe { (&*db, borrowed(batch, batch_len)) };
    db.call(|storage| {
        let written = storage.write_visible(batch, durability_of(durability)?)?;
        // SAFETY: by the contract.
        unsafe { *sequence = written };
        Ok(MANTISDB_OK)
    })
}
