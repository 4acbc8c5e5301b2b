//! The core's own threads, in a process that is somebody else's.
//!
//! They leave signals to the threads of the host. A Go program would die of one: its handler,
//! on a thread that Go does not know, restores the signal's default action, unless somebody
//! has asked for the signal. So `SIGXFSZ`, which a write behind `RLIMIT_FSIZE` raises beside
//! its error and which Go ignores on its own threads, would end the process.

use crate::error::{Error, Result};
use std::thread::{Builder, JoinHandle};

/// Starts a thread of the core's own.
pub(crate) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    Builder::new()
        .name(name.into())
        .spawn(|| {
            leave_signals_to_host();
            run();
        })
        .map_err(|error| Error::ThreadSpawn(error.to_string()))
}

/// Blocks, in the calling thread, all signals but those of its own faults, which cannot wait,
/// and that of a profiler. A blocked signal that is sent to the thread itself stays pending.
#[cfg(not(miri))]
pub(crate) fn leave_signals_to_host() {
    const KEPT: [libc::c_int; 8] = [
        libc::SIGABRT,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGPROF,
        libc::SIGSEGV,
        libc::SIGSYS,
        libc::SIGTRAP,
    ];
    let mut blocked = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises the set, which is valid for writes, before any other call
    // sees it. All calls are given pointers to it alone, and null where the mask of before
    // would go. They fail only for numbers that are none of a signal.
    unsafe {
        libc::sigfillset(blocked.as_mut_ptr());
        for signal in KEPT {
            libc::sigdelset(blocked.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, blocked.as_ptr(), std::ptr::null_mut());
    }
}

/// Miri knows no signals.
#[cfg(miri)]
pub(crate) fn leave_signals_to_host() {}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    /// Tells whether the calling thread blocks a signal.
    fn blocks(signal: libc::c_int) -> bool {
        let mut mask = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: a null set changes nothing; the mask is written before it is read, and the
        // call fails only for a set that is not null.
        unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), mask.as_mut_ptr());
            libc::sigismember(mask.as_ptr(), signal) == 1
        }
    }

    #[test]
    fn signals_are_the_hosts_but_for_faults() {
        let thread = spawn("mantisdb-test", || {
            for signal in [libc::SIGXFSZ, libc::SIGTERM, libc::SIGUSR1] {
                assert!(blocks(signal), "signal {signal}");
            }
            for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT, libc::SIGPROF] {
                assert!(!blocks(signal), "signal {signal}");
            }
        });
        thread.unwrap().join().unwrap();
        assert!(!blocks(libc::SIGXFSZ), "the host's own threads are as they were");
    }
}
