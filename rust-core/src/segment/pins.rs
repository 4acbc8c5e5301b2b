//! Filters and indexes that are kept in memory.
//!
//! They are read where they lie in the mapped file, so there is nothing to be decoded or
//! copied, and no cache could serve them faster. But the system may take their pages when
//! memory is short, as it takes those of data, and then each read of an absent key waits
//! for the disk. So they are locked into memory, as long as there is leave to: up to a
//! share of the storage's memory, and up to half of what the process may lock, since the
//! program around the storage may have a use for it, too. What is not locked is left to
//! the system, which keeps what is read often.

use crate::fs::Mapping;
use rustix::process::{Resource, getrlimit};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How much of the segments of a storage may be pinned, and how much is.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    most: u64,
    pinned: AtomicU64,
}

/// The bytes that all storages of the process have pinned.
static PINNED: AtomicU64 = AtomicU64::new(0);

/// A part of a segment that is pinned. Unmapping the file ends that; this counts it.
#[derive(Debug)]
pub(super) struct Pin {
    pins: Arc<Pins>,
    bytes: u64,
}

impl Pins {
    /// Leave to pin so many bytes.
    pub(crate) fn new(most: u64) -> Self {
        Self { most, pinned: AtomicU64::new(0) }
    }

    /// The bytes that are pinned.
    pub(crate) fn bytes(&self) -> u64 {
        self.pinned.load(Relaxed)
    }

    /// Pins a part of a file, if there is leave and the system does it.
    pub(super) fn pin(self: &Arc<Self>, file: &Mapping, part: Range<usize>) -> Option<Pin> {
        let pin = self.take(part.len() as u64)?;
        file.pin(part).then_some(pin)
    }

    /// Counts bytes as pinned, if so many still may be.
    fn take(self: &Arc<Self>, bytes: u64) -> Option<Pin> {
        if bytes == 0 || self.most == 0 {
            return None;
        }
        let lockable = getrlimit(Resource::Memlock).current.map_or(u64::MAX, |most| most / 2);
        let within = |most| move |now: u64| now.checked_add(bytes).filter(|&now| now <= most);
        PINNED.fetch_update(Relaxed, Relaxed, within(lockable)).ok()?;
        if self.pinned.fetch_update(Relaxed, Relaxed, within(self.most)).is_err() {
            PINNED.fetch_sub(bytes, Relaxed);
            return None;
        }
        Some(Pin { pins: Arc::clone(self), bytes })
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.pins.pinned.fetch_sub(self.bytes, Relaxed);
        PINNED.fetch_sub(self.bytes, Relaxed);
    }
}
