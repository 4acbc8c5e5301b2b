//! Databases: opening, closing, and entering calls.

use super::status::*;
use super::{borrowed, copy_out};
use crate::error::{Error, Result};
use crate::storage::{Stats, Storage};
use crossbeam_epoch as epoch;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// An open database. Opaque.
pub struct MantisdbDb {
    /// Null once closed. It is dropped by way of the epoch, so a call that found
    /// it uses it to its end.
    storage: AtomicPtr<Storage>,
    pub(super) condition: Arc<Condition>,
}

/// What a database shares with its snapshots.
#[derive(Default)]
pub(super) struct Condition {
    closed: AtomicBool,
    poisoned: AtomicBool,
}

impl Condition {
    /// Runs the body of a call. Errors become their status, a panic poisons.
    #[inline]
    pub(super) fn run(&self, body: impl FnOnce() -> Result<i32>) -> i32 {
        if self.closed.load(SeqCst) {
            return MANTISDB_CLOSED;
        }
        if self.poisoned.load(SeqCst) {
            return MANTISDB_POISONED;
        }
        match catch_unwind(AssertUnwindSafe(body)) {
            Ok(Ok(status)) => status,
            Ok(Err(error)) => status_of(&error),
            Err(_) => {
                self.poisoned.store(true, SeqCst);
                MANTISDB_PANICKED
            }
        }
    }
}

impl MantisdbDb {
    /// Runs the body of a call with the storage.
    #[inline]
    pub(super) fn call(&self, body: impl FnOnce(&Storage) -> Result<i32>) -> i32 {
        self.condition.run(|| {
            let _guard = epoch::pin();
            // SAFETY: null, or dropped no sooner than our guard.
            let storage = unsafe { self.storage.load(SeqCst).as_ref() };
            body(storage.ok_or(Error::Closed)?)
        })
    }
}

impl MantisdbDb {
    /// Closes the database and waits, if only for so long, until no call uses
    /// the storage any more and it is dropped.
    fn close(&self) {
        const PATIENCE: Duration = Duration::from_millis(100);
        self.condition.closed.store(true, SeqCst);
        let storage = self.storage.swap(ptr::null_mut(), SeqCst);
        if storage.is_null() {
            return;
        }
        // SAFETY: it came from a box, and only this call has swapped it out.
        let storage = unsafe { Box::from_raw(storage) };
        // The janitor goes on to move the epoch if we run out of patience.
        storage.close();
        let dropped = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&dropped);
        // Who loaded the pointer before it was swapped out is pinned.
        epoch::pin().defer(move || {
            drop(storage);
            done.store(true, SeqCst);
        });
        let start = Instant::now();
        while !dropped.load(SeqCst) && start.elapsed() < PATIENCE {
            // Moves the epoch on, if nobody is pinned in an old one.
            epoch::pin().flush();
            std::thread::yield_now();
        }
    }
}

/// Opens an empty database in memory into `*db`. It must be closed by
/// `mantisdb_close` and then freed by `mantisdb_free`. If that fails, `*db` is
/// null and up to `message_capacity` bytes of a message (UTF-8, no terminator)
/// are written to `message`, its length to `*message_len`.
///
/// # Safety
/// `db` and `message_len` are valid, `message` has room for
/// `message_capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_open(
    db: *mut *mut MantisdbDb,
    message: *mut u8,
    message_capacity: usize,
    message_len: *mut usize,
) -> i32 {
    let opened = catch_unwind(Storage::open);
    let (status, text) = match opened {
        Ok(Ok(storage)) => {
            let handle = MantisdbDb {
                storage: AtomicPtr::new(Box::into_raw(Box::new(storage))),
                condition: Arc::default(),
            };
            // SAFETY: valid by the contract.
            unsafe { *db = Box::into_raw(Box::new(handle)) };
            return MANTISDB_OK;
        }
        Ok(Err(error)) => (status_of(&error), error.to_string()),
        Err(_) => (MANTISDB_PANICKED, "the core panicked while opening".into()),
    };
    // SAFETY: valid by the contract.
    unsafe {
        *db = ptr::null_mut();
        copy_out(text.as_bytes(), message, message_capacity);
        *message_len = text.len().min(message_capacity);
    }
    status
}

/// Closes a database. Calls in flight finish, later ones return
/// `MANTISDB_CLOSED`; closing again does nothing. The memory of the data is
/// given back in the background, once its snapshots are closed too.
///
/// # Safety
/// `db` came from `mantisdb_open` and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_close(db: *mut MantisdbDb) -> i32 {
    // SAFETY: valid by the contract.
    let db = unsafe { &*db };
    match catch_unwind(AssertUnwindSafe(|| db.close())) {
        Ok(()) => MANTISDB_OK,
        Err(_) => MANTISDB_PANICKED,
    }
}

/// Closes a database if need be and frees its handle. Null does nothing.
///
/// # Safety
/// `db` came from `mantisdb_open`; it is not used any more, by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_free(db: *mut MantisdbDb) {
    if db.is_null() {
        return;
    }
    // SAFETY: by the contract it is ours alone.
    unsafe {
        mantisdb_close(db);
        drop(Box::from_raw(db));
    }
}

/// Writes figures of this moment to `*stats`.
///
/// # Safety
/// `db` is a handle, `stats` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_stats(db: *const MantisdbDb, stats: *mut Stats) -> i32 {
    // SAFETY: valid by the contract.
    unsafe { &*db }.call(|storage| {
        // SAFETY: valid by the contract.
        unsafe { *stats = storage.stats() };
        Ok(MANTISDB_OK)
    })
}

/// Makes the database fail as after a panic in the core: how a caller tests what
/// it does then.
///
/// # Safety
/// `db` is a handle; `note` has `note_len` bytes of UTF-8 for the panic's message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_test_panic(
    db: *const MantisdbDb,
    note: *const u8,
    note_len: usize,
) -> i32 {
    // SAFETY: valid by the contract.
    let (db, note) = unsafe { (&*db, borrowed(note, note_len)) };
    db.call(|_| panic!("asked to panic: {}", String::from_utf8_lossy(note)))
}
