//! Files that were written by version 1 of the format, and are kept: later code
//! must read them.

use super::memory::{OneFile, Owned, open, write};
use crate::segment::{Compression, Scratch, SegmentOptions};

const RAW: &[u8] = include_bytes!("../../../tests/fixtures/segment-v1-raw.segment");
const LZ4: &[u8] = include_bytes!("../../../tests/fixtures/segment-v1-lz4.segment");
const ZSTD: &[u8] = include_bytes!("../../../tests/fixtures/segment-v1-zstd.segment");

/// What the files hold.
fn versions() -> Vec<Owned> {
    let mut versions = Vec::new();
    for i in 0..60u64 {
        let key = format!("fixture/{i:03}").into_bytes();
        if i % 5 == 0 {
            versions.push(Owned { key: key.clone(), sequence: 900 + i, value: None });
        }
        let expires_at = if i % 3 == 0 { 1_800_000_000_000 + i } else { 0 };
        let value = format!("the value of the key with the number {i}").into_bytes();
        versions.push(Owned { key, sequence: 100 + i * 7 % 60, value: Some((value, expires_at)) });
    }
    let large = (0..3000u32).map(|i| (i % 251) as u8).collect();
    versions.push(Owned { key: b"large".to_vec(), sequence: 1, value: Some((large, 0)) });
    for i in 0..40 {
        let value = Some((vec![b'r'; 30], 0));
        versions.push(Owned { key: b"run".to_vec(), sequence: 2000 - i, value });
    }
    versions
}

fn ranges() -> [(Vec<u8>, Vec<u8>, u64); 2] {
    [(b"a".to_vec(), b"b".to_vec(), 5), (b"fixture/".to_vec(), b"fixture0".to_vec(), 77)]
}

fn options(compression: Compression) -> SegmentOptions {
    SegmentOptions { block_len: 512, compression, filter_bits_per_key: 10 }
}

#[test]
fn version_1_is_read() {
    for (name, bytes) in [("raw", RAW), ("lz4", LZ4), ("zstd", ZSTD)] {
        let segment = open(&OneFile::of(bytes)).unwrap();
        assert_eq!(segment.verify(&mut |_| ()), Ok(()), "{name}");
        let mut scratch = Scratch::default();
        let mut cursor = segment.cursor();
        cursor.seek_to_first().unwrap();
        for v in versions() {
            assert_eq!(cursor.current(), Some(v.borrow()), "{name}");
            cursor.next().unwrap();
            let found = segment.get(&v.key, v.sequence, &mut scratch, Owned::of);
            assert_eq!(found, Ok(Some(v)), "{name}");
        }
        assert!(cursor.current().is_none(), "{name}");
        let found: Vec<_> = segment.range_tombstones().collect();
        let ranges = ranges();
        let expected: Vec<_> = ranges.iter().map(|(a, b, s)| (&a[..], &b[..], *s)).collect();
        assert_eq!(found, expected, "{name}");
    }
}

/// Without compression, whose output may change with the library, the bytes are
/// determined: a change of them is a change of the format.
#[test]
fn version_1_is_written() {
    assert!(write(&versions(), &ranges(), options(Compression::None)).0.bytes() == RAW);
}

/// Makes the files anew: for a new version of the format, under other names.
#[test]
#[ignore = "writes the fixtures"]
fn write_fixtures() {
    let kinds =
        [("raw", Compression::None), ("lz4", Compression::Lz4), ("zstd", Compression::Zstd)];
    for (name, compression) in kinds {
        let (file, _) = write(&versions(), &ranges(), options(compression));
        std::fs::write(format!("tests/fixtures/segment-v1-{name}.segment"), file.bytes()).unwrap();
    }
}
