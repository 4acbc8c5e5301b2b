use super::*;

fn put_for(cache: &LockFreeCache, key: &[u8], ttl: u64) {
    cache.put(key, b"value", PutOptions { ttl, ..PutOptions::default() }).unwrap();
}

#[test]
fn an_entry_lives_as_long_as_it_was_given() {
    let cache = open(8 << 20);
    let hour = 3_600_000;
    put_for(&cache, b"hour", hour);
    put_for(&cache, b"day", 24 * hour);
    put_for(&cache, b"ever", 0);
    put_for(&cache, b"century", 100 * 365 * 24 * hour);
    let ttl = |key: &[u8]| cache.get(key, |hit| hit.ttl);
    assert!(ttl(b"hour").is_some_and(|ttl| ttl > hour - 60_000 && ttl <= hour));
    assert_eq!((ttl(b"ever"), ttl(b"century")), (Some(0), Some(0)));
    cache.advance_clock(hour - 60_000);
    assert!(cache.contains(b"hour"));
    cache.advance_clock(60_000);
    assert!(!cache.contains(b"hour") && cache.contains(b"day"));
    // A new value begins anew, also where the old one has expired.
    assert!(cache.put_if_absent(b"hour", b"", PutOptions { ttl: hour, tags: &[] }).unwrap());
    put_for(&cache, b"day", 0);
    cache.advance_clock(24 * hour);
    assert!(!cache.contains(b"hour") && cache.contains(b"day") && cache.contains(b"century"));
}

#[test]
fn what_has_expired_gives_its_memory_back() {
    let cache = open(64 << 20);
    for n in 0..10_000u64 {
        put_for(&cache, &n.to_be_bytes(), 1000 * (n + 100));
    }
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.expiring), (10_000, 10_000));
    cache.advance_clock(5_100_000);
    // The cache's own thread does it.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while cache.stats().entries > 5100 {
        assert!(std::time::Instant::now() < deadline, "{:?}", cache.stats());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let stats = cache.stats();
    assert!(stats.entries >= 4900 && stats.expired + stats.entries == 10_000, "{stats:?}");
    assert!(!cache.contains(&0u64.to_be_bytes()) && cache.contains(&9000u64.to_be_bytes()));
}

#[test]
fn what_has_expired_does_not_count_as_removed() {
    let cache = open(16 << 20);
    for n in 0..100u8 {
        let options = PutOptions { ttl: u64::from(n % 2), tags: &[] };
        cache.put(&[b'p', n], b"value", options).unwrap();
    }
    cache.advance_clock(60_000);
    assert_eq!(cache.remove_prefix(b"p"), 50);
}
