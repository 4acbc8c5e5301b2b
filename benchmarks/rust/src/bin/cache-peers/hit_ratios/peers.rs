//! Other caches, each as its authors would have it for so many entries of one size.

use foyer_memory::{Cache as Foyer, CacheBuilder, LfuConfig};
use moka::sync::Cache as Moka;
use quick_cache::OptionsBuilder;
use quick_cache::sync::{Cache as QuickCache, DefaultLifecycle};

/// A cache by its name.
pub(super) struct Peer {
    pub(super) name: &'static str,
    /// Replays keys at a size in entries: how many requests hit.
    pub(super) replay: fn(&[u64], u64) -> u64,
}

pub(super) const PEERS: [Peer; 3] = [
    Peer { name: "moka", replay: moka },
    Peer { name: "quick_cache", replay: quick_cache },
    Peer { name: "w-tinylfu (foyer)", replay: foyer },
];

/// Asks for each key, and puts it if it is not there.
fn replay(keys: &[u64], mut get: impl FnMut(u64) -> bool, mut put: impl FnMut(u64)) -> u64 {
    let mut hits = 0;
    for &key in keys {
        match get(key) {
            true => hits += 1,
            false => put(key),
        }
    }
    hits
}

/// Moka batches what its policy is told of. Here it catches up after each put, so that the
/// size holds; gets reach the policy by then, in their order.
fn moka(keys: &[u64], size: u64) -> u64 {
    let cache = Moka::new(size);
    let put = |key| {
        cache.insert(key, ());
        cache.run_pending_tasks();
    };
    replay(keys, |key| cache.get(&key).is_some(), put)
}

/// One shard, as several share the size unequally, which counts in small caches.
fn quick_cache(keys: &[u64], size: u64) -> u64 {
    let options = OptionsBuilder::new()
        .shards(1)
        .estimated_items_capacity(size as usize)
        .weight_capacity(size)
        .build()
        .expect("all that is needed is given");
    let weigher = quick_cache::UnitWeighter;
    let hasher = quick_cache::DefaultHashBuilder::default();
    let cache = QuickCache::with_options(options, weigher, hasher, DefaultLifecycle::default());
    replay(keys, |key| cache.get(&key).is_some(), |key| cache.insert(key, ()))
}

/// W-TinyLFU with a window of a tenth: of the crates that have a window, the one that is
/// kept up. None adapts it.
fn foyer(keys: &[u64], size: u64) -> u64 {
    let builder = CacheBuilder::new(size as usize).with_shards(1);
    let cache: Foyer<u64, ()> = builder.with_eviction_config(LfuConfig::default()).build();
    let put = |key| drop(cache.insert(key, ()));
    replay(keys, |key| cache.get(&key).is_some(), put)
}
