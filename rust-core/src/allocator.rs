//! The allocator of everything in the core, apart from the host's.

pub(crate) mod pool;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Has the allocator give free memory back to the system when it gets free, and not
/// after a while, which without further calls is never. From then on, for good.
pub(crate) fn give_back_at_once() {
    #[cfg(feature = "mimalloc")]
    {
        /// The number of `mi_option_purge_delay`, which the binding does not name.
        const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
        static ONCE: std::sync::Once = std::sync::Once::new();
        // SAFETY: it sets a number that is read when pages get free; nobody else
        // sets it.
        ONCE.call_once(|| unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 0) });
    }
}

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
