//! One version of a key's value.

use crate::allocator::pool;
use crate::error::{Error, Result};
use crate::key_version::Payload;
use crate::limits::MAX_VALUE_LEN;
use crate::sync::atomic::AtomicPtr;
use std::mem::{offset_of, size_of};
use std::ptr::{self, NonNull};

/// A version: 28 bytes of header, then the value's bytes in the same
/// allocation, so that reaching a value from its key's entry is one miss.
///
/// Everything but `next` is constant once the version is in a chain.
#[repr(C)]
pub(super) struct Version {
    /// The write's sequence number.
    pub(super) sequence: u64,
    /// Unix milliseconds; 0 for never.
    pub(super) expires_at: u64,
    /// The next older version; see `chain`.
    pub(super) next: AtomicPtr<Version>,
    /// The value's length, and [`TOMBSTONE`].
    meta: u32,
    // The value's bytes start here, in what would else be padding.
}

/// Marks in `meta` a version that says that the key was deleted.
const TOMBSTONE: u32 = 1 << 31;
const VALUE_OFFSET: usize = offset_of!(Version, meta) + size_of::<u32>();

const _: () = assert!(MAX_VALUE_LEN < TOMBSTONE as usize);

impl Version {
    /// Allocates a version outside any chain. The caller owns it; its sequence
    /// is yet to be set.
    pub(super) fn allocate(payload: Payload<'_>) -> Result<NonNull<Version>> {
        let (value, expires_at, mark) = match payload {
            Payload::Value(value, expires_at) => (value, expires_at, 0),
            Payload::Tombstone => (&[][..], 0, TOMBSTONE),
        };
        let memory = pool::get(size(value.len()));
        let version = NonNull::new(memory.cast::<Version>()).ok_or(Error::OutOfMemory)?;
        let header = Version {
            sequence: 0,
            expires_at,
            next: AtomicPtr::new(ptr::null_mut()),
            // Callers check the length; the size was computed from it.
            meta: value.len() as u32 | mark,
        };
        // SAFETY: the allocation is fresh, aligned for `Version`, and has room
        // for the header and `value.len()` bytes from `VALUE_OFFSET` on. The
        // value is written last since the header's padding overlaps its start.
        unsafe {
            version.write(header);
            let bytes = version.as_ptr().cast::<u8>().add(VALUE_OFFSET);
            ptr::copy_nonoverlapping(value.as_ptr(), bytes, value.len());
        }
        Ok(version)
    }

    /// Frees a version.
    ///
    /// # Safety
    /// It came from [`Version::allocate`], and nobody will use it any more.
    pub(super) unsafe fn free(version: NonNull<Version>) {
        // SAFETY: by the contract it is valid and ours alone.
        let len = unsafe { version.as_ref() }.value_len();
        // SAFETY: got by `allocate` with the size of this length.
        unsafe { pool::put(version.cast(), size(len)) };
    }

    #[inline]
    pub(super) fn value_len(&self) -> usize {
        (self.meta & !TOMBSTONE) as usize
    }

    #[inline]
    pub(super) fn is_tombstone(&self) -> bool {
        self.meta & TOMBSTONE != 0
    }

    /// The bytes that the version takes.
    pub(super) fn footprint(&self) -> usize {
        size(self.value_len())
    }

    /// The value's bytes, borrowed as long as the version.
    ///
    /// # Safety
    /// `version` points to a version from [`Version::allocate`] that lives for
    /// `'a`. (A reference to the header alone does not reach past it.)
    #[inline]
    pub(super) unsafe fn value<'a>(version: *const Version) -> &'a [u8] {
        // SAFETY: the value's bytes lie in the version's allocation, were
        // written before it was published and do not change.
        unsafe {
            let len = (*version).value_len();
            std::slice::from_raw_parts(version.cast::<u8>().add(VALUE_OFFSET), len)
        }
    }
}

/// The size of the block of a version.
fn size(value_len: usize) -> usize {
    pool::rounded((VALUE_OFFSET + value_len).max(size_of::<Version>()))
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn header_is_28_bytes() {
        assert_eq!(VALUE_OFFSET, 28);
        assert_eq!(size(100), 128);
    }

    #[test]
    fn holds_what_it_was_given() {
        for len in [0, 1, 3, 4, 5, 100, 70_000] {
            let value: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let version = Version::allocate(Payload::Value(&value, 42)).unwrap();
            // SAFETY: just allocated, and freed only below.
            unsafe {
                assert_eq!(Version::value(version.as_ptr()), value);
                assert_eq!(version.as_ref().expires_at, 42);
                assert!(!version.as_ref().is_tombstone());
                Version::free(version);
            }
        }
        let version = Version::allocate(Payload::Tombstone).unwrap();
        // SAFETY: just allocated, and freed only here.
        unsafe {
            assert!(version.as_ref().is_tombstone());
            assert_eq!(version.as_ref().value_len(), 0);
            Version::free(version);
        }
    }
}
