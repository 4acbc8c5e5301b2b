//! Figures of a storage in a directory: what a write costs by durability, how
//! many a second several threads get synced, what a read costs from memory and
//! from segments, what the files take, and how long an opening takes after a
//! kill.
//!
//! `cargo bench --bench durable -- [KEYS] [VALUE BYTES] [MEMORY LIMIT]`, by
//! default 1M keys of 100 bytes, and no limit. Half of a value's bytes are random.

use mantisdb_core::{Durability, Options, Storage};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

fn key(i: u64) -> [u8; 16] {
    let mut key = *b"bench/..........";
    key[8..].copy_from_slice(&i.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    key
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Fills in a value: its first half is random.
fn fill(value: &mut [u8], seed: u64) {
    let half = value.len() / 2;
    for (i, chunk) in value[..half].chunks_mut(8).enumerate() {
        let random = mix(seed.wrapping_add(i as u64)).to_le_bytes();
        chunk.copy_from_slice(&random[..chunk.len()]);
    }
    value[half..].fill(b'v');
}

fn rate(n: u64, since: Instant) -> String {
    let seconds = since.elapsed().as_secs_f64();
    format!("{:.3}M/s ({:.0} ns each)", n as f64 / seconds / 1e6, seconds * 1e9 / n as f64)
}

/// Resident bytes of the process, without and with mapped files.
fn resident() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux's /proc");
    let field = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name)).expect("a field");
        line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).expect("a number") >> 10
    };
    (field("RssAnon:"), field("RssFile:"))
}

fn writes(storage: &Storage, name: &str, n: u64, value_len: usize, order: impl Fn(u64) -> u64) {
    let mut value = vec![0; value_len];
    let mut slowest = Duration::ZERO;
    let start = Instant::now();
    for i in 0..n {
        fill(&mut value, i);
        let began = Instant::now();
        storage.put(&key(order(i)), &value, 0).expect("written");
        slowest = slowest.max(began.elapsed());
    }
    let took = rate(n, start);
    println!("{name}: {took}, the slowest {slowest:?}; {:?} MiB anon, file", resident());
}

fn reads(storage: &Storage, name: &str, n: u64) {
    let start = Instant::now();
    let mut bytes = 0;
    for i in 0..n {
        let found = storage.get(&key(mix(i) % n), |v| v.bytes.len()).expect("read");
        bytes += found.expect("there");
    }
    assert!(bytes > 0);
    println!("{name}: {}; {:?} MiB anon, file", rate(n, start), resident());
}

fn absent(storage: &Storage, n: u64) {
    let start = Instant::now();
    for i in 0..n {
        assert!(!storage.get(&key(n + i), |_| ()).is_ok_and(|found| found.is_some()));
    }
    println!("reads of absent keys: {}", rate(n, start));
}

fn synced(storage: &Storage, threads: u64, value_len: usize) {
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for t in 0..threads {
            let (done, stop) = (&done, &stop);
            scope.spawn(move || {
                let mut value = vec![0; value_len];
                let mut i = t << 32;
                while !stop.load(Relaxed) {
                    fill(&mut value, i);
                    let key = key(mix(i) % 1_000_000);
                    storage.put_with(&key, &value, 0, Durability::Sync).expect("written");
                    done.fetch_add(1, Relaxed);
                    i += 1;
                }
            });
        }
        std::thread::sleep(Duration::from_secs(3));
        stop.store(true, Relaxed);
    });
    println!("synced writes, {threads} threads: {}", rate(done.load(Relaxed), start));
}

fn disk_bytes(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir).expect("a directory");
    files.map(|f| f.expect("a file").metadata().map_or(0, |m| m.len())).sum()
}

fn settle(storage: &Storage, dir: &Path, n: u64) {
    let start = Instant::now();
    storage.compact().expect("compacted");
    let stats = storage.stats();
    println!(
        "compacted in {:.2?}: {:.1} bytes of segments a key, {} MiB of files; flushed {} MiB, compacted {} MiB",
        start.elapsed(),
        stats.segment_bytes as f64 / n as f64,
        disk_bytes(dir) >> 20,
        stats.flushed_bytes >> 20,
        stats.compacted_bytes >> 20,
    );
}

fn main() {
    let mut numbers = std::env::args().filter_map(|a| a.parse::<u64>().ok());
    let n = numbers.next().unwrap_or(1_000_000);
    let value_len = numbers.next().unwrap_or(100) as usize;
    let memory_limit = numbers.next().unwrap_or(0);
    let dir = tempfile::tempdir().expect("a directory");
    let options = Options { durability: Durability::Buffered, memory_limit, ..Options::default() };
    let storage = Storage::open_dir(dir.path(), options).expect("opened");
    writes(&storage, "load, random keys, buffered", n, value_len, |i| i);
    writes(&storage, "overwrites, buffered", n, value_len, |i| mix(i) % n);
    reads(&storage, "reads", n);
    absent(&storage, n);
    for threads in [1, 40] {
        synced(&storage, threads, value_len);
    }
    settle(&storage, dir.path(), n);
    reads(&storage, "reads after that", n);
    println!("{:#?}", storage.stats());
    drop(storage);
    let start = Instant::now();
    let storage = Storage::open_dir(dir.path(), options).expect("opened");
    println!(
        "opened again in {:.2?}, {} records",
        start.elapsed(),
        storage.stats().recovered_records
    );
    reads(&storage, "reads from segments", n);
    reads(&storage, "reads from segments, again", n);
    absent(&storage, n);
    drop(storage);
    recovery(value_len);
}

/// How long an opening takes with 1 GiB of log.
fn recovery(value_len: usize) {
    let dir = tempfile::tempdir().expect("a directory");
    let options =
        Options { durability: Durability::Buffered, write_buffer: 64 << 30, ..Options::default() };
    let storage = Storage::open_dir(dir.path(), options).expect("opened");
    let mut value = vec![0; value_len];
    let mut i = 0;
    while storage.stats().log_bytes < 1 << 30 {
        for _ in 0..10_000 {
            fill(&mut value, i);
            storage.put(&key(i), &value, 0).expect("written");
            i += 1;
        }
    }
    // As a kill leaves it: the files are copied while the storage is open.
    let copy = tempfile::tempdir().expect("a directory");
    for file in std::fs::read_dir(dir.path()).expect("a directory") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), copy.path().join(file.file_name())).expect("copied");
    }
    drop(storage);
    let start = Instant::now();
    let storage = Storage::open_dir(copy.path(), options).expect("opened");
    println!("opened with 1 GiB of log in {:.2?}: {:?}", start.elapsed(), storage.stats());
}
