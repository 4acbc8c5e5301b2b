//! Databases: opening, closing, and entering calls.

use super::status::*;
use super::{MantisdbText, borrowed, copy_out, durability_of, path};
use crate::error::{Error, Result};
use crate::segment::Compression;
use crate::storage::{Core, Options, Prefix, Stats, Storage};
use crate::sync::{Mutex, lock};
use crossbeam_epoch as epoch;
use std::collections::BTreeMap;
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
    /// What the newest error of each status had to tell beyond it. Errors of two
    /// calls at once can swap their details, but never their kinds.
    details: Mutex<BTreeMap<i32, String>>,
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
            Ok(Err(error)) => self.status_of(&error),
            Err(_) => {
                self.poisoned.store(true, SeqCst);
                MANTISDB_PANICKED
            }
        }
    }
}

impl Condition {
    /// Ends all later calls.
    pub(super) fn close(&self) {
        self.closed.store(true, SeqCst);
    }

    /// An error's status. If it has more to tell, that can be asked for.
    #[cold]
    fn status_of(&self, error: &Error) -> i32 {
        let status = status_of(error);
        if let Some(detail) = detail_of(error) {
            lock(&self.details).insert(status, detail);
        }
        status
    }
}

impl MantisdbDb {
    /// Runs the body of a call that may take long: it holds up no garbage.
    pub(super) fn call_unpinned(&self, body: impl FnOnce(&Arc<Core>) -> Result<i32>) -> i32 {
        self.condition.run(|| {
            let core = {
                let _guard = epoch::pin();
                // SAFETY: null, or dropped no sooner than our guard.
                let storage = unsafe { self.storage.load(SeqCst).as_ref() };
                Arc::clone(storage.ok_or(Error::Closed)?.core())
            };
            body(&core)
        })
    }

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
    /// the storage any more. What it has in a directory is durable afterwards, or
    /// that is the error; it is unlocked in any case.
    fn close(&self) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(2);
        self.condition.close();
        let storage = self.storage.swap(ptr::null_mut(), SeqCst);
        if storage.is_null() {
            return Ok(());
        }
        // SAFETY: it came from a box, and only this call has swapped it out.
        let storage = unsafe { Box::from_raw(storage) };
        let drained = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&drained);
        // Who loaded the pointer before it was swapped out is pinned.
        epoch::pin().defer(move || done.store(true, SeqCst));
        let start = Instant::now();
        while !drained.load(SeqCst) && start.elapsed() < PATIENCE {
            // Moves the epoch on, if nobody is pinned in an old one.
            epoch::pin().flush();
            std::thread::yield_now();
        }
        let closed = storage.close();
        // Whom we had no patience for may still use it.
        epoch::pin().defer(move || drop(storage));
        epoch::pin().flush();
        closed
    }
}

/// How to open a database. Zeroes are a good choice.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MantisdbOptions {
    /// How many keys there is room for from the start.
    pub expected_keys: u64,
    /// Bytes that the database may take in memory; 0 for any number. In a directory, what
    /// has no room is read from there. Without one, the database is a cache: live entries
    /// leave for good when it is full.
    pub memory_limit: u64,
    /// Bytes of new versions after which they are flushed; 0 for 64 MiB.
    pub write_buffer: u64,
    /// `MANTISDB_DURABILITY_...` of writes that do not say it themselves.
    pub durability: u32,
    /// `MANTISDB_COMPRESSION_...` of segments.
    pub compression: u32,
    /// The keys that never leave a cache: those that begin with the first `pinned_len` of
    /// these bytes; none if that is 0.
    pub pinned: [u8; 16],
    /// At most 16.
    pub pinned_len: u64,
}

/// Segments are compressed by LZ4.
pub const MANTISDB_COMPRESSION_LZ4: u32 = 0;
/// Segments are not compressed.
pub const MANTISDB_COMPRESSION_NONE: u32 = 1;
/// Segments are compressed by Zstandard.
pub const MANTISDB_COMPRESSION_ZSTD: u32 = 2;
/// Of a prefix: as what has another one.
pub const MANTISDB_COMPRESSION_AS_OTHERS: u32 = 3;

impl MantisdbOptions {
    fn read(&self) -> Result<Options> {
        Ok(Options {
            expected_keys: usize::try_from(self.expected_keys)
                .map_err(|_| Error::InvalidArgument("more keys than there are addresses"))?,
            memory_limit: self.memory_limit,
            write_buffer: self.write_buffer,
            durability: durability_of(self.durability)?,
            compression: compression_of(self.compression)?,
            pinned: self.pinned()?,
            ..Options::default()
        })
    }

    fn pinned(&self) -> Result<Prefix> {
        let len = usize::try_from(self.pinned_len).unwrap_or(usize::MAX);
        let pinned = self.pinned.get(..len);
        Prefix::new(pinned.ok_or(Error::InvalidArgument("pinned keys with a longer prefix"))?)
    }
}

pub(super) fn compression_of(number: u32) -> Result<Compression> {
    match number {
        MANTISDB_COMPRESSION_LZ4 => Ok(Compression::Lz4),
        MANTISDB_COMPRESSION_NONE => Ok(Compression::None),
        MANTISDB_COMPRESSION_ZSTD => Ok(Compression::Zstd),
        _ => Err(Error::InvalidArgument("no compression has this number")),
    }
}

/// Opens the database in the directory `dir` (a path in the system's own bytes),
/// or an empty one in memory if `dir_len` is 0, into `*db`. It must be closed by
/// `mantisdb_close` and then freed by `mantisdb_free`. If that fails, `*db` is
/// null and up to `message_capacity` bytes of a message (UTF-8, no terminator)
/// are written to `message`, its length to `*message_len`.
///
/// # Safety
/// `dir` has `dir_len` bytes; `options`, `db` and `message_len` are valid,
/// `message` has room for `message_capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_open(
    dir: *const u8,
    dir_len: usize,
    options: *const MantisdbOptions,
    db: *mut *mut MantisdbDb,
    message: *mut u8,
    message_capacity: usize,
    message_len: *mut usize,
) -> i32 {
    // SAFETY: valid by the contract.
    let (dir, options) = unsafe { (borrowed(dir, dir_len), &*options) };
    let opened = catch_unwind(|| {
        let options = options.read()?;
        match dir {
            [] => Storage::open_with(options),
            dir => Storage::open_dir(&path(dir)?, options),
        }
    });
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
        Ok(Err(error)) => (status_of(&error), detail_of(&error).unwrap_or_default()),
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

/// Writes what the newest error of this database with the status `status` had to
/// tell beyond that (UTF-8, no terminator) to `message`, up to `capacity` bytes, and
/// its length to `*len`; 0 if there was none. Of two calls at once that fail with
/// one status, both may be told of the later. It works after the close, too.
///
/// # Safety
/// `db` is a handle; `message` has room for `capacity` bytes; `len` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_last_error(
    db: *const MantisdbDb,
    status: i32,
    message: *mut u8,
    capacity: usize,
    len: *mut usize,
) {
    // SAFETY: valid by the contract.
    let details = lock(&unsafe { &*db }.condition.details);
    let text = details.get(&status).map_or("", String::as_str);
    // SAFETY: valid by the contract.
    unsafe {
        copy_out(text.as_bytes(), message, capacity);
        *len = text.len().min(capacity);
    }
}

/// Closes a database. Calls in flight finish, later ones return
/// `MANTISDB_CLOSED`; closing again does nothing, and does not wait for the first
/// one. What was acknowledged is on disk afterwards, whatever its level; an error
/// (`MANTISDB_IO`, `MANTISDB_DISK_FULL`, ...) tells that some of it may not be. If the
/// log had failed before, that is `MANTISDB_WRITES_FAILED`, and only returned if
/// something may be lost that was acknowledged by then. The database is closed and
/// the directory unlocked in any case. The memory of the data is given back in the
/// background, once its snapshots are closed too.
///
/// # Safety
/// `db` came from `mantisdb_open` and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_close(db: *mut MantisdbDb) -> i32 {
    // SAFETY: valid by the contract.
    let db = unsafe { &*db };
    match catch_unwind(AssertUnwindSafe(|| db.close())) {
        Ok(Ok(())) => MANTISDB_OK,
        Ok(Err(error)) => db.condition.status_of(&error),
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

/// Writes to `*text` what the database is made of at this moment, as JSON that has at most
/// `most_segments` segments and says how many more there are. It takes time and bytes by
/// their number: some 300 bytes each.
///
/// # Safety
/// `db` is a handle, `text` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_structure(
    db: *const MantisdbDb,
    most_segments: u64,
    text: *mut MantisdbText,
) -> i32 {
    // SAFETY: valid by the contract.
    unsafe { &*db }.call_unpinned(|core| {
        let most = usize::try_from(most_segments).unwrap_or(usize::MAX);
        let told = core.structure(most).to_string();
        // SAFETY: valid by the contract.
        unsafe { *text = told.into() };
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
