//! Figures: what a read costs and what an entry takes.
//!
//! `cargo test --release -p mantisdb-core segment_figures -- --ignored --nocapture`

use super::memory::OneFile;
use crate::fs::FileSystem;
use crate::key_version::{KeyVersion, Payload};
use crate::segment::{Compression, Scratch, Segment, SegmentOptions, SegmentWriter};
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

/// The processor time of this thread: others may use the machine.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().and_then(|n| n.parse().ok()).unwrap())
}

const READS: u64 = 200_000;
const ROUNDS: u64 = 15;

/// The `i`-th of the keys in order, 16 bytes.
fn key(i: u64) -> [u8; 16] {
    let mut key = *b"bench/00........";
    key[8..].copy_from_slice(&(i * 7919).to_be_bytes());
    key
}

/// Half random, half repeated: it compresses by about a half.
fn value(i: u64, len: usize) -> Vec<u8> {
    let mut state = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let random = (0..len / 2).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    random.chain(b"the same words ".iter().copied().cycle()).take(len).collect()
}

fn write(keys: u64, value_len: usize, options: SegmentOptions) -> OneFile {
    let file = OneFile::default();
    let mut writer = SegmentWriter::new(Box::new(file.clone()), options);
    let start = cpu();
    for i in 0..keys {
        let (key, value) = (key(i), value(i, value_len));
        let sequence = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys + 1;
        let payload = Payload::Value(&value, 0);
        writer.add(&KeyVersion { key: &key, sequence, payload }).unwrap();
    }
    let p = writer.finish().unwrap();
    print!(
        "{:>5?} {value_len:>4} B: {:6.1} B an entry, written {:4} ns",
        options.compression,
        p.file_len as f64 / keys as f64,
        (cpu() - start).as_nanos() as u64 / keys,
    );
    file
}

fn nanos(reads: u64, mut read: impl FnMut(u64)) -> u64 {
    // The least of some rounds.
    let round = |round| {
        let start = cpu();
        for i in 0..reads {
            read(i * ROUNDS + round);
        }
        (cpu() - start).as_nanos() as u64 / reads
    };
    (0..ROUNDS).map(round).min().unwrap_or(0)
}

fn spread(i: u64, keys: u64) -> u64 {
    ((u128::from(i.wrapping_mul(0x9e37_79b9_7f4a_7c15)) * u128::from(keys)) >> 64) as u64
}

fn reads(segment: &Segment, keys: u64) {
    let mut scratch = Scratch::default();
    let hit = nanos(READS, |i| {
        let key = key(spread(i, keys));
        let found = segment.get(&key, u64::MAX, &mut scratch, |v| v.payload.value()[0]);
        assert!(black_box(found).unwrap().is_some());
    });
    let mut passed = 0;
    let absent = nanos(READS, |i| {
        let mut key = key(spread(i, keys));
        key[15] ^= 0x40;
        black_box(segment.get(&key, u64::MAX, &mut scratch, |_| ())).unwrap();
        let filter = segment.parts.filter.as_ref().unwrap();
        passed += u64::from(filter.may_contain(&segment.file, super::super::filter::hash(&key)));
    });
    let mut cursor = segment.cursor();
    let start = cpu();
    cursor.seek_to_first().unwrap();
    while let Some(version) = cursor.current() {
        black_box(version.payload);
        cursor.next().unwrap();
    }
    let next = (cpu() - start).as_nanos() as f64 / keys as f64;
    let start = cpu();
    cursor.seek_before(None).unwrap();
    while let Some(version) = cursor.current() {
        black_box(version.payload);
        cursor.prev().unwrap();
    }
    let prev = (cpu() - start).as_nanos() as f64 / keys as f64;
    let false_positives = passed as f64 / (ROUNDS * READS) as f64 * 100.0;
    println!(
        ", hit {hit:4} ns, absent {absent:3} ns ({false_positives:.3} % pass), \
         next {next:4.1} ns, prev {prev:5.1} ns"
    );
}

#[test]
#[ignore = "measures"]
fn segment_figures() {
    for (keys, value_len) in [(1_000_000, 100), (200_000, 1024)] {
        for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
            let options = SegmentOptions { compression, ..SegmentOptions::default() };
            let file = write(keys, value_len, options);
            let mapping = file.map(Path::new("test")).unwrap();
            let start = cpu();
            let segment = Segment::of(mapping, "test".into()).unwrap();
            print!(", opened {:?}", cpu() - start);
            reads(&segment, keys);
        }
    }
}
