//! Throughput of the cache: keys of 16 bytes, values of 100.
//!
//! `cargo bench --bench cache_bench [-- FILTER]`. Every figure is time for one operation.
//! `s3-fifo` and `lru` are the cache with another policy: LRU takes a lock for each hit.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use mantisdb_core::cache::policy::lru::Lru;
use mantisdb_core::cache::policy::s3_fifo::S3Fifo;
use mantisdb_core::cache::policy::{DefaultPolicy, Policy};
use mantisdb_core::cache::{CacheOptions, LockFreeCache, PutOptions};
use std::hint::black_box;
use std::time::Duration;

/// Entries in a cache that is read all over, and distinct keys where some are hot.
const KEYS: u64 = 1_000_000;
/// A budget that holds all of them.
const ROOM_FOR_ALL: u64 = 256 << 20;
/// A budget that holds about a tenth.
const ROOM_FOR_A_TENTH: u64 = 19 << 20;
/// Keys that a processor's caches hold with their entries.
const HOT: u64 = 1000;
/// Keys drawn ahead of time, gone through again and again.
const DRAWS: usize = 1 << 21;

/// The i-th key, in no order.
fn key(i: u64) -> [u8; 16] {
    let mut key = *b"bench/..........";
    key[8..].copy_from_slice(&i.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    key
}

/// A pseudo-random sequence (splitmix64).
struct Random(u64);

impl Random {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }
}

/// Keys by Zipf's law with the exponent 0.99, and for each whether it is one of the
/// quarter that may be written.
fn zipf() -> Vec<(u64, bool)> {
    let mut sum = 0.0;
    let upto: Vec<f64> = (1..=KEYS)
        .map(|rank| {
            sum += (rank as f64).powf(-0.99);
            sum
        })
        .collect();
    let mut random = Random(7);
    let draw = |_| {
        let at = random.draw() as f64 / u64::MAX as f64 * sum;
        (upto.partition_point(|&upto| upto < at) as u64, random.below(4) == 0)
    };
    (0..DRAWS).map(draw).collect()
}

fn open<P: Policy + 'static>(budget: u64) -> LockFreeCache<P> {
    LockFreeCache::with_policy(CacheOptions { budget, ..CacheOptions::default() }).expect("memory")
}

fn put<P: Policy + 'static>(cache: &LockFreeCache<P>, i: u64) {
    cache.put(&key(i), &[i as u8; 100], PutOptions::default()).expect("there is room");
}

fn get<P: Policy + 'static>(cache: &LockFreeCache<P>, i: u64) -> Option<u8> {
    cache.get(&key(i), |hit| black_box(hit.value[99]))
}

fn loaded<P: Policy + 'static>(entries: u64) -> LockFreeCache<P> {
    let cache = open(ROOM_FOR_ALL);
    (0..entries).for_each(|i| put(&cache, i));
    cache
}

fn group<'a>(c: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = c.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(1));
    group
}

fn hits<P: Policy + 'static>(c: &mut Criterion) {
    let mut group = group(c, "hit");
    for (name, entries) in [("hot", HOT), ("of_1M", KEYS)] {
        let (cache, mut random) = (loaded::<P>(entries), Random(1));
        group.bench_function(format!("{name}/{}", P::NAME), |b| {
            b.iter(|| get(&cache, random.below(entries)).expect("there"));
        });
    }
}

fn many(c: &mut Criterion) {
    let (cache, mut random) = (loaded::<DefaultPolicy>(KEYS), Random(2));
    let mut group = group(c, "hit");
    group.throughput(Throughput::Elements(100));
    group.bench_function("get_many_100_of_1M", |b| {
        b.iter(|| {
            let keys: [_; 100] = std::array::from_fn(|_| key(random.below(KEYS)));
            let keys = keys.each_ref().map(|k| &k[..]);
            let mut sum = 0u64;
            cache.get_many(&keys, |_, hit| sum += u64::from(hit.expect("there").value[99]));
            sum
        });
    });
}

fn writes<P: Policy + 'static>(c: &mut Criterion) {
    let mut group = group(c, "put");
    let (cache, mut next) = (open::<P>(ROOM_FOR_A_TENTH), 0);
    // As full as it gets.
    (0..KEYS).for_each(|i| put(&cache, i + (1 << 40)));
    group.bench_function(format!("new_with_eviction/{}", P::NAME), |b| {
        b.iter(|| {
            put(&cache, next);
            next += 1;
        });
    });
    let (cache, mut random) = (loaded::<P>(KEYS), Random(3));
    group.bench_function(format!("overwrite_of_1M/{}", P::NAME), |b| {
        b.iter(|| put(&cache, random.below(KEYS)));
    });
}

fn mixed<P: Policy + 'static>(c: &mut Criterion) {
    let (cache, draws) = (open::<P>(ROOM_FOR_A_TENTH), zipf());
    let read_through = |i| {
        if get(&cache, i).is_none() {
            put(&cache, i);
        }
    };
    draws.iter().for_each(|&(i, _)| read_through(i));
    let mut group = group(c, "zipf_of_1M_room_for_a_tenth");
    let mut at = draws.iter().cycle();
    group.bench_function(format!("reads/{}", P::NAME), |b| {
        b.iter(|| get(&cache, at.next().expect("endless").0));
    });
    group.bench_function(format!("75%_reads/{}", P::NAME), |b| {
        b.iter(|| match *at.next().expect("endless") {
            (i, true) => put(&cache, i),
            (i, false) => {
                black_box(get(&cache, i));
            }
        });
    });
    group.bench_function(format!("read_through/{}", P::NAME), |b| {
        b.iter(|| read_through(at.next().expect("endless").0));
    });
}

fn tags(c: &mut Criterion) {
    let cache = loaded::<DefaultPolicy>(KEYS);
    let mut group = group(c, "remove_tag");
    for tagged in [10, 1000] {
        group.throughput(Throughput::Elements(tagged));
        group.bench_function(format!("of_{tagged}_among_1M"), |b| {
            b.iter_batched(
                || {
                    for i in 0..tagged {
                        let options = PutOptions { tags: &[b"tag"], ..PutOptions::default() };
                        cache.put(&key(KEYS + i), &[7; 100], options).expect("there is room");
                    }
                },
                |()| assert_eq!(cache.remove_tag(b"tag"), tagged),
                criterion::BatchSize::PerIteration,
            );
        });
    }
}

fn policies(c: &mut Criterion) {
    hits::<DefaultPolicy>(c);
    hits::<Lru>(c);
    writes::<DefaultPolicy>(c);
    writes::<S3Fifo>(c);
    writes::<Lru>(c);
    mixed::<DefaultPolicy>(c);
    mixed::<S3Fifo>(c);
    mixed::<Lru>(c);
}

criterion_group!(benches, policies, many, tags);
criterion_main!(benches);
