//! Watches of the change feed.

use super::borrowed;
use super::closable::Closable;
use super::handle::{Condition, MantisdbDb};
use super::snapshot::{
    MANTISDB_SCAN_HAS_END, MANTISDB_SCAN_HAS_START, MANTISDB_SCAN_KEYS_ONLY, MantisdbPage,
};
use super::status::*;
use crate::error::{Error, Result};
use crate::feed::{Change, Watch};
use crate::scan::Range;
use crate::sync::{Mutex, lock};
use std::ops::ControlFlow;
use std::ptr;
use std::sync::Arc;

/// A watch of the changes of a range. Opaque.
pub struct MantisdbWatch {
    watch: Closable<Mutex<Watch>>,
    keys_only: bool,
    condition: Arc<Condition>,
}

impl MantisdbWatch {
    fn call(&self, body: impl FnOnce(&mut Watch) -> Result<i32>) -> i32 {
        self.condition.run(|| {
            let entered = self.watch.enter().ok_or(Error::Closed)?;
            body(&mut lock(entered.get()))
        })
    }
}

/// Begins to watch the keys `start <= key < end` into `*watch`, and writes the first
/// sequence number that is watched to `*first`: for a `from` of 0 that of the next
/// write, else `from`. `flags` are `MANTISDB_SCAN_HAS_START`, `..._HAS_END` and
/// `..._KEYS_ONLY`. `MANTISDB_HISTORY_GONE` if changes from there on cannot be had any
/// more. It must be closed by `mantisdb_watch_close` and freed by
/// `mantisdb_watch_free`; it may outlive its database, and then answers
/// `MANTISDB_CLOSED`.
///
/// # Safety
/// `db` is a handle; `start` and `end` have their lengths; `watch` and `first` are
/// valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_watch_open(
    db: *const MantisdbDb,
    start: *const u8,
    start_len: usize,
    end: *const u8,
    end_len: usize,
    flags: u32,
    from: u64,
    watch: *mut *mut MantisdbWatch,
    first: *mut u64,
) -> i32 {
    // SAFETY: by the contract.
    let (db, start, end) = unsafe { (&*db, borrowed(start, start_len), borrowed(end, end_len)) };
    let has = |flag| flags & flag != 0;
    let range = Range {
        start: has(MANTISDB_SCAN_HAS_START).then_some(start),
        end: has(MANTISDB_SCAN_HAS_END).then_some(end),
        ..Range::default()
    };
    db.call_unpinned(|core| {
        let opened = Watch::open(core, &range, from)?;
        // SAFETY: by the contract.
        unsafe {
            *first = opened.from();
            *watch = Box::into_raw(Box::new(MantisdbWatch {
                watch: Closable::new(Mutex::new(opened)),
                keys_only: has(MANTISDB_SCAN_KEYS_ONLY),
                condition: Arc::clone(&db.condition),
            }));
        }
        Ok(MANTISDB_OK)
    })
}

/// Closes a watch. A call in flight finishes, later ones return `MANTISDB_CLOSED`;
/// closing again does nothing.
///
/// # Safety
/// `watch` came from `mantisdb_watch_open` and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_watch_close(watch: *mut MantisdbWatch) {
    // SAFETY: by the contract.
    let watch = unsafe { &*watch };
    watch.watch.close_caught();
}

/// Closes a watch if need be and frees its handle. Null does nothing.
///
/// # Safety
/// `watch` came from `mantisdb_watch_open`; it is not used any more, by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_watch_free(watch: *mut MantisdbWatch) {
    if watch.is_null() {
        return;
    }
    // SAFETY: by the contract it is ours alone.
    unsafe {
        mantisdb_watch_close(watch);
        drop(Box::from_raw(watch));
    }
}

/// Writes the changes that come next into `buffer`, as many as fit and are there; it
/// does not wait for any. A change is packed as sequence u64 (little-endian) and an
/// operation in the form of a batch, of which a watch of keys only leaves out the
/// values of puts; of a deleted range it is the part that is watched. Changes lie back
/// to back. `page->more` tells whether it is worth asking again at once.
/// `MANTISDB_SHORT_BUFFER`: not even one fits, `page->needed` bytes are needed.
/// `MANTISDB_WATCH_TOO_SLOW` or `MANTISDB_HISTORY_GONE`: changes that come next are gone.
///
/// # Safety
/// `watch` is a handle; `buffer` has room for `capacity` bytes; `page` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_watch_page(
    watch: *const MantisdbWatch,
    buffer: *mut u8,
    capacity: usize,
    page: *mut MantisdbPage,
) -> i32 {
    // SAFETY: by the contract.
    let watch = unsafe { &*watch };
    watch.call(|opened| {
        let mut writer =
            Writer { buffer, capacity, keys_only: watch.keys_only, page: MantisdbPage::default() };
        // SAFETY: by the contract.
        let polled = opened.poll(|change| unsafe { writer.add(change) });
        let written = &mut writer.page;
        written.more = match polled {
            // What comes before the error is given first; it comes again.
            Err(_) if written.count > 0 => true,
            polled => polled?,
        };
        // SAFETY: by the contract.
        unsafe { *page = *written };
        let is_short = written.count == 0 && written.needed > 0;
        Ok(if is_short { MANTISDB_SHORT_BUFFER } else { MANTISDB_OK })
    })
}

/// Packs changes into the caller's buffer.
struct Writer {
    buffer: *mut u8,
    capacity: usize,
    keys_only: bool,
    page: MantisdbPage,
}

impl Writer {
    /// # Safety
    /// The buffer has room for the capacity.
    unsafe fn add(&mut self, change: Change<'_>) -> ControlFlow<()> {
        let op = if self.keys_only { change.op.without_value() } else { change.op };
        let (header, key, value) = op.pack();
        let sequence = change.sequence.to_le_bytes();
        let parts = [&sequence[..], &header, key, value];
        let needed: usize = parts.iter().map(|part| part.len()).sum();
        if needed > self.capacity - self.page.used {
            self.page.needed = needed;
            return ControlFlow::Break(());
        }
        for part in parts {
            // SAFETY: `needed` bytes fit behind those used.
            unsafe {
                let to = self.buffer.add(self.page.used);
                ptr::copy_nonoverlapping(part.as_ptr(), to, part.len());
            }
            self.page.used += part.len();
        }
        self.page.count += 1;
        ControlFlow::Continue(())
    }
}
