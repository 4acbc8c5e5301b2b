//! What the writer takes and refuses, and what it says of the outcome.

use super::memory::{OneFile, Owned, open, write};
use crate::error::{Error, Result};
use crate::fs::{Disk, FileSystem, NewFile};
use crate::key_version::{KeyVersion, Payload};
use crate::limits::MAX_KEY_LEN;
use crate::segment::{
    Compression, CompressionRules, Scratch, Segment, SegmentOptions, SegmentWriter,
};

fn version(key: &[u8], sequence: u64) -> KeyVersion<'_> {
    KeyVersion { key, sequence, payload: Payload::Value(b"value", 0) }
}

fn writer(file: impl NewFile + 'static) -> SegmentWriter {
    SegmentWriter::new(Box::new(file), SegmentOptions::default())
}

#[test]
fn refuses_what_is_out_of_order() {
    let file = OneFile::default();
    let mut writer = writer(file.clone());
    writer.add(&version(b"b", 5)).unwrap();
    for wrong in [version(b"a", 9), version(b"b", 5), version(b"b", 6)] {
        assert!(matches!(writer.add(&wrong), Err(Error::InvalidArgument(_))));
    }
    writer.add(&version(b"b", 4)).unwrap();
    writer.add(&version(b"ba", 9)).unwrap();
    assert_eq!(writer.finish().unwrap().entries, 3);
    assert_eq!(open(&file).unwrap().verify(&mut |_| ()), Ok(()));
}

#[test]
fn refuses_sizes_that_no_storage_takes() {
    let mut writer = writer(OneFile::default());
    assert_eq!(writer.add(&version(b"", 1)), Err(Error::KeyEmpty));
    let long = vec![b'k'; MAX_KEY_LEN + 1];
    assert_eq!(writer.add(&version(&long, 1)), Err(Error::KeyTooLarge(MAX_KEY_LEN + 1)));
    assert!(matches!(writer.finish(), Err(Error::InvalidArgument(_))));
}

#[test]
fn greatest_sizes_are_served() {
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        let options = SegmentOptions { compression, ..SegmentOptions::default() };
        let versions: Vec<Owned> = [(vec![b'k'; MAX_KEY_LEN], 64 << 20), (b"small".to_vec(), 3)]
            .into_iter()
            .map(|(key, len)| Owned { key, sequence: 7, value: Some((vec![b'v'; len], 9)) })
            .collect();
        let (file, _) = write(&versions, &[], options);
        let segment = open(&file).unwrap();
        let mut scratch = Scratch::default();
        for v in &versions {
            let found = segment.get(&v.key, u64::MAX, &mut scratch, |found| found == v.borrow());
            assert_eq!(found, Ok(Some(true)));
        }
        assert_eq!(segment.verify(&mut |_| ()), Ok(()));
        assert_eq!(compression == Compression::None, file.bytes().len() > 64 << 20);
    }
}

/// Blocks are cut where another rule begins, and stored as it says.
#[test]
fn rules_choose_the_compression() {
    let rules = CompressionRules::default()
        .with(b"b", Some(Compression::Zstd))
        .with(b"c", Some(Compression::None));
    let file = OneFile::default();
    let mut writer = writer(file.clone()).with_rules(rules.into());
    let keys = [b"a1", b"a2", b"b1", b"b2", b"c1", b"c2", b"d1"];
    for key in keys {
        let payload = Payload::Value(&[b'v'; 500], 0);
        writer.add(&KeyVersion { key, sequence: 1, payload }).unwrap();
    }
    assert_eq!(writer.finish().unwrap().blocks, 4);
    let segment = open(&file).unwrap();
    assert_eq!(segment.verify(&mut |_| ()), Ok(()));
    let mut scratch = Scratch::default();
    for key in keys {
        let found = segment.get(key, 1, &mut scratch, |found| found.payload.value().len());
        assert_eq!(found, Ok(Some(500)));
    }
    // No other block is stored as it is.
    let bytes = file.bytes();
    let plain = bytes.windows(500).filter(|window| window.iter().all(|&b| b == b'v')).count();
    assert_eq!(plain, 2);
}

#[test]
fn tells_properties() {
    let versions = [
        Owned { key: b"b".to_vec(), sequence: 9, value: None },
        Owned { key: b"b".to_vec(), sequence: 3, value: Some((b"value".to_vec(), 500)) },
        Owned { key: b"c".to_vec(), sequence: 4, value: Some((b"v".to_vec(), 400)) },
    ];
    let ranges = [(b"c".to_vec(), b"x".to_vec(), 11), (b"a".to_vec(), b"b".to_vec(), 2)];
    let (file, properties) = write(&versions, &ranges, SegmentOptions::default());
    let p = open(&file).unwrap().properties().clone();
    assert_eq!(p, properties);
    assert_eq!((p.entries, p.keys, p.tombstones, p.range_tombstones), (3, 2, 1, 2));
    assert_eq!((p.expiring, p.earliest_expiry, p.latest_expiry), (2, 400, 0));
    assert_eq!((p.first_key, p.last_key), (b"a".to_vec(), b"x".to_vec()));
    assert_eq!((p.min_sequence, p.max_sequence), (2, 11));
    assert_eq!((p.raw_key_bytes, p.raw_value_bytes, p.blocks), (3, 6, 1));
    let (_, p) = write(&versions[1..], &[], SegmentOptions::default());
    assert_eq!((p.earliest_expiry, p.latest_expiry), (400, 500));
}

#[test]
fn holds_range_tombstones_alone() {
    let ranges = [
        (b"m".to_vec(), b"n".to_vec(), 5),
        (b"a".to_vec(), b"z".to_vec(), 6),
        (b"a".to_vec(), b"c".to_vec(), 7),
        (b"empty".to_vec(), b"empty".to_vec(), 8),
    ];
    let (file, properties) = write(&[], &ranges, SegmentOptions::default());
    assert_eq!((properties.entries, properties.range_tombstones), (0, 3));
    let segment = open(&file).unwrap();
    let found: Vec<_> = segment.range_tombstones().collect();
    assert_eq!(found, [(&b"a"[..], &b"c"[..], 7), (b"a", b"z", 6), (b"m", b"n", 5)]);
    let mut scratch = Scratch::default();
    assert_eq!(segment.get(b"b", u64::MAX, &mut scratch, |_| ()), Ok(None));
    let mut cursor = segment.cursor();
    for seek in [|| None, || Some(&b"b"[..])] {
        cursor.seek_before(seek()).unwrap();
        assert!(cursor.current().is_none());
    }
    cursor.seek_to_first().unwrap();
    cursor.seek(b"a").unwrap();
    cursor.next().unwrap();
    assert!(cursor.current().is_none());
    assert_eq!(segment.verify(&mut |_| ()), Ok(()));
}

#[test]
fn estimates_its_length() {
    let file = OneFile::default();
    let options = SegmentOptions { compression: Compression::None, ..SegmentOptions::default() };
    let mut writer = SegmentWriter::new(Box::new(file.clone()), options);
    for i in 0..5000u64 {
        writer.add(&version(&i.to_be_bytes(), i)).unwrap();
    }
    let estimated = writer.estimated_len();
    let len = writer.finish().unwrap().file_len;
    assert!(estimated.abs_diff(len) < len / 20, "{estimated} estimated, {len} in fact");
}

/// A file of which the writes fail after some bytes.
struct Full(usize);

impl NewFile for Full {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self.0.checked_sub(bytes.len()) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(Error::Io {
                operation: "write",
                path: "test".into(),
                kind: std::io::ErrorKind::StorageFull,
                reason: "full".into(),
            }),
        }
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_of_the_file_ends_the_segment() {
    let options = SegmentOptions { compression: Compression::None, ..SegmentOptions::default() };
    for room in [0, 300 << 10] {
        let mut writer = SegmentWriter::new(Box::new(Full(room)), options);
        let mut refused = false;
        for i in 0..1000u64 {
            let key = i.to_be_bytes();
            let payload = Payload::Value(&[7; 1000], 0);
            let added = writer.add(&KeyVersion { key: &key, sequence: i, payload });
            assert!(!refused || added.is_err(), "added after an error");
            refused |= added.is_err();
        }
        assert!(refused);
        assert!(matches!(writer.finish(), Err(Error::Io { .. })));
    }
}

/// The real file system maps what was written, and is asked ahead in walks.
#[test]
fn files_on_disk_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("segment");
    let mut writer = SegmentWriter::new(
        Disk.create(&path).unwrap(),
        SegmentOptions { compression: Compression::None, ..SegmentOptions::default() },
    );
    const KEYS: u64 = 20_000;
    for i in 0..KEYS {
        let payload = Payload::Value(&[i as u8; 100], 0);
        writer.add(&KeyVersion { key: &i.to_be_bytes(), sequence: i, payload }).unwrap();
    }
    let written = writer.finish().unwrap();
    let segment = Segment::open(&Disk, &path).unwrap();
    assert_eq!(segment.properties(), &written);
    assert_eq!(segment.verify(&mut |_| ()), Ok(()));
    let mut cursor = segment.cursor();
    cursor.seek_to_first().unwrap();
    for i in 0..KEYS {
        assert_eq!(cursor.current().map(|v| v.sequence), Some(i));
        cursor.next().unwrap();
    }
    cursor.seek_before(None).unwrap();
    for i in (0..KEYS).rev() {
        assert_eq!(cursor.current().map(|v| v.sequence), Some(i));
        cursor.prev().unwrap();
    }
    assert!(cursor.current().is_none());
}
