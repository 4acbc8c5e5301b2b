//! Versions that are not in the memtable yet.

use super::version::Version;
use crate::error::Result;
use crate::key_version::Payload;
use std::ptr::NonNull;

/// A version on its way into the memtable; freed if it never gets there.
pub(crate) struct Pending(pub(super) NonNull<Version>);

impl Pending {
    /// Copies a payload into a version. The caller has checked its length.
    pub(crate) fn new(payload: Payload<'_>) -> Result<Self> {
        Version::allocate(payload).map(Pending)
    }

    pub(super) fn version(&self) -> &Version {
        // SAFETY: owned, so valid.
        unsafe { self.0.as_ref() }
    }

    pub(super) fn set_sequence(&mut self, sequence: u64) {
        // SAFETY: owned and not shared yet.
        unsafe { self.0.as_mut() }.sequence = sequence;
    }

    pub(super) fn into_inner(self) -> NonNull<Version> {
        let version = self.0;
        std::mem::forget(self);
        version
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // SAFETY: owned: it never got into a chain.
        unsafe { Version::free(self.0) };
    }
}
