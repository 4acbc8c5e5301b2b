//! Checking a data directory: every checksum, order and reference.

use crate::batch;
use crate::durable::LOCK_FILE;
use crate::error::{Error, Result};
use crate::fs::FileSystem;
use crate::manifest::{self, MANIFEST, Manifest};
use crate::segment_store::{check_lone_segment, check_segment, segment_id, segment_name};
use crate::wal;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// The file by which the layer above knows whose directory it is.
const MARKER: &str = "MANTISDB";
/// A directory that file systems keep where they begin.
const LOST_AND_FOUND: &str = "lost+found";

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// What a crash leaves: opening the database cleans it up.
    Notice,
    /// Data is damaged or missing.
    Damage,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file's path.
    pub file: String,
    /// Where in the file, in bytes; 0 if it is about all of it.
    pub offset: u64,
    /// What it is.
    pub what: String,
}

/// Reads all of a data directory and reports what is wrong. It changes nothing.
/// Nobody has the database open meanwhile. Fails only if the directory cannot be
/// listed.
pub fn check(fs: &Arc<dyn FileSystem>, dir: &Path, report: &mut dyn FnMut(Finding)) -> Result<()> {
    let names = fs.list(dir)?;
    let manifest = check_manifest(&**fs, dir, &names, report);
    check_segments(fs, dir, &names, manifest.as_ref(), report);
    check_names(dir, &names, manifest.as_ref(), report);
    check_others(&**fs, dir, manifest.as_ref(), report)?;
    check_log(&**fs, dir, manifest.map(|m| m.flushed), report);
    Ok(())
}

/// The segments that the manifest names; without it all there are, each by
/// itself.
fn check_segments(
    fs: &Arc<dyn FileSystem>,
    dir: &Path,
    names: &[String],
    manifest: Option<&Manifest>,
    report: &mut dyn FnMut(Finding),
) {
    let Some(manifest) = manifest else {
        for (name, id) in names.iter().filter_map(|name| Some((name, segment_id(name)?))) {
            let path = dir.join(name);
            check_lone_segment(fs, dir, id, &mut |error| report(damage(&path, error)));
        }
        return;
    };
    for (_, entry) in manifest.segments() {
        let path = dir.join(segment_name(entry.id));
        check_segment(fs, dir, entry, &mut |error| report(damage(&path, error)));
    }
}

fn check_manifest(
    fs: &dyn FileSystem,
    dir: &Path,
    names: &[String],
    report: &mut dyn FnMut(Finding),
) -> Option<Manifest> {
    match manifest::load(fs, dir) {
        Ok(Some(manifest)) => return Some(manifest),
        Ok(None) => {
            // A directory in which nothing was ever written has none.
            let is_used = names.iter().any(|n| segment_id(n).is_some() || wal::is_log_name(n));
            let severity = if is_used { Severity::Damage } else { Severity::Notice };
            let file = dir.join(MANIFEST).display().to_string();
            report(Finding { severity, file, offset: 0, what: "missing manifest".into() });
        }
        Err(error) => report(damage(&dir.join(MANIFEST), error)),
    }
    None
}

/// Files that belong to nothing.
fn check_names(
    dir: &Path,
    names: &[String],
    manifest: Option<&Manifest>,
    report: &mut dyn FnMut(Finding),
) {
    let live = manifest.map(live_segments);
    for name in names {
        let what = match segment_id(name) {
            Some(id) if live.as_ref().is_some_and(|live| !live.contains(&id)) => {
                "segment that the manifest does not name"
            }
            None if manifest::is_leftover(name) => "manifest that was not finished",
            None if ![MANIFEST, LOCK_FILE, MARKER].contains(&name.as_str())
                && !wal::is_log_name(name) =>
            {
                "unknown file"
            }
            _ => continue,
        };
        let (severity, file) = (Severity::Notice, dir.join(name).display().to_string());
        report(Finding { severity, file, offset: 0, what: what.into() });
    }
}

/// What is no file, and so belongs to nothing. A segment of the manifest that is
/// none is told where it is read.
fn check_others(
    fs: &dyn FileSystem,
    dir: &Path,
    manifest: Option<&Manifest>,
    report: &mut dyn FnMut(Finding),
) -> Result<()> {
    let live = manifest.map(live_segments);
    for name in fs.list_others(dir)? {
        let (severity, what) = match (segment_id(&name), &live) {
            _ if name == LOST_AND_FOUND || name == MANIFEST => continue,
            (Some(id), Some(live)) if live.contains(&id) => continue,
            (Some(_), None) => (Severity::Damage, "named like a segment, but not a file"),
            (Some(_), Some(_)) => (Severity::Notice, "named like a segment, but not a file"),
            _ if wal::is_log_name(&name) => {
                (Severity::Damage, "named like a file of the log, but not a file")
            }
            _ => (Severity::Notice, "unknown directory"),
        };
        let file = dir.join(name).display().to_string();
        report(Finding { severity, file, offset: 0, what: what.into() });
    }
    Ok(())
}

fn live_segments(manifest: &Manifest) -> HashSet<u64> {
    manifest.segments().map(|(_, segment)| segment.id).collect()
}

/// The log, behind what is flushed; all of it, if only the manifest knew that.
fn check_log(
    fs: &dyn FileSystem,
    dir: &Path,
    flushed: Option<u64>,
    report: &mut dyn FnMut(Finding),
) {
    let flushed = flushed.unwrap_or_else(|| wal::beginning(fs, dir).unwrap_or(0));
    let recovered = wal::recover(fs, dir, flushed, |first, count, payload| {
        check_record(payload, count).map_err(|what| Error::Corrupt {
            file: dir.display().to_string(),
            offset: 0,
            what: format!("log record {first}: {what}"),
        })
    });
    match recovered {
        Ok(recovered) => {
            if let Some(torn) = recovered.torn {
                report(Finding {
                    severity: Severity::Notice,
                    file: torn.file.display().to_string(),
                    offset: torn.offset,
                    what: format!("unfinished end of the log, {} bytes", torn.bytes),
                });
            }
        }
        Err(error) => report(damage(dir, error)),
    }
}

/// Whether a record's payload is a batch of so many operations, or a record of
/// nothing.
fn check_record(payload: &[u8], count: u64) -> std::result::Result<(), String> {
    batch::parse_record(payload, count).map(drop).map_err(|error| error.to_string())
}

/// An error as a finding; `path` is what was read, if the error does not say.
fn damage(path: &Path, error: Error) -> Finding {
    let severity = Severity::Damage;
    match error {
        Error::Corrupt { file, offset, what } => Finding { severity, file, offset, what },
        other => {
            let (file, what) = (path.display().to_string(), other.to_string());
            Finding { severity, file, offset: 0, what }
        }
    }
}
