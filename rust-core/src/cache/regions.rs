//! The memory of spans: mapped from the system in regions, and given back to it span by
//! span.
//!
//! An allocator for all purposes keeps some of what is freed, the more so if others free it
//! than allocated it; what it keeps is resident and counts nowhere. Here only addresses are
//! kept, until the cache is dropped.
//!
//! A region has a *note* of some bytes for each of its spans, for their owner. Notes lie
//! side by side in the place of the region's first span. In the spans themselves, all of
//! them would be at addresses that differ by a power of two, which a processor's cache
//! keeps a few of only.

use crate::sync::{Mutex, lock};
#[cfg(target_os = "linux")]
use rustix::mm::{Advice, madvise};
#[cfg(not(crossbeam_sanitize))]
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
#[cfg(not(crossbeam_sanitize))]
use std::ptr;
use std::ptr::NonNull;

/// Bytes that are mapped together, and aligned to as many.
const REGION: usize = 4 << 20;
/// The bytes of a note, a cache line.
pub(super) const NOTE: usize = 64;
/// Spans are so long at least: a region's notes fit one.
const SHORTEST: usize = 16 << 10;
const _: () = assert!(REGION / SHORTEST * NOTE <= SHORTEST);
/// Lengths of spans are powers of two, of which there are so many at most.
const LENGTHS: usize = usize::BITS as usize;

/// See the module.
pub(super) struct Regions(Mutex<Addresses>);

struct Addresses {
    /// Spans without memory, by the logarithm of their length.
    free: [Vec<NonNull<u8>>; LENGTHS],
    mapped: Vec<NonNull<u8>>,
}

// SAFETY: these are addresses of memory that the regions own.
unsafe impl Send for Addresses {}

impl Regions {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Addresses { free: [const { Vec::new() }; LENGTHS], mapped: Vec::new() }))
    }

    /// A span of zeros, aligned to its length, which is a power of two, at least
    /// [`SHORTEST`] and well below that of a region.
    pub(super) fn alloc(&self, len: usize) -> Option<NonNull<u8>> {
        debug_assert!(len.is_power_of_two() && (SHORTEST..REGION).contains(&len));
        let mut addresses = lock(&self.0);
        let number = len.ilog2() as usize;
        if addresses.free[number].is_empty() {
            addresses.map(len)?;
        }
        let span = addresses.free[number].pop()?;
        #[cfg(crossbeam_sanitize)]
        // SAFETY: it is so long, and ours.
        unsafe {
            span.write_bytes(0, len);
        }
        Some(span)
    }

    /// Takes a span back, and its memory at once.
    ///
    /// # Safety
    /// It came from [`Regions::alloc`] with this length, and nobody uses it.
    pub(super) unsafe fn free(&self, span: NonNull<u8>, len: usize) {
        // SAFETY: by the contract nobody misses what was in it.
        unsafe { give_back(span, len) };
        lock(&self.0).free[len.ilog2() as usize].push(span);
    }
}

/// The note of the span of this length in which an address lies. It is zeros at first, and
/// belongs to the owner of the span.
#[inline]
pub(super) fn note_of(address: NonNull<u8>, len: usize) -> *mut u8 {
    let number = |a| (a & (REGION - 1)) >> len.ilog2();
    address.as_ptr().map_addr(|a| (a & !(REGION - 1)) + number(a) * NOTE)
}

/// Maps zeros: so many bytes, or as many more as make a page full.
#[cfg(not(crossbeam_sanitize))]
pub(super) fn map(len: usize) -> Option<NonNull<u8>> {
    let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
    // SAFETY: a new mapping that nobody else knows.
    let memory = unsafe { mmap_anonymous(ptr::null_mut(), len, protection, flags) };
    NonNull::new(memory.ok()?).map(NonNull::cast)
}

/// # Safety
/// The memory came from [`map`] with this length, and nobody uses it.
#[cfg(not(crossbeam_sanitize))]
pub(super) unsafe fn unmap(memory: NonNull<u8>, len: usize) {
    // SAFETY: by the contract.
    let result = unsafe { munmap(memory.as_ptr().cast(), len) };
    debug_assert!(result.is_ok());
}

/// Maps a region of zeros.
#[cfg(not(crossbeam_sanitize))]
fn map_region() -> Option<NonNull<u8>> {
    // The system aligns to pages alone, so some more at first.
    let mapped = map(2 * REGION)?;
    let before = mapped.as_ptr().align_offset(REGION);
    // SAFETY: both parts are ours, and nobody knows them.
    unsafe {
        let start = mapped.add(before);
        if before > 0 {
            unmap(mapped, before);
        }
        unmap(start.add(REGION), REGION - before);
        Some(start)
    }
}

/// # Safety
/// It came from [`map_region`], and nobody uses it.
#[cfg(not(crossbeam_sanitize))]
unsafe fn unmap_region(start: NonNull<u8>) {
    // SAFETY: by the contract.
    unsafe { unmap(start, REGION) };
}

/// As above, for the sanitizers.
#[cfg(crossbeam_sanitize)]
const REGION_LAYOUT: std::alloc::Layout = match std::alloc::Layout::from_size_align(REGION, REGION)
{
    Ok(layout) => layout,
    Err(_) => panic!("a region is aligned to its length"),
};

/// As above. Only the place of the notes is zeros: to write a whole region would take
/// longer than most tests that open a cache. Spans are cleared as they are given.
#[cfg(crossbeam_sanitize)]
fn map_region() -> Option<NonNull<u8>> {
    // SAFETY: its length is not zero; it is longer than a span.
    unsafe {
        let region = NonNull::new(std::alloc::alloc(REGION_LAYOUT))?;
        region.write_bytes(0, SHORTEST);
        Some(region)
    }
}

/// # Safety
/// It came from [`map_region`], and nobody uses it.
#[cfg(crossbeam_sanitize)]
unsafe fn unmap_region(start: NonNull<u8>) {
    // SAFETY: by the contract.
    unsafe { std::alloc::dealloc(start.as_ptr(), REGION_LAYOUT) };
}

/// For the sanitizers, which do not see the system's calls, and so would take what one
/// cache did to an address for what the next one there does.
#[cfg(crossbeam_sanitize)]
pub(super) fn map(len: usize) -> Option<NonNull<u8>> {
    let layout = std::alloc::Layout::from_size_align(len, 4096).ok()?;
    // SAFETY: no length is zero.
    NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) })
}

/// # Safety
/// As above.
#[cfg(crossbeam_sanitize)]
pub(super) unsafe fn unmap(memory: NonNull<u8>, len: usize) {
    if let Ok(layout) = std::alloc::Layout::from_size_align(len, 4096) {
        // SAFETY: by the contract.
        unsafe { std::alloc::dealloc(memory.as_ptr(), layout) };
    }
}

impl Addresses {
    /// Maps a region and parts it into spans of a length.
    fn map(&mut self, len: usize) -> Option<()> {
        let start = map_region()?;
        self.mapped.push(start);
        // SAFETY: the mapping is ours. Huge pages would be given back in part only. A
        // system that knows none refuses, which is as well.
        #[cfg(target_os = "linux")]
        let _ = unsafe { madvise(start.as_ptr().cast(), REGION, Advice::LinuxNoHugepage) };
        // SAFETY: each lies within the mapping.
        let span = |n| unsafe { start.add(n * len) };
        // The place of the first is that of the notes.
        self.free[len.ilog2() as usize].extend((1..REGION / len).rev().map(span));
        Some(())
    }
}

/// Lets the system have the memory. It is zeros from then on.
///
/// # Safety
/// It was mapped, so long, and nobody needs what is in it.
#[cfg(target_os = "linux")]
unsafe fn give_back(span: NonNull<u8>, len: usize) {
    // SAFETY: by the contract.
    let result = unsafe { madvise(span.as_ptr().cast(), len, Advice::LinuxDontNeed) };
    debug_assert!(result.is_ok());
}

/// As above, by mapping it anew.
///
/// # Safety
/// As above.
#[cfg(not(target_os = "linux"))]
unsafe fn give_back(span: NonNull<u8>, len: usize) {
    let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
    // SAFETY: by the contract; the pages are replaced where they are.
    let result =
        unsafe { mmap_anonymous(span.as_ptr().cast(), len, protection, flags | MapFlags::FIXED) };
    debug_assert!(result.is_ok());
}

impl Drop for Addresses {
    fn drop(&mut self) {
        for &start in &self.mapped {
            // SAFETY: it was mapped, and nobody uses a span of it any more.
            unsafe { unmap_region(start) };
        }
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn spans_are_apart_aligned_and_empty_again() {
        let regions = Regions::new();
        for len in [16 << 10, 64 << 10, 512 << 10] {
            let mut spans: Vec<_> = (0..100).map(|_| regions.alloc(len).unwrap()).collect();
            spans.sort();
            assert!(spans.iter().all(|span| span.addr().get() % len == 0));
            assert!(spans.windows(2).all(|two| two[1].addr().get() - two[0].addr().get() >= len));
            for &span in &spans {
                // SAFETY: the span is ours, and so long.
                unsafe { span.as_ptr().add(len - 1).write(7) };
                // SAFETY: allocated with this length, and not used below.
                unsafe { regions.free(span, len) };
            }
            let again = regions.alloc(len).unwrap();
            assert!(spans.contains(&again));
            // SAFETY: the span is ours, and so long.
            assert_eq!(unsafe { again.as_ptr().add(len - 1).read() }, 0);
        }
    }
}
