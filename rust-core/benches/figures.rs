//! Figures that are no throughput: the latency of a read on which the next one
//! depends, the memory of a key, and the longest pause while the hash index
//! grows.
//!
//! `cargo bench --bench figures -- [latency] [memory] [growth] [KEYS]`, by
//! default all three with 1M, 10M and 10M keys. Keys have 16 bytes, values 100.

use mantisdb_core::{Options, Storage};
use std::time::{Duration, Instant};

fn key(i: u64) -> [u8; 16] {
    let mut key = *b"bench/..........";
    key[8..].copy_from_slice(&i.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    key
}

/// Some permutation of the numbers below a power of two: each value holds the
/// number of the next key.
fn next(i: u64, n: u64) -> u64 {
    i.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F) % n
}

fn value(i: u64, n: u64) -> [u8; 100] {
    let mut value = [0x5a; 100];
    value[..8].copy_from_slice(&next(i, n).to_le_bytes());
    value
}

fn load(options: Options, n: u64) -> Storage {
    let storage = Storage::open_with(options).expect("memory");
    for i in 0..n {
        storage.put(&key(i), &value(i, n), 0).expect("valid");
    }
    storage
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// Random reads on one thread, dependent and independent.
fn latency(keys: u64) {
    const READS: u64 = 2_000_000;
    let n = keys.next_power_of_two();
    let storage = load(Options::default(), n);
    let number = |bytes: &[u8]| u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes"));
    let mut buffer = [0u8; 100];
    let mut rounds = |name: &str, dependent: bool| {
        let rate = median(
            (0..5)
                .map(|round| {
                    let (mut at, mut sum) = (round, 0u64);
                    let start = Instant::now();
                    for _ in 0..READS {
                        let read = |v: mantisdb_core::ValueRef<'_>| buffer.copy_from_slice(v.bytes);
                        storage.get(&key(at), read).expect("valid").expect("there");
                        let told = number(&buffer);
                        sum = sum.wrapping_add(told);
                        at = if dependent { told } else { next(at, n) };
                    }
                    assert_ne!(sum, 1);
                    READS as f64 / start.elapsed().as_secs_f64()
                })
                .collect(),
        );
        println!("get, {name} keys, {n} of them: {:.2}M/s", rate / 1e6);
    };
    rounds("dependent", true);
    rounds("independent", false);
}

/// Resident bytes of a key.
fn memory(keys: u64) {
    let before = resident();
    let storage = load(Options::default(), keys);
    // The index may still be on its way from one table to the next.
    std::thread::sleep(Duration::from_secs(3));
    let bytes = resident() - before;
    println!(
        "memory, {keys} keys: {:.1} bytes resident a key, {:.1} by the storage's own count",
        bytes as f64 / keys as f64,
        storage.stats().memory_bytes as f64 / keys as f64
    );
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux's /proc");
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).expect("VmRSS");
    let kib = line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
    kib.expect("a number") << 10
}

/// The longest of some steps, and how long all took.
struct Longest {
    steps: [Duration; 5],
    start: Instant,
    last: Instant,
}

impl Longest {
    fn new() -> Self {
        let now = Instant::now();
        Self { steps: [Duration::ZERO; 5], start: now, last: now }
    }

    fn step(&mut self) {
        let now = Instant::now();
        if now - self.last > self.steps[0] {
            self.steps[0] = now - self.last;
            self.steps.sort();
        }
        self.last = now;
    }

    fn seconds(&self) -> f64 {
        (self.last - self.start).as_secs_f64()
    }
}

impl std::fmt::Display for Longest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms: Vec<_> =
            self.steps.iter().rev().map(|d| format!("{:.2}", d.as_secs_f64() * 1e3)).collect();
        write!(f, "longest {} ms", ms.join(", "))
    }
}

/// The longest insertions, with a hash index that grows and with one that was
/// made large enough; and the longest steps of a loop that does nothing for as
/// long, which are the machine's.
fn growth(keys: u64) {
    let mut seconds = 0.0;
    for (name, expected_keys) in [("growing", 0), ("sized ahead", keys as usize)] {
        let storage =
            Storage::open_with(Options { expected_keys, ..Options::default() }).expect("memory");
        let mut longest = Longest::new();
        for i in 0..keys {
            storage.put(&key(i), &value(i, keys), 0).expect("valid");
            longest.step();
        }
        seconds = longest.seconds();
        let rate = keys as f64 / seconds / 1e6;
        println!("growth, {keys} insertions, index {name}: {longest}, {rate:.2}M/s");
        drop(storage);
        wait_for_memory();
    }
    let mut idle = Longest::new();
    while idle.seconds() < seconds {
        idle.step();
    }
    println!("growth, doing nothing for {seconds:.1} s: {idle}");
}

/// Waits until a storage that was dropped has given its memory back.
fn wait_for_memory() {
    let mut last = u64::MAX;
    while resident() < last {
        last = resident();
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn main() {
    // Cargo passes options such as --bench along.
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let number = words.iter().find_map(|w| w.parse::<u64>().ok());
    let all = words.iter().all(|w| w.parse::<u64>().is_ok());
    let wants = |name: &str| all || words.iter().any(|w| w == name);
    if wants("latency") {
        latency(number.unwrap_or(1_000_000));
    }
    if wants("memory") {
        memory(number.unwrap_or(10_000_000));
    }
    if wants("growth") {
        growth(number.unwrap_or(10_000_000));
    }
}
