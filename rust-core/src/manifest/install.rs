//! How the manifest is found and replaced.

use super::Manifest;
use crate::error::{Error, Result};
use crate::fs::FileSystem;
use std::path::Path;

/// The manifest's name in its directory.
pub(crate) const MANIFEST: &str = "MANIFEST";
/// The next one's, until it is renamed.
const NEXT: &str = "MANIFEST.new";

/// Why a manifest could not be replaced.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The old one is in force, now and after a crash.
    Unchanged(Error),
    /// Either may be found after a crash.
    Unknown(Error),
}

impl Failed {
    /// What went wrong.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Unchanged(error) | Self::Unknown(error) => error,
        }
    }
}

/// The directory's manifest, if it has one.
pub(crate) fn load(fs: &dyn FileSystem, dir: &Path) -> Result<Option<Manifest>> {
    let path = dir.join(MANIFEST);
    if !fs.exists(&path)? {
        return Ok(None);
    }
    Manifest::decode(&fs.read(&path)?, &path).map(Some)
}

/// Whether a file of this name was left by a replacement that did not finish.
pub(crate) fn is_leftover(name: &str) -> bool {
    name == NEXT
}

/// Replaces the directory's manifest, durably. The names of the segments that
/// it tells of become durable before it.
pub(crate) fn store(
    fs: &dyn FileSystem,
    dir: &Path,
    manifest: &Manifest,
) -> std::result::Result<(), Failed> {
    let next = dir.join(NEXT);
    write_next(fs, dir, &next, manifest).map_err(|error| {
        // It may be there in part; if it stays, opening removes it.
        let _ = fs.remove(&next);
        Failed::Unchanged(error)
    })?;
    // Whether a rename that is told to have failed has happened is unknown, and
    // so is whether it lasts if the directory cannot be synced.
    fs.rename(&next, &dir.join(MANIFEST)).map_err(Failed::Unknown)?;
    fs.sync_dir(dir).map_err(Failed::Unknown)
}

fn write_next(fs: &dyn FileSystem, dir: &Path, next: &Path, manifest: &Manifest) -> Result<()> {
    let bytes = manifest.encode()?;
    if fs.exists(next)? {
        fs.remove(next)?;
    }
    let mut file = fs.create(next)?;
    file.write(&bytes)?;
    file.sync()?;
    fs.sync_dir(dir)
}
