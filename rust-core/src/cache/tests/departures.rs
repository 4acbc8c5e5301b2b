use super::*;
use crate::cache::{Cause, Departure};
use crate::sync::{Mutex, lock};
use std::collections::HashMap;
use std::sync::Arc;

#[test]
fn each_entry_that_leaves_is_told_of_once_with_its_cause() {
    let told = Arc::new(Mutex::new(HashMap::<u8, Vec<Vec<u8>>>::new()));
    let sink = Arc::clone(&told);
    let listener = Box::new(move |gone: Departure<'_>| {
        assert_eq!(gone.value, [gone.key, b"'s value"].concat());
        lock(&sink).entry(gone.cause as u8).or_default().push(gone.key.to_vec());
    });
    let options = CacheOptions {
        budget: 4 << 20,
        ordered: false,
        listener: Some(listener),
        ..CacheOptions::default()
    };
    let cache = LockFreeCache::open(options).unwrap();
    let put = |key: &[u8], ttl, tags: &[&[u8]]| {
        cache.put(key, &[key, b"'s value"].concat(), PutOptions { ttl, tags }).unwrap();
    };
    put(b"twice", 0, &[]);
    put(b"twice", 0, &[]);
    put(b"removed", 0, &[]);
    put(b"tagged", 0, &[b"tag"]);
    put(b"short", 1000, &[]);
    assert!(cache.remove(b"removed") && !cache.remove(b"removed"));
    assert_eq!(cache.remove_tag(b"tag"), 1);
    cache.advance_clock(10_000);
    cache.tidy();
    for n in 0..100_000u32 {
        put(&n.to_be_bytes(), 0, &[]);
    }
    let stats = cache.stats();
    let told = lock(&told);
    let of = |cause: Cause| told.get(&(cause as u8)).cloned().unwrap_or_default();
    assert_eq!(of(Cause::Replaced), [b"twice"]);
    assert_eq!(of(Cause::Removed), [b"removed"]);
    assert_eq!(of(Cause::Invalidated), [b"tagged"]);
    assert_eq!(of(Cause::Expired), [b"short"]);
    assert_eq!(of(Cause::Moved), [b""; 0]);
    let evicted = of(Cause::Evicted);
    assert_eq!(evicted.len() as u64, stats.evicted);
    assert_eq!(evicted.len() as u64 + stats.entries, 100_001, "all that came and did not leave");
}
