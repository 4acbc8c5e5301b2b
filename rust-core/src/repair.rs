//! Saving what can be read of a damaged data directory into a new one.

mod counted;
mod gather;
mod sorted;

use crate::compaction::rebuild;
use crate::error::{Error, Result};
use crate::fs::FileSystem;
use crate::manifest::{self, MANIFEST};
use crate::segment_store::{SegmentStore, StoreOptions, segment_id, segment_name};
use crate::wal;
pub(crate) use counted::counted;
use gather::Gathered;
use std::path::Path;
use std::sync::Arc;

/// What was saved, and what was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Salvage {
    /// Versions that were read, of segments and of the log, older ones of the
    /// same key and tombstones among them.
    pub versions: u64,
    /// Versions that the new directory holds: one of each live key.
    pub entries: u64,
    /// Versions that segments or the log should have and that were not found, as
    /// far as manifest, segments and log say how many there were.
    pub lost_versions: u64,
    /// Damaged parts of segments and of the log; each may have held several
    /// blocks or records.
    pub lost_parts: u64,
    /// The bytes of those parts, and of what is missing, as far as it is known.
    pub lost_bytes: u64,
    /// Files that could not be read at all, or are missing.
    pub lost_files: u64,
    /// What else to know, a sentence each.
    pub notes: Vec<String>,
}

impl Salvage {
    /// Whether the new directory may hold less than the old one did, or what was
    /// deleted from it.
    pub fn has_losses(&self) -> bool {
        (self.lost_versions, self.lost_parts, self.lost_bytes, self.lost_files) != (0, 0, 0, 0)
    }
}

/// A segment to read.
struct Wanted {
    name: String,
    /// Its versions and its length in bytes, by the manifest.
    written: Option<(u64, u64)>,
}

/// Writes what can be read of the data directory `old` into the directory `new`,
/// which must be empty or not exist. `old` is only read; nobody has it open
/// meanwhile. `new` needs twice the space for a while.
///
/// Of each key the newest version that can be read wins, so one that was lost
/// may give way to an older one, and a lost deletion may bring an older version
/// back. A damaged manifest is not needed: then all segment files are read.
pub fn repair(fs: &Arc<dyn FileSystem>, old: &Path, new: &Path) -> Result<Salvage> {
    let names = fs.list(old)?;
    if fs.exists(new)? && !fs.list(new)?.is_empty() {
        return Err(Error::InvalidArgument("the new directory is not empty"));
    }
    let mut salvage = Salvage::default();
    let (segments, flushed) = segments_to_read(&**fs, old, &names, &mut salvage);
    let store = SegmentStore::open(Arc::clone(fs), new, StoreOptions::default())?;
    let mut gathered = Gathered::new(&store, &mut salvage);
    let result = gathered
        .read_segments(&**fs, old, &segments)
        .and_then(|()| gathered.read_log(&**fs, old, flushed));
    let last = gathered.last_sequence().max(flushed.unwrap_or(0));
    let raw = gathered.into_segments();
    let result = result.and_then(|()| {
        let opened = raw.iter().map(|&id| store.open_segment(id)).collect::<Result<_>>()?;
        rebuild(&store, opened, last)
    });
    store.abandon(&raw);
    result?;
    salvage.entries = store.current().stats().iter().map(|level| level.entries).sum();
    Ok(salvage)
}

/// The segments that count, and the sequence number up to which they hold every
/// write; `None` if only the manifest knew.
fn segments_to_read(
    fs: &dyn FileSystem,
    old: &Path,
    names: &[String],
    salvage: &mut Salvage,
) -> (Vec<Wanted>, Option<u64>) {
    let reason = match manifest::load(fs, old) {
        Ok(Some(manifest)) => {
            // Others are older: what was deleted would come back.
            let named = manifest.segments().map(|(_, segment)| Wanted {
                name: segment_name(segment.id),
                written: Some((segment.entries, segment.file_len)),
            });
            return (named.collect(), Some(manifest.flushed));
        }
        Ok(None) => "there is none".to_owned(),
        Err(error) => error.to_string(),
    };
    let all = names.iter().filter(|name| segment_id(name).is_some());
    let all: Vec<_> = all.map(|name| Wanted { name: name.clone(), written: None }).collect();
    if all.is_empty() && !names.iter().any(|n| n == MANIFEST || wal::is_log_name(n)) {
        // Nothing was ever written here.
        return (all, None);
    }
    salvage.lost_files += 1;
    salvage.notes.push(format!(
        "without the manifest ({reason}) every segment file was read: what was deleted shortly \
         before may be back"
    ));
    (all, None)
}

#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests;
