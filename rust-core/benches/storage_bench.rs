//! Throughput of the storage: keys of 16 bytes, values of 100.
//!
//! `cargo bench --bench storage_bench [-- FILTER]`. Every figure is time for one
//! operation, over all threads together.

use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
};
use mantisdb_core::{Range, Storage, WriteBatch};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// Keys in the storage where a benchmark reads or overwrites.
const KEYS: u64 = 1_000_000;
/// Writes of new keys for one measurement: a storage is emptied in between.
const NEW_KEYS: u64 = 100_000;

/// The i-th key in ascending order.
fn sequential(i: u64) -> [u8; 16] {
    let mut key = *b"bench/..........";
    key[8..].copy_from_slice(&i.to_be_bytes());
    key
}

/// The i-th key in no order.
fn scattered(i: u64) -> [u8; 16] {
    sequential(i.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// A pseudo-random sequence (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

fn loaded(key: impl Fn(u64) -> [u8; 16]) -> Storage {
    let storage = Storage::open().expect("memory");
    for i in 0..KEYS {
        storage.put(&key(i), &[i as u8; 100], 0).expect("valid");
    }
    storage
}

fn group<'a>(c: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = c.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(2));
    group
}

fn writes(c: &mut Criterion) {
    let mut group = group(c, "new_keys");
    group.throughput(Throughput::Elements(NEW_KEYS));
    for (name, key) in [("sequential", sequential as fn(u64) -> _), ("random", scattered)] {
        group.bench_function(name, |b| {
            b.iter_batched(
                || Storage::open().expect("memory"),
                |storage| {
                    for i in 0..NEW_KEYS {
                        storage.put(&key(i), &[7; 100], 0).expect("valid");
                    }
                    storage
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.bench_function("batches_of_100", |b| {
        b.iter_batched(
            || Storage::open().expect("memory"),
            |storage| {
                let mut batch = WriteBatch::new();
                for i in 0..NEW_KEYS {
                    batch.put(&scattered(i), &[7; 100], 0).expect("valid");
                    if i % 100 == 99 {
                        storage.write(batch.packed()).expect("valid");
                        batch.clear();
                    }
                }
                storage
            },
            BatchSize::PerIteration,
        );
    });
}

fn reads(c: &mut Criterion) {
    let storage = loaded(scattered);
    let mut group = group(c, "reads");
    group.throughput(Throughput::Elements(1));
    let mut random = Random(1);
    group.bench_function("random", |b| {
        b.iter(|| {
            let key = scattered(random.below(KEYS));
            storage.get(&key, |v| black_box(v.bytes[99])).expect("valid")
        });
    });
    let mut i = 0;
    group.bench_function("sequential", |b| {
        b.iter(|| {
            i = (i + 1) % KEYS;
            storage.get(&scattered(i), |v| black_box(v.bytes[99])).expect("valid")
        });
    });
    group.throughput(Throughput::Elements(100));
    group.bench_function("multi_get_100", |b| {
        b.iter(|| {
            let keys: [_; 100] = std::array::from_fn(|_| scattered(random.below(KEYS)));
            let keys = keys.each_ref().map(|k| &k[..]);
            let mut sum = 0u64;
            storage
                .multi_get(
                    &keys,
                    &mut sum,
                    |sum, _, v| *sum += u64::from(v.expect("there").bytes[99]),
                    |sum| *sum = 0,
                )
                .expect("valid");
            sum
        });
    });
}

fn overwrites(c: &mut Criterion) {
    let storage = loaded(scattered);
    let mut group = group(c, "overwrites");
    group.throughput(Throughput::Elements(1));
    let mut random = Random(2);
    group.bench_function("random", |b| {
        b.iter(|| storage.put(&scattered(random.below(KEYS)), &[9; 100], 0).expect("valid"));
    });
}

/// Runs `operations` on each of some threads at once; the time of all of them
/// together.
fn at_once(threads: u64, operations: u64, body: impl Fn(&mut Random) + Sync) -> Duration {
    let barrier = Barrier::new(threads as usize + 1);
    std::thread::scope(|s| {
        for t in 0..threads {
            let (barrier, body) = (&barrier, &body);
            s.spawn(move || {
                let mut random = Random(t);
                barrier.wait();
                for _ in 0..operations.div_ceil(threads) {
                    body(&mut random);
                }
            });
        }
        barrier.wait();
        Instant::now()
    })
    .elapsed()
}

fn threads(c: &mut Criterion) {
    let storage = loaded(scattered);
    let mut group = group(c, "threads");
    group.throughput(Throughput::Elements(1));
    for threads in [2, 16] {
        group.bench_function(format!("{threads}/random_reads"), |b| {
            b.iter_custom(|n| {
                at_once(threads, n, |random| {
                    let key = scattered(random.below(KEYS));
                    black_box(storage.get(&key, |v| v.bytes[99]).expect("valid"));
                })
            });
        });
        group.bench_function(format!("{threads}/half_overwrites"), |b| {
            b.iter_custom(|n| {
                at_once(threads, n, |random| {
                    let key = scattered(random.below(KEYS));
                    if random.below(2) == 0 {
                        storage.put(&key, &[3; 100], 0).expect("valid");
                    } else {
                        black_box(storage.get(&key, |v| v.bytes[99]).expect("valid"));
                    }
                })
            });
        });
    }
}

fn scans(c: &mut Criterion) {
    let mut group = group(c, "scans");
    group.throughput(Throughput::Elements(KEYS));
    for (name, key) in
        [("loaded_in_order", sequential as fn(u64) -> _), ("loaded_at_random", scattered)]
    {
        let storage = loaded(key);
        for (direction, reverse) in [("ascending", false), ("descending", true)] {
            group.bench_function(format!("{name}/{direction}"), |b| {
                b.iter(|| {
                    let mut count = 0u64;
                    let range = Range { reverse, ..Range::default() };
                    storage
                        .snapshot()
                        .expect("open")
                        .scan(&range, |entry| {
                            count += u64::from(entry.value.len() == 100);
                            ControlFlow::Continue(())
                        })
                        .expect("scanned");
                    assert_eq!(count, KEYS);
                });
            });
        }
    }
}

/// A search for a random key, and some entries from there on.
fn short_scans(c: &mut Criterion) {
    let storage = loaded(scattered);
    let mut group = group(c, "short_scans");
    group.throughput(Throughput::Elements(1));
    let mut random = Random(3);
    for (direction, reverse) in [("ascending", false), ("descending", true)] {
        for len in [1, 10, 50, 100] {
            group.bench_function(format!("{direction}/{len}"), |b| {
                b.iter(|| {
                    let key = scattered(random.below(KEYS));
                    let (start, end) =
                        if reverse { (None, Some(&key[..])) } else { (Some(&key[..]), None) };
                    let (mut left, mut sum) = (len, 0u64);
                    storage
                        .snapshot()
                        .expect("open")
                        .scan(&Range { start, end, reverse, ..Range::default() }, |entry| {
                            sum += u64::from(entry.value[99]);
                            left -= 1;
                            if left == 0 {
                                ControlFlow::Break(())
                            } else {
                                ControlFlow::Continue(())
                            }
                        })
                        .expect("scanned");
                    sum
                });
            });
        }
    }
}

criterion_group!(benches, writes, reads, overwrites, threads, scans, short_scans);
criterion_main!(benches);
