//! Keeping filter and index in memory.

use crate::fs::scratch::Scratch;
use crate::fs::{Disk, FileSystem};
use crate::key_version::{KeyVersion, Payload};
use crate::segment::{Compression, Pins, Segment, SegmentOptions, SegmentWriter};
use std::path::Path;
use std::sync::Arc;

fn write(path: &Path) {
    let options =
        SegmentOptions { block_len: 4096, compression: Compression::None, filter_bits_per_key: 10 };
    let mut writer = SegmentWriter::new(Disk.create(path).unwrap(), options);
    for i in 0..50_000u64 {
        let key = format!("pinned/{i:08}");
        let payload = Payload::Value(&[7; 50], 0);
        writer.add(&KeyVersion { key: key.as_bytes(), sequence: i + 1, payload }).unwrap();
    }
    writer.finish().unwrap();
}

/// What the system says of the mappings of a file: KiB of the field.
fn kib(path: &Path, field: &str) -> u64 {
    let (smaps, name) =
        (std::fs::read_to_string("/proc/self/smaps").unwrap(), path.to_str().unwrap());
    let (mut is_ours, mut sum) = (false, 0);
    for line in smaps.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if !first.ends_with(':') {
            is_ours = line.ends_with(name);
        } else if is_ours && first == field {
            sum += words.next().and_then(|n| n.parse::<u64>().ok()).unwrap();
        }
    }
    sum
}

#[test]
fn what_is_pinned_stays_in_memory() {
    let dir = Scratch::new();
    let path = dir.join("00000001.seg");
    write(&path);
    let pins = Arc::new(Pins::new(8 << 20));
    let segment = Segment::open(&Disk, &path).unwrap().pinned_by(&pins);
    let pinned = pins.bytes();
    assert!(pinned > 60_000, "filter and index are longer: {pinned}");
    assert!(kib(&path, "Locked:") << 10 >= pinned);
    segment.verify(&mut |_| ()).unwrap();
    assert!(kib(&path, "Rss:") > 2000, "all was read");
    drop(segment);
    assert_eq!((pins.bytes(), kib(&path, "Locked:")), (0, 0));
}

#[test]
fn no_more_is_pinned_than_there_is_leave_for() {
    let dir = Scratch::new();
    let path = dir.join("00000001.seg");
    write(&path);
    let pins = Arc::new(Pins::new(100_000));
    let first = Segment::open(&Disk, &path).unwrap().pinned_by(&pins);
    let pinned = pins.bytes();
    assert!(pinned > 60_000);
    let second = Segment::open(&Disk, &path).unwrap().pinned_by(&pins);
    assert_eq!(pins.bytes(), pinned, "there was no leave for both");
    drop(first);
    assert_eq!(pins.bytes(), 0);
    let third = Segment::open(&Disk, &path).unwrap().pinned_by(&pins);
    assert_eq!(pins.bytes(), pinned);
    drop((second, third));
    let none = Segment::open(&Disk, &path).unwrap().pinned_by(&Arc::default());
    assert_eq!(kib(&path, "Locked:"), 0);
    none.verify(&mut |_| ()).unwrap();
}
