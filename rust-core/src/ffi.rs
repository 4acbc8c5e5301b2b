//! The C ABI. `include/mantisdb_core.h` is made from it.
//!
//! # Rules
//! - Every function may be called from any thread, and returns a
//!   `MANTISDB_...` status: 0 is success, positive are answers, negative are
//!   errors. A call that returns an error has changed nothing.
//! - Pointers passed in are borrowed for the call. Lengths are in bytes. A null
//!   pointer is allowed where its length is 0.
//! - Results are copied into the caller's buffers. If one is too small, the
//!   status is `MANTISDB_SHORT_BUFFER` and the needed length is told.
//! - Handles are opaque. Closing one ends its use: calls in flight finish, later
//!   ones return `MANTISDB_CLOSED`, also when both race. Its few bytes stay valid
//!   until it is freed, which its owner does when no call can come any more.
//! - A panic becomes `MANTISDB_PANICKED`, and from then on the database and its
//!   snapshots return `MANTISDB_POISONED`.

mod cache;
mod calls;
mod closable;
mod departed;
mod feed;
mod handle;
mod inspect;
mod maintain;
mod modify;
mod point;
mod simulate;
mod snapshot;
mod status;

use crate::durable::Durability;
use crate::error::{Error, Result};
use std::path::PathBuf;

pub use cache::*;
pub use feed::*;
pub use handle::*;
pub use inspect::*;
pub use maintain::*;
pub use modify::*;
pub use point::*;
pub use simulate::*;
pub use snapshot::*;
pub use status::*;

/// The version of this ABI. It changes with every incompatible change; a caller
/// compares it with [`mantisdb_abi_version`] before anything else.
pub const MANTISDB_ABI_VERSION: u32 = 11;

/// The ABI version that the library was built with.
#[unsafe(no_mangle)]
pub extern "C" fn mantisdb_abi_version() -> u32 {
    MANTISDB_ABI_VERSION
}

/// A write is as durable as the database was opened for; and a database as
/// [`MANTISDB_DURABILITY_SYNC`].
pub const MANTISDB_DURABILITY_DEFAULT: u32 = 0;
/// A write is done once it is on disk. The call returns when it is visible; the
/// caller then waits by `mantisdb_sync`.
pub const MANTISDB_DURABILITY_SYNC: u32 = 1;
/// A write is done once the system has it; it is on disk a second later.
pub const MANTISDB_DURABILITY_BUFFERED: u32 = 2;
/// A write is done once it is visible, and is not logged.
pub const MANTISDB_DURABILITY_MEMORY: u32 = 3;

/// The durability of a number.
fn durability_of(number: u32) -> Result<Durability> {
    match number {
        MANTISDB_DURABILITY_DEFAULT => Ok(Durability::Default),
        MANTISDB_DURABILITY_SYNC => Ok(Durability::Sync),
        MANTISDB_DURABILITY_BUFFERED => Ok(Durability::Buffered),
        MANTISDB_DURABILITY_MEMORY => Ok(Durability::Memory),
        _ => Err(Error::InvalidArgument("no durability has this number")),
    }
}

/// A path in the system's own bytes.
fn path(bytes: &[u8]) -> Result<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        if bytes.contains(&0) {
            return Err(Error::InvalidArgument("a path holds a zero byte"));
        }
        Ok(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
    }
    #[cfg(not(unix))]
    std::str::from_utf8(bytes)
        .map(PathBuf::from)
        .map_err(|_| Error::InvalidArgument("a path is not UTF-8"))
}

/// The caller's bytes; an empty slice for a null pointer.
///
/// # Safety
/// `data` is null or points to `len` bytes that do not change for `'a`.
unsafe fn borrowed<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if data.is_null() || len == 0 {
        &[]
    } else {
        // SAFETY: by the contract.
        unsafe { std::slice::from_raw_parts(data, len) }
    }
}

/// Copies as much of `bytes` as fits, and tells whether that is all.
///
/// # Safety
/// `buffer` is null with a `capacity` of 0, or has room for `capacity` bytes.
unsafe fn copy_out(bytes: &[u8], buffer: *mut u8, capacity: usize) -> bool {
    let len = bytes.len().min(capacity);
    if len > 0 {
        // SAFETY: by the contract; what is read is ours, so it does not overlap.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, len) };
    }
    len == bytes.len()
}
