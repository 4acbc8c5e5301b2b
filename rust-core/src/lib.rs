//! The storage core of MantisDB: an ordered map from byte keys to byte values
//! with versions, expiry, atomic batches and snapshots, made for many threads.
//!
//! [`Storage`] is the way in for Rust; the C ABI is in [`ffi`].
//!
//! ```
//! use mantisdb_core::{Storage, WriteBatch};
//!
//! let storage = Storage::open()?;
//! storage.put(b"city/oslo", b"717710", 0)?;
//! assert_eq!(storage.get_vec(b"city/oslo")?.as_deref(), Some(&b"717710"[..]));
//!
//! let mut batch = WriteBatch::new();
//! batch.put(b"city/bergen", b"291940", 0)?;
//! batch.delete(b"city/oslo")?;
//! storage.write(batch.packed())?;
//! assert_eq!(storage.stats().keys, 1);
//! # Ok::<(), mantisdb_core::Error>(())
//! ```

// The model tests use a part of the crate.
#![cfg_attr(feature = "shuttle", allow(dead_code))]

mod allocator;
pub mod batch;
mod block_cache;
mod budget;
pub mod cache;
pub mod check;
mod clock;
mod commit;
mod compaction;
mod durable;
pub mod error;
mod feed;
pub mod ffi;
pub mod fs;
pub mod read_set;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    //! Ways in for the targets in `fuzz/`.
    pub use crate::manifest::fuzz_manifest;
    pub use crate::segment::fuzzing::*;
    pub use crate::wal::fuzzing::*;
}
mod garbage;
mod janitor;
mod key_version;
pub mod limits;
mod manifest;
mod memtable;
mod merge;
mod range_tombstones;
pub mod repair;
mod scan;
mod segment;
mod segment_store;
mod sequence;
#[cfg(all(test, feature = "shuttle"))]
mod shuttle_tests;
mod snapshot;
mod stats;
pub mod storage;
mod sync;
#[cfg(all(test, not(feature = "shuttle")))]
mod test_scale;
mod threads;
mod tree;
mod underway;
mod wal;

pub use batch::WriteBatch;
pub use durable::Durability;
pub use error::{Error, Result};
pub use feed::{Change, Watch};
pub use scan::{Range, ScanEntry};
pub use segment::Compression;
pub use storage::{
    Expected, Modification, Modified, Options, Prefix, PutIfAbsent, Snapshot, Stats, Storage,
    ValueRef,
};
