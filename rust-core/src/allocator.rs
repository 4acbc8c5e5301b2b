//! The allocator of everything in the core, apart from the host's.

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes that the allocator holds from the system, for the whole process; the
/// host's own memory figures do not contain them. 0 without mimalloc, which
/// alone can tell.
pub(crate) fn committed_bytes() -> u64 {
    #[cfg(feature = "mimalloc")]
    {
        let mut committed = 0;
        let null = std::ptr::null_mut();
        // SAFETY: every argument is an out-pointer that is null or valid.
        unsafe {
            libmimalloc_sys::mi_process_info(
                null,
                null,
                null,
                null,
                null,
                &mut committed,
                null,
                null,
            );
        }
        committed as u64
    }
    #[cfg(not(feature = "mimalloc"))]
    0
}
