//! The cache's own thread, which does what is due when nobody puts anything.

use super::Cache;
use super::policy::Policy;
use crate::error::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;

/// Between two looks. Expired entries keep their memory for no longer.
const INTERVAL: Duration = Duration::from_millis(100);

/// The thread, as its cache holds it. It ends with the cache.
pub(super) struct Housekeeper {
    _until_dropped: mpsc::Sender<()>,
}

impl Housekeeper {
    pub(super) fn start<P: Policy + 'static>(cache: &Arc<Cache<P>>) -> Result<Self> {
        let (_until_dropped, dropped) = mpsc::channel();
        let cache = Arc::downgrade(cache);
        std::thread::Builder::new()
            .name("mantisdb-cache".into())
            .spawn(move || keep(&cache, &dropped))
            .map_err(|error| Error::ThreadSpawn(error.to_string()))?;
        Ok(Self { _until_dropped })
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
