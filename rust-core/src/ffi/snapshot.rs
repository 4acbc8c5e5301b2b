//! Snapshots and scans.

use super::closable::Closable;
use super::handle::{Condition, MantisdbDb};
use super::point::{MantisdbMeta, give};
use super::status::*;
use super::{borrowed, durability_of};
use crate::error::{Error, Result};
use crate::scan::{Range, ScanEntry};
use crate::storage::Snapshot;
use std::ops::ControlFlow;
use std::ptr;
use std::sync::Arc;

/// An open snapshot. Opaque.
pub struct MantisdbSnapshot {
    snapshot: Closable<Snapshot>,
    condition: Arc<Condition>,
}

impl MantisdbSnapshot {
    /// The handle of a snapshot of a database, for `mantisdb_snapshot_free`.
    fn handle(snapshot: Snapshot, db: &MantisdbDb) -> *mut Self {
        let condition = Arc::clone(&db.condition);
        Box::into_raw(Box::new(Self { snapshot: Closable::new(snapshot), condition }))
    }

    fn call(&self, body: impl FnOnce(&Snapshot) -> Result<i32>) -> i32 {
        self.condition.run(|| body(self.snapshot.enter().ok_or(Error::Closed)?.get()))
    }
}

/// Opens a snapshot of everything committed so far into `*snapshot`, and tells
/// the newest sequence number that it sees. It must be closed by
/// `mantisdb_snapshot_close` and freed by `mantisdb_snapshot_free`; it may
/// outlive its database, and then answers `MANTISDB_CLOSED`.
///
/// # Safety
/// `db` is a handle; `snapshot` and `sequence` are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_snapshot_open(
    db: *const MantisdbDb,
    snapshot: *mut *mut MantisdbSnapshot,
    sequence: *mut u64,
) -> i32 {
    // SAFETY: by the contract.
    let db = unsafe { &*db };
    db.call(|storage| {
        let opened = storage.snapshot()?;
        // SAFETY: by the contract.
        unsafe {
            *sequence = opened.sequence();
            *snapshot = MantisdbSnapshot::handle(opened, db);
        }
        Ok(MANTISDB_OK)
    })
}

/// Closes a snapshot. Calls in flight finish, later ones return
/// `MANTISDB_CLOSED`; closing again does nothing.
///
/// # Safety
/// `snapshot` came from `mantisdb_snapshot_open` and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_snapshot_close(snapshot: *mut MantisdbSnapshot) {
    // SAFETY: by the contract.
    let snapshot = unsafe { &*snapshot };
    snapshot.snapshot.close_caught();
}

/// Closes a snapshot if need be and frees its handle. Null does nothing.
///
/// # Safety
/// `snapshot` came from `mantisdb_snapshot_open`; it is not used any more, by
/// any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_snapshot_free(snapshot: *mut MantisdbSnapshot) {
    if snapshot.is_null() {
        return;
    }
    // SAFETY: by the contract it is ours alone.
    unsafe {
        mantisdb_snapshot_close(snapshot);
        drop(Box::from_raw(snapshot));
    }
}

/// Reads a key as of a snapshot, else as `mantisdb_get`.
///
/// # Safety
/// `snapshot` is a handle; `key` has `key_len` bytes, `buffer` room for
/// `capacity`; `meta` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_snapshot_get(
    snapshot: *const MantisdbSnapshot,
    key: *const u8,
    key_len: usize,
    buffer: *mut u8,
    capacity: usize,
    meta: *mut MantisdbMeta,
) -> i32 {
    // SAFETY: by the contract.
    let (snapshot, key) = unsafe { (&*snapshot, borrowed(key, key_len)) };
    snapshot.call(|snapshot| {
        // SAFETY: by the contract.
        let status = snapshot.get(key, |value| unsafe { give(value, buffer, capacity, meta) })?;
        if status == Some(MANTISDB_SHORT_BUFFER) {
            snapshot.uncount_hit();
        }
        Ok(status.unwrap_or(MANTISDB_NOT_FOUND))
    })
}

/// Applies a packed batch as `mantisdb_write` does, if what was read at the snapshot
/// still holds; else `MANTISDB_CONFLICT`, and nothing is written. `reads` is the
/// packed form of what was read: reads back to back, integers little-endian: kind
/// u8 (1 a key, 2 a range), first length u32, second length u32, sequence u64, expiry
/// u64, first, second. Of a key, `first` is the key, and sequence and expiry are those
/// of the value that it had, 0 for none; of a range, `first` is its start and `second`
/// its end, empty for none, the sequence is 0, and the expiry that of the value that
/// expires first. An expiry is in Unix milliseconds, 0 for never.
///
/// # Safety
/// `snapshot` is a handle; `batch` and `reads` have their lengths; `sequence` is
/// valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_snapshot_write_if(
    snapshot: *const MantisdbSnapshot,
    batch: *const u8,
    batch_len: usize,
    reads: *const u8,
    reads_len: usize,
    durability: u32,
    sequence: *mut u64,
) -> i32 {
    // SAFETY: by the contract.
    let (snapshot, batch, reads) =
        unsafe { (&*snapshot, borrowed(batch, batch_len), borrowed(reads, reads_len)) };
    snapshot.call(|snapshot| {
        let written = snapshot.write_if_visible(batch, reads, durability_of(durability)?)?;
        // SAFETY: by the contract.
        unsafe { *sequence = written };
        Ok(MANTISDB_OK)
    })
}

/// Keys come in descending order.
pub const MANTISDB_SCAN_REVERSE: u32 = 1;
/// Values are left out; their lengths are told as 0.
pub const MANTISDB_SCAN_KEYS_ONLY: u32 = 2;
/// The range has a start.
pub const MANTISDB_SCAN_HAS_START: u32 = 4;
/// The range has an end.
pub const MANTISDB_SCAN_HAS_END: u32 = 8;
/// The start itself is not in the range: how an ascending scan goes on after the
/// last key of a page.
pub const MANTISDB_SCAN_START_EXCLUSIVE: u32 = 16;
/// This is not the first page of a scan, for the count of scans.
pub const MANTISDB_SCAN_CONTINUED: u32 = 32;

/// What a page of a scan holds.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MantisdbPage {
    /// How many entries were written.
    pub count: usize,
    /// How many bytes they take.
    pub used: usize,
    /// With `MANTISDB_SHORT_BUFFER`: how many bytes the next entry takes.
    pub needed: usize,
    /// Whether the range may hold more entries after these.
    pub more: bool,
}

/// Writes entries of the keys `start <= key < end` as of the snapshot into
/// `buffer`, as many as fit and at most `limit`. `flags` are `MANTISDB_SCAN_...`.
/// An entry is packed as key length u32, value length u32, sequence u64, expiry
/// u64 (little-endian), key, value; entries lie back to back. What lies behind
/// `limit` entries is not looked at: `page->more` is set then.
/// `MANTISDB_SHORT_BUFFER`: not even one fits, `page->needed` bytes are needed.
///
/// # Safety
/// `snapshot` is a handle; `start` and `end` have their lengths; `buffer` has room
/// for `capacity` bytes; `page` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_scan_page(
    snapshot: *const MantisdbSnapshot,
    start: *const u8,
    start_len: usize,
    end: *const u8,
    end_len: usize,
    flags: u32,
    limit: usize,
    buffer: *mut u8,
    capacity: usize,
    page: *mut MantisdbPage,
) -> i32 {
    // SAFETY: by the contract.
    let (snapshot, start, end) =
        unsafe { (&*snapshot, borrowed(start, start_len), borrowed(end, end_len)) };
    snapshot.call(|snapshot| {
        let writer = PageWriter::new(buffer, capacity, flags);
        // SAFETY: by the contract.
        let filled = unsafe { writer.fill(snapshot, &range_of(start, end, flags), limit)? };
        // SAFETY: by the contract.
        unsafe { *page = filled };
        Ok(filled.status())
    })
}

/// Writes the first page of a scan of everything committed so far, as
/// `mantisdb_scan_page` does. If the scan is to go on behind it, since the range may
/// hold more and fewer than `limit` entries were written, `*snapshot` becomes a
/// snapshot of what the page saw, for the further pages; it is as one that
/// `mantisdb_snapshot_open` opened. Else, and after any other status than
/// `MANTISDB_OK`, nothing is left open, and `*snapshot` is not changed.
///
/// # Safety
/// `db` is a handle; `start` and `end` have their lengths; `buffer` has room for
/// `capacity` bytes; `page` and `snapshot` are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_scan(
    db: *const MantisdbDb,
    start: *const u8,
    start_len: usize,
    end: *const u8,
    end_len: usize,
    flags: u32,
    limit: usize,
    buffer: *mut u8,
    capacity: usize,
    page: *mut MantisdbPage,
    snapshot: *mut *mut MantisdbSnapshot,
) -> i32 {
    // SAFETY: by the contract.
    let (db, start, end) = unsafe { (&*db, borrowed(start, start_len), borrowed(end, end_len)) };
    db.call(|storage| {
        let opened = storage.snapshot()?;
        let writer = PageWriter::new(buffer, capacity, flags);
        // SAFETY: by the contract.
        let filled = unsafe { writer.fill(&opened, &range_of(start, end, flags), limit)? };
        // SAFETY: by the contract.
        unsafe { *page = filled };
        if filled.status() == MANTISDB_OK && filled.more && filled.count < limit {
            // SAFETY: by the contract.
            unsafe { *snapshot = MantisdbSnapshot::handle(opened, db) };
        }
        Ok(filled.status())
    })
}

/// The range that a call names.
fn range_of<'a>(start: &'a [u8], end: &'a [u8], flags: u32) -> Range<'a> {
    let has = |flag| flags & flag != 0;
    Range {
        start: has(MANTISDB_SCAN_HAS_START).then_some(start),
        start_exclusive: has(MANTISDB_SCAN_START_EXCLUSIVE),
        end: has(MANTISDB_SCAN_HAS_END).then_some(end),
        reverse: has(MANTISDB_SCAN_REVERSE),
    }
}

impl MantisdbPage {
    fn status(&self) -> i32 {
        let is_short = self.count == 0 && self.more;
        if is_short { MANTISDB_SHORT_BUFFER } else { MANTISDB_OK }
    }
}

/// Packs entries into the caller's buffer.
struct PageWriter {
    buffer: *mut u8,
    capacity: usize,
    flags: u32,
    page: MantisdbPage,
}

impl PageWriter {
    const HEADER_LEN: usize = 24;

    fn new(buffer: *mut u8, capacity: usize, flags: u32) -> Self {
        Self { buffer, capacity, flags, page: MantisdbPage::default() }
    }

    /// Packs at most `limit` entries of a range, and counts the scan if it begins.
    ///
    /// # Safety
    /// The buffer has room for the capacity.
    unsafe fn fill(
        mut self,
        snapshot: &Snapshot,
        range: &Range<'_>,
        limit: usize,
    ) -> Result<MantisdbPage> {
        if limit == 0 {
            return Err(Error::InvalidArgument("a page of no entries"));
        }
        if self.flags & MANTISDB_SCAN_CONTINUED == 0 {
            snapshot.count_scan();
        }
        // SAFETY: by the contract.
        snapshot.scan_up_to(range, limit as u64, |entry| unsafe { self.add(entry) })?;
        self.page.more |= self.page.count == limit;
        Ok(self.page)
    }

    /// # Safety
    /// The buffer has room for the capacity.
    #[inline]
    unsafe fn add(&mut self, entry: ScanEntry<'_>) -> ControlFlow<()> {
        let keys_only = self.flags & MANTISDB_SCAN_KEYS_ONLY != 0;
        let value = if keys_only { &[] } else { entry.value };
        let needed = Self::HEADER_LEN + entry.key.len() + value.len();
        if needed > self.capacity - self.page.used {
            self.page.needed = needed;
            self.page.more = true;
            return ControlFlow::Break(());
        }
        let mut header = [0; Self::HEADER_LEN];
        // Lengths are limited far below 32 bits.
        header[..4].copy_from_slice(&(entry.key.len() as u32).to_le_bytes());
        header[4..8].copy_from_slice(&(value.len() as u32).to_le_bytes());
        header[8..16].copy_from_slice(&entry.sequence.to_le_bytes());
        header[16..].copy_from_slice(&entry.expires_at.to_le_bytes());
        for part in [&header[..], entry.key, value] {
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
