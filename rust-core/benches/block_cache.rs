//! What the cache of decompressed blocks is worth: reads of ten times as much data as
//! the memory limit, by its size and the compression.
//!
//! `cargo bench --bench block_cache -- [MEMORY LIMIT MIB] [VALUE BYTES] [ROUNDS]`, by default 64
//! MiB, 400 bytes and 3 rounds. The sizes take turns within a round; each figure is the
//! median of the rounds. Reads are told in nanoseconds of processor time of the thread that
//! reads, which others on the machine disturb little. Half of a value's bytes are random.

use mantisdb_core::{Compression, Durability, Options, Range, Storage};
use rustix::time::{ClockId, clock_gettime};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

/// Reads for a figure, after as many that are not timed.
const READS: usize = 200_000;

/// A figure, in the order in which they are taken.
const FIGURES: [&str; 6] = ["zipf", "hit %", "uniform", "hit %", "scan/entry", "5% puts"];

struct Shape {
    limit: u64,
    value_len: usize,
    keys: u64,
}

fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The processor time of this thread.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Frequent keys do not lie together.
fn key(i: u64) -> [u8; 16] {
    let mut key = *b"bench/..........";
    key[8..].copy_from_slice(&i.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    key
}

fn fill(value: &mut [u8], seed: u64) {
    let half = value.len() / 2;
    for (i, chunk) in value[..half].chunks_mut(8).enumerate() {
        let random = mix(seed.wrapping_mul(1000) + i as u64).to_le_bytes();
        chunk.copy_from_slice(&random[..chunk.len()]);
    }
    value[half..].fill(b'v');
}

/// The sums of a zipf distribution's weights.
fn zipf_sums(keys: u64, exponent: f64) -> Vec<f64> {
    let weights = (1..=keys).map(|rank| (rank as f64).powf(-exponent));
    weights
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect()
}

fn zipf(sums: &[f64], seed: u64) -> Vec<u64> {
    let total = sums.last().copied().unwrap_or(1.0);
    let pick = |i| (mix(seed << 32 | i) >> 11) as f64 / (1u64 << 53) as f64 * total;
    (0..READS as u64).map(|i| sums.partition_point(|&sum| sum < pick(i)) as u64).collect()
}

fn uniform(keys: u64, seed: u64) -> Vec<u64> {
    (0..READS as u64).map(|i| mix(seed << 32 | i) % keys).collect()
}

/// Nanoseconds a read, and the part of blocks that were in the cache.
fn reads(storage: &Storage, warm: &[u64], timed: &[u64]) -> (f64, f64) {
    let read = |i: &u64| storage.get(&key(*i), |v| v.bytes.len()).expect("read").expect("there");
    let mut bytes: usize = warm.iter().map(read).sum();
    let (before, start) = (storage.stats(), cpu_time());
    bytes += timed.iter().map(read).sum::<usize>();
    let (took, after) = (cpu_time() - start, storage.stats());
    assert!(bytes > 0);
    let hits = (after.block_cache_hits - before.block_cache_hits) as f64;
    let misses = (after.block_cache_misses - before.block_cache_misses) as f64;
    (took.as_nanos() as f64 / timed.len() as f64, 100.0 * hits / (hits + misses).max(1.0))
}

/// Nanoseconds an entry of a scan over everything.
fn scan(storage: &Storage) -> f64 {
    let snapshot = storage.snapshot().expect("a snapshot");
    let (mut entries, mut last, start) = (0u64, Vec::new(), cpu_time());
    loop {
        let mut left = 1000;
        let from = (!last.is_empty()).then(|| std::mem::take(&mut last));
        let range = Range { start: from.as_deref(), start_exclusive: true, ..Range::default() };
        let page = snapshot.scan(&range, |entry| {
            left -= 1;
            entries += 1;
            if left == 0 {
                last = entry.key.to_vec();
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        page.expect("scanned");
        if left > 0 {
            return (cpu_time() - start).as_nanos() as f64 / entries as f64;
        }
    }
}

/// Nanoseconds an operation, one of twenty a put.
fn mixed(storage: &Storage, shape: &Shape, keys: &[u64]) -> f64 {
    let mut value = vec![0; shape.value_len];
    let start = cpu_time();
    for (n, &i) in keys.iter().enumerate() {
        if n % 20 == 0 {
            fill(&mut value, i);
            storage.put(&key(i), &value, 0).expect("written");
        } else {
            storage.get(&key(i), |v| v.bytes.len()).expect("read").expect("there");
        }
    }
    (cpu_time() - start).as_nanos() as f64 / keys.len() as f64
}

fn load(dir: &Path, options: Options, shape: &Shape) {
    let storage = Storage::open_dir(dir, options).expect("opened");
    let mut value = vec![0; shape.value_len];
    let start = Instant::now();
    for i in 0..shape.keys {
        fill(&mut value, i);
        storage.put(&key(i), &value, 0).expect("written");
    }
    let (loaded, start) = (start.elapsed(), Instant::now());
    storage.compact().expect("compacted");
    let (took, stats) = (start.elapsed(), storage.stats());
    println!(
        "  cache {:?}: loaded in {loaded:.2?}, compacted in {took:.2?}; {} MiB in {} segments, {} MiB by compactions, {} KiB pinned",
        options.block_cache.map(|bytes| bytes >> 20),
        stats.segment_bytes >> 20,
        stats.segments,
        stats.compacted_bytes >> 20,
        stats.pinned_bytes >> 10,
    );
}

fn anonymous_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux's /proc");
    let line = status.lines().find(|l| l.starts_with("RssAnon:")).expect("a field");
    let kib: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
    kib / 1024.0
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn compare(compression: Compression, shape: &Shape, rounds: u64, sums: &[f64]) {
    let base = Options {
        durability: Durability::Buffered,
        memory_limit: shape.limit,
        compression,
        ..Options::default()
    };
    println!("{compression:?}");
    let dir = tempfile::tempdir().expect("a directory");
    load(dir.path(), Options { block_cache: Some(0), ..base }, shape);
    let dir = tempfile::tempdir().expect("a directory");
    load(dir.path(), base, shape);
    let sizes = [0, 1, 2, 3, 4].map(|sixteenths| shape.limit / 16 * sixteenths);
    let mut figures = vec![vec![Vec::new(); FIGURES.len() + 1]; sizes.len()];
    for round in 0..rounds {
        for (size, figures) in sizes.iter().zip(&mut figures) {
            let options = Options { block_cache: Some(*size), ..base };
            let storage = Storage::open_dir(dir.path(), options).expect("opened");
            let seed = 10 * round;
            let (ns, hits) = reads(&storage, &zipf(sums, seed), &zipf(sums, seed + 1));
            figures[0].push(ns);
            figures[1].push(hits);
            let keys = |seed| uniform(shape.keys, seed);
            let (ns, hits) = reads(&storage, &keys(seed + 2), &keys(seed + 3));
            figures[2].push(ns);
            figures[3].push(hits);
            figures[4].push(scan(&storage));
            mixed(&storage, shape, &zipf(sums, seed + 4));
            figures[5].push(mixed(&storage, shape, &zipf(sums, seed + 5)));
            figures[6].push(anonymous_mib());
        }
    }
    println!("  cache MiB, {}, anonymous MiB", FIGURES.join(", "));
    for (size, figures) in sizes.iter().zip(figures) {
        let figures: Vec<_> = figures.into_iter().map(|f| format!("{:.1}", median(f))).collect();
        println!("  {}: {}", size >> 20, figures.join(", "));
    }
}

fn main() {
    let mut numbers = std::env::args().filter_map(|a| a.parse::<u64>().ok());
    let limit = numbers.next().unwrap_or(64) << 20;
    let value_len = numbers.next().unwrap_or(400);
    let rounds = numbers.next().unwrap_or(3);
    let shape = Shape { limit, value_len: value_len as usize, keys: 10 * limit / (value_len + 16) };
    let sums = zipf_sums(shape.keys, 0.99);
    for compression in [Compression::Lz4, Compression::Zstd, Compression::None] {
        compare(compression, &shape, rounds, &sums);
    }
}
