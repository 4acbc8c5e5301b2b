use super::*;
use crate::sync::scope;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// A value tells its key and is consistent in itself.
fn value_of(key: u64, random: &mut Random) -> Vec<u8> {
    let length = random.length(3000) + 8;
    let mut value = vec![random.below(256) as u8; length];
    value[..8].copy_from_slice(&key.to_be_bytes());
    value
}

fn check(key: u64, value: &[u8]) {
    assert_eq!(value[..8], key.to_be_bytes());
    assert!(value[8..].iter().all(|&byte| byte == value[8]), "torn");
}

#[test]
fn readers_see_whole_values_while_all_changes() {
    let cache = open(4 << 20);
    let found = AtomicU64::new(0);
    scope(|s| {
        for t in 0..4u64 {
            let (cache, found) = (&cache, &found);
            s.spawn(move |_| {
                let mut random = Random(t);
                for n in 0..30_000u64 {
                    let key = random.below(20_000);
                    let bytes = key.to_be_bytes();
                    match random.below(20) {
                        0..9 => {
                            if cache.get(&bytes, |hit| check(key, hit.value)).is_some() {
                                found.fetch_add(1, Relaxed);
                            }
                        }
                        9..17 => {
                            let tag = (key % 50).to_be_bytes();
                            let ttl = random.below(3) * 20;
                            let options = PutOptions { ttl, tags: &[&tag] };
                            cache.put(&bytes, &value_of(key, &mut random), options).unwrap();
                        }
                        17 => {
                            cache.remove(&bytes);
                        }
                        18 => {
                            let value = value_of(key, &mut random);
                            cache.put_if_absent(&bytes, &value, PutOptions::default()).unwrap();
                        }
                        _ if n % 50 == 0 => {
                            cache.remove_tag(&(key % 50).to_be_bytes());
                            cache.remove_prefix(&bytes[..7]);
                        }
                        _ => cache.get_many(&[&bytes, b"x"], |_, hit| {
                            if let Some(hit) = hit {
                                check(key, hit.value);
                            }
                        }),
                    }
                }
            });
        }
        let cache = &cache;
        s.spawn(move |_| (0..300).for_each(|_| cache.tidy()));
    });
    assert!(found.load(Relaxed) > 0);
    let stats = cache.stats();
    assert!(stats.used_bytes <= stats.budget + stats.budget / 50, "{stats:?}");
    cache.clear();
    assert_eq!((cache.stats().entries, cache.stats().data_bytes), (0, 0));
}

/// Of many that put a key if it is absent, one does.
#[test]
fn one_of_many_is_first() {
    let cache = open(16 << 20);
    for round in 0..200u64 {
        let won = AtomicU64::new(0);
        scope(|s| {
            for _ in 0..4 {
                s.spawn(|_| {
                    let put = cache.put_if_absent(&round.to_be_bytes(), b"", PutOptions::default());
                    won.fetch_add(u64::from(put.unwrap()), Relaxed);
                });
            }
        });
        assert_eq!(won.load(Relaxed), 1);
    }
}

/// A key that is there all the time is found all the time, while the index grows, and
/// while blocks are moved.
#[test]
fn what_stays_is_always_found() {
    let cache = open(64 << 20);
    let keys = 0..500u64;
    keys.clone().for_each(|key| put(&cache, &key.to_be_bytes(), &key.to_be_bytes()));
    scope(|s| {
        let writer = s.spawn(|_| {
            for n in 1000..60_000u64 {
                put(&cache, &n.to_be_bytes(), &[0; 200]);
                if n > 4000 && n % 5 != 0 {
                    cache.remove(&(n - 3000).to_be_bytes());
                }
                if n % 5000 == 0 {
                    cache.tidy();
                }
            }
        });
        for _ in 0..2 {
            s.spawn(|_| {
                for _ in 0..100 {
                    for key in keys.clone() {
                        let found = get(&cache, &key.to_be_bytes());
                        assert_eq!(found.as_deref(), Some(&key.to_be_bytes()[..]));
                    }
                }
            });
        }
        writer.join().unwrap();
    });
}

/// What others have deferred may come to the cache, and is run by whoever pins next: so
/// nobody may hold a lock of the cache then.
#[test]
fn what_is_deferred_may_come_to_the_cache() {
    let cache = Arc::new(open(2 << 20));
    let (done, when_done) = mpsc::channel();
    for _ in 0..300 {
        let deferred = Arc::clone(&cache);
        let guard = crossbeam_epoch::pin();
        guard.defer(move || deferred.remove(b"key"));
        guard.flush();
        drop(guard);
        let (cache, done) = (Arc::clone(&cache), done.clone());
        // A new thread runs what was deferred when it pins first.
        std::thread::spawn(move || {
            cache.remove(b"key");
            done.send(()).unwrap();
        });
        when_done.recv_timeout(Duration::from_secs(20)).expect("no thread waits for itself");
    }
}
