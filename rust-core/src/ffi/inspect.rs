//! Checking and repairing a data directory that nobody has open. Both tell what
//! they found as lines of text.

use super::status::*;
use super::{borrowed, path};
use crate::check::{Severity, check};
use crate::durable::LOCK_FILE;
use crate::error::{Error, Result};
use crate::fs::{Disk, FileSystem, Lock};
use crate::repair::{Salvage, counted, repair};
use std::fmt::Write;
use std::panic::catch_unwind;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

/// Bytes that the core made. A text is UTF-8, without a terminator. They are freed
/// by `mantisdb_text_free`.
#[repr(C)]
#[derive(Debug)]
pub struct MantisdbText {
    /// Its bytes; null if there are none.
    pub data: *mut u8,
    /// Their number.
    pub len: usize,
}

impl From<String> for MantisdbText {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<Vec<u8>> for MantisdbText {
    fn from(bytes: Vec<u8>) -> Self {
        let bytes = bytes.into_boxed_slice();
        match bytes.len() {
            0 => Self { data: ptr::null_mut(), len: 0 },
            len => Self { data: Box::into_raw(bytes).cast(), len },
        }
    }
}

/// Frees a text, and empties it.
///
/// # Safety
/// `text` is valid and came from the core, or is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_text_free(text: *mut MantisdbText) {
    // SAFETY: valid by the contract.
    let text = unsafe { &mut *text };
    if !text.data.is_null() {
        let bytes = ptr::slice_from_raw_parts_mut(text.data, text.len);
        // SAFETY: by the contract it is what `from` made of a boxed slice.
        drop(unsafe { Box::from_raw(bytes) });
    }
    *text = MantisdbText { data: ptr::null_mut(), len: 0 };
}

/// What a repair has kept, and what is lost. Anything but 0 in one of the last
/// four is a loss.
#[repr(C)]
#[derive(Debug, Default)]
pub struct MantisdbSalvage {
    /// Entries that the new directory holds.
    pub entries: u64,
    /// Versions that were read, older ones and deletions among them.
    pub versions: u64,
    /// Versions that should be there and were not found, as far as it is known
    /// how many there were.
    pub lost_versions: u64,
    /// Damaged parts of files.
    pub lost_parts: u64,
    /// The bytes of damaged and missing parts, as far as it is known.
    pub lost_bytes: u64,
    /// Files that are missing or cannot be read.
    pub lost_files: u64,
}

impl From<&Salvage> for MantisdbSalvage {
    fn from(salvage: &Salvage) -> Self {
        Self {
            entries: salvage.entries,
            versions: salvage.versions,
            lost_versions: salvage.lost_versions,
            lost_parts: salvage.lost_parts,
            lost_bytes: salvage.lost_bytes,
            lost_files: salvage.lost_files,
        }
    }
}

/// Verifies everything in a data directory that nobody has open, and changes
/// nothing in it. What it finds goes to `*report`, a line each; with an error, the
/// reason. `*damages` becomes the number of lines that tell of damage: 0 if all is
/// well.
///
/// # Safety
/// `dir` has `dir_len` bytes; `report` and `damages` are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_check(
    dir: *const u8,
    dir_len: usize,
    report: *mut MantisdbText,
    damages: *mut u64,
) -> i32 {
    // SAFETY: valid by the contract.
    let dir = unsafe { borrowed(dir, dir_len) };
    let checked = catch_unwind(|| {
        let dir = path(dir)?;
        let (fs, _lock) = lock(&dir)?;
        let (mut text, mut count) = (String::new(), 0);
        check(&fs, &dir, &mut |finding| {
            let kind = match finding.severity {
                Severity::Notice => "notice",
                Severity::Damage => "damage",
            };
            count += u64::from(finding.severity == Severity::Damage);
            // Writing to a string does not fail.
            let (file, offset, what) = (finding.file, finding.offset, finding.what);
            let _ = writeln!(text, "{kind}: {file} at byte {offset}: {what}");
        })?;
        Ok((text, count))
    });
    // SAFETY: valid by the contract.
    unsafe { give(checked, report, |count| *damages = count) }
}

/// Writes what can be read of a data directory that nobody has open into another,
/// which must be empty or not exist. The first one is not changed. What was kept
/// and what is lost goes to `*report`, a line each, and in numbers to `*salvage`;
/// with an error, the reason goes to `*report`.
///
/// # Safety
/// `from` has `from_len` bytes, `to` has `to_len`; `report` and `salvage` are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_repair(
    from: *const u8,
    from_len: usize,
    to: *const u8,
    to_len: usize,
    report: *mut MantisdbText,
    salvage: *mut MantisdbSalvage,
) -> i32 {
    // SAFETY: valid by the contract.
    let (from, to) = unsafe { (borrowed(from, from_len), borrowed(to, to_len)) };
    let repaired = catch_unwind(|| {
        let (from, to) = (path(from)?, path(to)?);
        let (fs, _lock) = lock(&from)?;
        let saved = repair(&fs, &from, &to)?;
        Ok((told(&saved), MantisdbSalvage::from(&saved)))
    });
    // SAFETY: valid by the contract.
    unsafe { give(repaired, report, |saved| *salvage = saved) }
}

/// What was kept and what is lost, as lines of text.
fn told(saved: &Salvage) -> String {
    let entries = match saved.entries {
        1 => "1 entry".into(),
        entries => format!("{entries} entries"),
    };
    let mut text = format!(
        "kept {entries}, of {} read\nlost {}, {} with {}, and {}\n",
        counted(saved.versions, "version"),
        counted(saved.lost_versions, "version"),
        counted(saved.lost_parts, "damaged part"),
        counted(saved.lost_bytes, "byte"),
        counted(saved.lost_files, "file"),
    );
    for note in &saved.notes {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{note}");
    }
    text
}

/// Locks a directory, so that nobody opens it meanwhile.
fn lock(dir: &Path) -> Result<(Arc<dyn FileSystem>, Box<dyn Lock>)> {
    let fs: Arc<dyn FileSystem> = Arc::new(Disk);
    let lock = fs.lock(&dir.join(LOCK_FILE))?;
    Ok((fs, lock))
}

/// Hands the text of a call over, or its error's, and its result to `keep`.
///
/// # Safety
/// `report` is valid.
unsafe fn give<T>(
    outcome: std::thread::Result<Result<(String, T)>>,
    report: *mut MantisdbText,
    keep: impl FnOnce(T),
) -> i32 {
    let (status, text) = match outcome {
        Ok(Ok((text, result))) => {
            keep(result);
            (MANTISDB_OK, text)
        }
        Ok(Err(error)) => (status_of(&error), detail_of(&error).unwrap_or_default()),
        Err(_) => (MANTISDB_PANICKED, Error::Poisoned.to_string()),
    };
    // SAFETY: valid by the contract.
    unsafe { *report = text.into() };
    status
}
