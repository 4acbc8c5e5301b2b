//! The cache's own thread, which does what is due when nobody puts anything.

use super::Cache;
use super::policy::Policy;
use crate::error::Result;
use crate::threads;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks. Expired entries keep their memory for no longer.
const INTERVAL: Duration = Duration::from_millis(100);

/// The thread, as its cache holds it. It ends with the cache.
pub(super) struct Housekeeper {
    until_dropped: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeper {
    pub(super) fn start<P: Policy + 'static>(cache: &Arc<Cache<P>>) -> Result<Self> {
        let (until_dropped, dropped) = mpsc::channel();
        let cache = Arc::downgrade(cache);
        let thread = threads::spawn("mantisdb-cache", move || keep(&cache, &dropped))?;
        Ok(Self { until_dropped: Some(until_dropped), thread: Some(thread) })
    }
}

impl Drop for Housekeeper {
    fn drop(&mut self) {
        drop(self.until_dropped.take());
        let Some(thread) = self.thread.take() else { return };
        // A listener may drop the cache, on the very thread.
        if thread.thread().id() != std::thread::current().id() {
            // It catches its panics.
            let _ = thread.join();
        }
    }
}

fn keep<P: Policy>(cache: &Weak<Cache<P>>, dropped: &mpsc::Receiver<()>) {
    while dropped.recv_timeout(INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
        let Some(cache) = cache.upgrade() else { return };
        // Should it panic, the cache does without it.
        if catch_unwind(AssertUnwindSafe(|| cache.tidy())).is_err() {
            return;
        }
    }
}
