//! Durability and upkeep of a database in a directory.

use super::handle::{MANTISDB_COMPRESSION_AS_OTHERS, MantisdbDb, compression_of};
use super::status::*;
use super::{borrowed, copy_out, path};

/// Makes every write up to `sequence` durable, or for 0 all that are visible, and
/// tells the newest durable sequence number in `*durable`. A number that no write has
/// yet stands for the newest visible one. Calls at the same time share one sync. It
/// blocks for as long as the disk takes. Only with 0 are writes of
/// `MANTISDB_DURABILITY_MEMORY` concerned, which are flushed then.
///
/// # Safety
/// `db` is a handle, `durable` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_sync(
    db: *const MantisdbDb,
    sequence: u64,
    durable: *mut u64,
) -> i32 {
    // SAFETY: valid by the contract.
    unsafe { &*db }.call_unpinned(|core| {
        let through = core.sync(sequence)?;
        // SAFETY: valid by the contract.
        unsafe { *durable = through };
        Ok(MANTISDB_OK)
    })
}

/// Writes everything that is committed by now into segments. It takes as long as
/// the disk takes.
///
/// # Safety
/// `db` is a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_flush(db: *const MantisdbDb) -> i32 {
    // SAFETY: valid by the contract.
    unsafe { &*db }.call_unpinned(|core| core.flush().map(|()| MANTISDB_OK))
}

/// Sets how what is stored under keys with a prefix is compressed, from the next flush
/// or compaction on until the database is closed: `MANTISDB_COMPRESSION_...`, or
/// `MANTISDB_COMPRESSION_AS_OTHERS` as all other keys. No such prefix may begin with
/// another one. In memory it makes no difference.
///
/// # Safety
/// `db` is a handle; `prefix` has `prefix_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_set_compression(
    db: *const MantisdbDb,
    prefix: *const u8,
    prefix_len: usize,
    compression: u32,
) -> i32 {
    // SAFETY: valid by the contract.
    let (db, prefix) = unsafe { (&*db, borrowed(prefix, prefix_len)) };
    db.call(|storage| {
        let rule = match compression {
            MANTISDB_COMPRESSION_AS_OTHERS => None,
            number => Some(compression_of(number)?),
        };
        storage.set_compression(prefix, rule).map(|()| MANTISDB_OK)
    })
}

/// Flushes, and then compacts until there is nothing left to gain.
///
/// # Safety
/// `db` is a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_compact(db: *const MantisdbDb) -> i32 {
    // SAFETY: valid by the contract.
    unsafe { &*db }.call_unpinned(|core| core.compact().map(|()| MANTISDB_OK))
}

/// Makes a copy of the database, of everything that is committed by now, in the
/// directory `dir`, which must not exist or be empty. Writes go on meanwhile.
///
/// # Safety
/// `db` is a handle; `dir` has `dir_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_checkpoint(
    db: *const MantisdbDb,
    dir: *const u8,
    dir_len: usize,
) -> i32 {
    // SAFETY: valid by the contract.
    let (db, dir) = unsafe { (&*db, borrowed(dir, dir_len)) };
    db.call_unpinned(|core| core.checkpoint(&path(dir)?).map(|()| MANTISDB_OK))
}

/// Writes what went wrong last in the background (a flush, a compaction; it is
/// tried again) to `message`, up to `capacity` bytes of UTF-8 without terminator,
/// its length to `*len`, 0 if nothing did, and how often something did to `*failures`.
/// It is cheap while that is 0.
///
/// # Safety
/// `db` is a handle; `message` has room for `capacity` bytes; `len` and `failures` are
/// valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_background_error(
    db: *const MantisdbDb,
    message: *mut u8,
    capacity: usize,
    len: *mut usize,
    failures: *mut u64,
) -> i32 {
    // SAFETY: valid by the contract.
    unsafe { &*db }.call(|storage| {
        let count = storage.background_failures();
        let text = storage.background_error().map(|error| error.to_string()).unwrap_or_default();
        // SAFETY: valid by the contract.
        unsafe {
            copy_out(text.as_bytes(), message, capacity);
            *len = text.len().min(capacity);
            *failures = count;
        }
        Ok(MANTISDB_OK)
    })
}
