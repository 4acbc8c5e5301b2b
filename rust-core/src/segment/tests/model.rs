//! Segments against a sorted vector.

use super::memory::{Owned, open, write};
use crate::segment::{Compression, Cursor, Scratch, Segment, SegmentOptions};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => "[ab]{1,4}".prop_map(String::into_bytes),
        4 => "tenant/[a-c]{1,12}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 1..12),
        2 => (0..40u32).prop_map(|i| format!("key{i:08}").into_bytes()),
        1 => (1..400usize).prop_map(|n| vec![b'k'; n]),
        1 => vec(any::<u8>(), 4000..5000),
    ]
}

fn value() -> impl Strategy<Value = Option<(Vec<u8>, u64)>> {
    let bytes = prop_oneof![
        8 => vec(any::<u8>(), 0..20),
        2 => (0..2000usize).prop_map(|n| vec![b'v'; n]),
        1 => vec(any::<u8>(), 1000..9000),
    ];
    let expiry =
        prop_oneof![3 => Just(0), 1 => any::<u64>(), 2 => 1_700_000_000_000..1_800_000_000_000u64];
    prop_oneof![1 => Just(None), 5 => (bytes, expiry).prop_map(Some)]
}

/// Versions in order. Sequences are distinct within a key.
fn versions() -> impl Strategy<Value = Vec<Owned>> {
    let sequence = prop_oneof![4 => 1..50u64, 1 => any::<u64>()];
    let random = vec((key(), sequence, value()), 1..150);
    // One key with very many versions, over several blocks.
    let run = (key(), 0..600u64);
    (random, run).prop_map(|(random, (hot, count))| {
        let mut all: Vec<Owned> = random
            .into_iter()
            .map(|(key, sequence, value)| Owned { key, sequence, value })
            .collect();
        all.extend((1..=count).map(|i| Owned {
            key: hot.clone(),
            sequence: 100 * i,
            value: Some((i.to_le_bytes().to_vec(), 0)),
        }));
        all.sort_by(|a, b| a.borrow().order(&b.borrow()));
        all.dedup_by(|a, b| a.key == b.key && a.sequence == b.sequence);
        all
    })
}

fn options() -> impl Strategy<Value = SegmentOptions> {
    let compression =
        prop_oneof![Just(Compression::None), Just(Compression::Lz4), Just(Compression::Zstd)];
    let block_len = prop_oneof![Just(256), Just(1024), Just(4096), Just(1 << 15)];
    let bits = prop_oneof![Just(0), Just(10), Just(18)];
    (block_len, compression, bits).prop_map(|(block_len, compression, filter_bits_per_key)| {
        SegmentOptions { block_len, compression, filter_bits_per_key }
    })
}

fn get(segment: &Segment, key: &[u8], max: u64, scratch: &mut Scratch) -> Option<Owned> {
    segment.get(key, max, scratch, Owned::of).unwrap()
}

fn model_get(versions: &[Owned], key: &[u8], max: u64) -> Option<Owned> {
    versions.iter().find(|v| v.key == key && v.sequence <= max).cloned()
}

/// The current version, which must be the model's at an index.
fn at(cursor: &Cursor<'_>, versions: &[Owned], index: Option<usize>) -> Result<(), TestCaseError> {
    let expected = index.and_then(|i| versions.get(i)).cloned();
    prop_assert_eq!(cursor.current().map(Owned::of), expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn reads_what_was_written(
        versions in versions(),
        options in options(),
        probes in vec((key(), prop_oneof![0..60u64, 0..60_000u64, Just(u64::MAX)]), 30),
        steps in vec(any::<bool>(), 20),
    ) {
        let (file, written) = write(&versions, &[], options);
        let segment = Arc::new(open(&file).unwrap());
        prop_assert_eq!(segment.properties(), &written);
        prop_assert_eq!(written.file_len, file.bytes().len() as u64);
        let mut scratch = Scratch::default();
        for v in &versions {
            let found = get(&segment, &v.key, v.sequence, &mut scratch);
            prop_assert_eq!(found.as_ref(), Some(v));
            let newest = get(&segment, &v.key, u64::MAX, &mut scratch);
            prop_assert_eq!(newest, model_get(&versions, &v.key, u64::MAX));
            let before = v.sequence.saturating_sub(1);
            let older = get(&segment, &v.key, before, &mut scratch);
            prop_assert_eq!(older, model_get(&versions, &v.key, before));
        }
        let mut cursor = segment.cursor();
        prop_assert!(cursor.current().is_none());
        for (key, max) in &probes {
            let found = get(&segment, key, *max, &mut scratch);
            prop_assert_eq!(found, model_get(&versions, key, *max));
            let mut place = Some(versions.partition_point(|v| &v.key < key));
            cursor.seek(key).unwrap();
            at(&cursor, &versions, place)?;
            for &forth in &steps {
                place = place.filter(|&i| i < versions.len());
                place = place.and_then(|i| if forth { Some(i + 1) } else { i.checked_sub(1) });
                if forth { cursor.next() } else { cursor.prev() }.unwrap();
                at(&cursor, &versions, place)?;
            }
            cursor.seek_before(Some(key)).unwrap();
            at(&cursor, &versions, versions.partition_point(|v| &v.key < key).checked_sub(1))?;
        }
    }

    #[test]
    fn scans_both_ways(versions in versions(), options in options()) {
        let (file, _) = write(&versions, &[], options);
        let segment = open(&file).unwrap();
        let mut cursor = segment.cursor();
        cursor.seek_to_first().unwrap();
        for v in &versions {
            prop_assert_eq!(cursor.current(), Some(v.borrow()));
            cursor.next().unwrap();
        }
        prop_assert!(cursor.current().is_none());
        cursor.seek_before(None).unwrap();
        for v in versions.iter().rev() {
            prop_assert_eq!(cursor.current(), Some(v.borrow()));
            cursor.prev().unwrap();
        }
        prop_assert!(cursor.current().is_none());
    }
}
