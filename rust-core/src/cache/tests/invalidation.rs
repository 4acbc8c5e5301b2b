use super::*;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

#[test]
fn a_tag_takes_all_that_carry_it() {
    let cache = open(64 << 20);
    for n in 0..10_000u64 {
        let (even, third) = (n % 2 == 0, n % 3 == 0);
        let tags: &[&[u8]] = match (even, third) {
            (true, true) => &[b"even", b"third"],
            (true, false) => &[b"even"],
            (false, true) => &[b"third"],
            (false, false) => &[],
        };
        cache.put(&n.to_be_bytes(), b"", PutOptions { ttl: 0, tags }).unwrap();
    }
    // A value that replaces another has its own tags only.
    put(&cache, &0u64.to_be_bytes(), b"new");
    assert_eq!(cache.remove_tag(b"third"), 3333);
    assert_eq!(cache.remove_tag(b"third"), 0);
    assert_eq!(cache.remove_tag(b"even"), 3333);
    assert_eq!(cache.stats().entries, 10_000 - 6666);
    assert_eq!(get(&cache, &0u64.to_be_bytes()).as_deref(), Some(&b"new"[..]));
}

#[test]
fn a_prefix_takes_all_that_begin_with_it() {
    for ordered in [false, true] {
        let options = CacheOptions { budget: 64 << 20, ordered, ..CacheOptions::default() };
        let cache = LockFreeCache::open(options).unwrap();
        for n in 0..10_000u64 {
            put(&cache, format!("user/{n}").as_bytes(), b"");
        }
        put(&cache, b"\xff\xff", b"");
        assert_eq!(cache.remove_prefix(b"user/77"), 111);
        put(&cache, b"user/77", b"");
        assert_eq!(cache.remove_prefix(b"user/77"), 1);
        assert_eq!(cache.remove_prefix(b"\xff"), 1);
        assert_eq!(cache.remove_prefix(b"user0"), 0);
        assert_eq!(cache.remove_prefix(b""), 10_000 - 111);
    }
}

/// Removing few of many takes a small part of the time of removing many.
#[test]
fn the_time_is_that_of_what_is_dropped() {
    let options = CacheOptions { budget: 256 << 20, ordered: true, ..CacheOptions::default() };
    let cache = LockFreeCache::open(options).unwrap();
    for n in 0..200_000u64 {
        let group = (n % 1000).to_be_bytes();
        let options = PutOptions { ttl: 0, tags: &[&group] };
        cache.put(format!("{:04}/{n}", n % 1000).as_bytes(), b"", options).unwrap();
    }
    let timed = |remove: &dyn Fn() -> u64, expected: u64| {
        let start = Instant::now();
        assert_eq!(remove(), expected);
        start.elapsed()
    };
    let few = (0..20u64)
        .map(|n| {
            timed(&|| cache.remove_tag(&n.to_be_bytes()), 200)
                + timed(&|| cache.remove_prefix(format!("{:04}/", n + 20).as_bytes()), 200)
        })
        .min();
    let all = timed(&|| cache.remove_prefix(b"0"), 192_000);
    assert!(few.unwrap() * 20 < all, "400 of 200,000 took {few:?}, the rest {all:?}");
}

/// What a large removal took makes room at once, also for who does not wait for it.
#[test]
fn there_is_room_after_a_large_removal() {
    type Remove = fn(&LockFreeCache) -> u64;
    let removals: [Remove; 3] = [
        |cache| cache.remove_prefix(b"k"),
        |cache| cache.remove_tag(b"tag"),
        |cache| cache.clear(),
    ];
    for remove in removals {
        // Without a thread that frees what waits.
        let options = CacheOptions { budget: 8 << 20, ..CacheOptions::default() };
        let cache = LockFreeCache::open_still(options).unwrap();
        let mut n = 0u64;
        while cache.stats().evicted == 0 {
            for _ in 0..100 {
                let options = PutOptions { ttl: 0, tags: &[b"tag"] };
                cache.put(format!("k{n}").as_bytes(), &[0; 500], options).unwrap();
                n += 1;
            }
        }
        assert_eq!(remove(&cache), cache.stats().invalidated);
        // Other tests have their readers.
        let start = Instant::now();
        for n in 0..64u8 {
            while cache.offer(&[n], &[0; 100 << 10], PutOptions::default()).is_err() {
                assert!(start.elapsed() < Duration::from_secs(20), "{n}: {:?}", cache.stats());
                std::thread::yield_now();
            }
        }
    }
}

/// What expires while others are removed does not count as removed, either.
#[test]
fn what_expires_during_a_removal_is_not_removed() {
    let cache = Arc::new(OnceLock::<Weak<LockFreeCache>>::new());
    let itself = Arc::clone(&cache);
    let listener = Box::new(move |_: crate::cache::Departure<'_>| {
        let cache = itself.get().and_then(Weak::upgrade);
        cache.expect("it is there").advance_clock(60_000);
    });
    let options =
        CacheOptions { budget: 64 << 20, listener: Some(listener), ..CacheOptions::default() };
    let open = Arc::new(LockFreeCache::open_still(options).unwrap());
    cache.set(Arc::downgrade(&open)).expect("it is set once");
    for n in 0..10_000u64 {
        open.put(format!("k{n}").as_bytes(), b"", PutOptions { ttl: 30_000, tags: &[] }).unwrap();
    }
    let removed = open.remove_prefix(b"k");
    let stats = open.stats();
    assert_eq!((removed, stats.invalidated + stats.expired), (stats.invalidated, 10_000));
    assert!(removed > 0 && stats.expired > 0, "{stats:?}");
}
