//! Reading through the cache of blocks.

use super::memory::{OneFile, Owned, open, write};
use crate::block_cache::{BlockCache, SegmentBlocks};
use crate::error::{Error, Result};
use crate::segment::{Compression, Scratch, Segment, SegmentOptions};
use std::sync::Arc;

fn versions() -> Vec<Owned> {
    let version = |i: u64| Owned {
        key: format!("cached/{:04}", i / 2).into_bytes(),
        sequence: 10_000 - i,
        value: (!i.is_multiple_of(7))
            .then(|| (format!("value {i} value {i} value").into_bytes(), i % 3)),
    };
    (0..200).map(version).collect()
}

fn file(compression: Compression) -> OneFile {
    write(&versions(), &[], SegmentOptions { block_len: 512, compression, filter_bits_per_key: 10 })
        .0
}

fn cache() -> Arc<BlockCache> {
    Arc::new(BlockCache::new(1 << 20))
}

fn cached(file: &OneFile, cache: &Arc<BlockCache>, number: u64) -> Result<Segment> {
    Ok(open(file)?.with_cache(SegmentBlocks::new(cache, number)))
}

fn read(segment: &Segment, version: &Owned) -> Result<Option<Owned>> {
    segment.get(&version.key, version.sequence, &mut Scratch::default(), Owned::of)
}

#[test]
fn a_hit_says_what_the_file_says() {
    for compression in [Compression::Lz4, Compression::Zstd] {
        let cache = cache();
        let segment = cached(&file(compression), &cache, 1).unwrap();
        for round in 0..3 {
            for version in versions() {
                assert_eq!(read(&segment, &version), Ok(Some(version)));
            }
            let stats = cache.stats();
            assert_eq!(stats.misses, segment.properties().blocks, "each block once");
            assert!(stats.hits >= (round + 1) * 200 - stats.misses, "{stats:?}");
        }
        assert_eq!(cache.blocks(), segment.properties().blocks);
    }
}

#[test]
fn what_is_not_compressed_is_read_in_place() {
    let cache = cache();
    let segment = cached(&file(Compression::None), &cache, 1).unwrap();
    for version in versions() {
        assert_eq!(read(&segment, &version), Ok(Some(version)));
    }
    assert_eq!(cache.stats(), Default::default());
    assert_eq!(cache.claimed(), 0, "it was never opened");
}

#[test]
fn segments_do_not_answer_for_each_other_and_leave_nothing() {
    let cache = cache();
    let file = file(Compression::Lz4);
    let other: Vec<_> =
        versions().into_iter().map(|v| Owned { value: Some((b"2".repeat(30), 0)), ..v }).collect();
    let options =
        SegmentOptions { block_len: 512, compression: Compression::Lz4, filter_bits_per_key: 10 };
    let (other_file, _) = write(&other, &[], options);
    let first = cached(&file, &cache, 1).unwrap();
    let second = cached(&other_file, &cache, 2).unwrap();
    for _ in 0..2 {
        for (one, two) in versions().iter().zip(&other) {
            assert_eq!(read(&first, one), Ok(Some(one.clone())));
            assert_eq!(read(&second, two), Ok(Some(two.clone())));
        }
    }
    assert_eq!(cache.blocks(), first.properties().blocks + second.properties().blocks);
    drop(first);
    assert_eq!(cache.blocks(), second.properties().blocks);
    drop(second);
    assert_eq!(cache.blocks(), 0);
}

/// A damaged block is told as before, each time, and is not kept.
#[test]
fn damage_is_not_cached() {
    let versions = versions();
    let cache = cache();
    for compression in [Compression::Lz4, Compression::Zstd] {
        let bytes = file(compression).bytes();
        let blocks_end = bytes.len() / 2;
        let mut told = 0;
        for place in (0..blocks_end).step_by(3) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << (place % 8);
            let file = OneFile::of(&damaged);
            let (Ok(plain), Ok(segment)) = (open(&file), cached(&file, &cache, place as u64))
            else {
                continue;
            };
            for version in versions.iter().step_by(5) {
                let expected = read(&plain, version);
                for _ in 0..2 {
                    assert_eq!(read(&segment, version), expected, "byte {place}");
                }
                told += u32::from(matches!(expected, Err(Error::Corrupt { .. })));
            }
            let mut damages = 0;
            segment.verify_all(&mut |_| (), &mut |_| damages += 1);
            assert_eq!(damages, 1, "byte {place}");
            assert!(cache.blocks() < segment.properties().blocks, "byte {place}");
        }
        assert!(told > 100, "{told} damages were met");
    }
    assert_eq!(cache.blocks(), 0);
}

#[test]
fn only_where_a_walk_begins_is_kept() {
    let cache = cache();
    let segment = cached(&file(Compression::Lz4), &cache, 1).unwrap();
    let blocks = segment.properties().blocks;
    assert!(blocks > 8);
    let walk = |mut cursor: crate::segment::Cursor<'_>| {
        cursor.seek_to_first().unwrap();
        for version in versions() {
            assert_eq!(cursor.current(), Some(version.borrow()));
            cursor.next().unwrap();
        }
        assert!(cursor.current().is_none());
    };
    walk(segment.cursor());
    assert_eq!(cache.stats(), Default::default(), "such a cursor passes it by");
    walk(segment.cached_cursor());
    assert_eq!((cache.blocks(), cache.stats().misses), (1, blocks));
    for version in versions() {
        assert_eq!(read(&segment, &version), Ok(Some(version)));
    }
    let before = cache.stats();
    walk(segment.cached_cursor());
    let after = cache.stats();
    assert_eq!((after.hits, after.misses), (before.hits + blocks, before.misses));
}

#[test]
fn a_read_within_a_read_neither_waits_nor_fails() {
    let cache = cache();
    let segment = cached(&file(Compression::Lz4), &cache, 1).unwrap();
    let versions = versions();
    let (first, last) = (&versions[0], &versions[199]);
    for _ in 0..2 {
        let found = segment.get(&first.key, first.sequence, &mut Scratch::default(), |outer| {
            (Owned::of(outer), read(&segment, last))
        });
        assert_eq!(found, Ok(Some((first.clone(), Ok(Some(last.clone()))))));
    }
}

#[test]
fn it_keeps_to_what_it_is_allowed() {
    let cache = cache();
    let blocks = SegmentBlocks::new(&cache, 1).unwrap();
    let raw = vec![7; 4000];
    blocks.put(0, &raw);
    let opened = cache.stats().bytes;
    cache.allow(opened + 100_000);
    (1..1000).for_each(|number| blocks.put(number, &raw));
    let bytes = cache.stats().bytes;
    assert!(bytes > opened + 90_000 && bytes <= opened + 105_000, "{bytes}");
    assert!(cache.claimed() > bytes && cache.claimed() <= 1 << 20);
    cache.allow(u64::MAX);
    (1..1000).for_each(|number| blocks.put(number, &raw));
    assert!(cache.stats().bytes <= (1 << 20) + (1 << 14), "{:?}", cache.stats());
    cache.allow(0);
    let start = std::time::Instant::now();
    while blocks.get(5000, |_| ()).is_none() {
        // What other tests' readers hold up is not free yet, and nobody waits for it.
        assert!(start.elapsed().as_secs() < 20, "a full one makes its own room");
        blocks.put(5000, &raw);
    }
    blocks.put(6000, &vec![7; 1 << 17]);
    assert!(blocks.get(6000, |_| ()).is_none(), "too long for it");
    assert!(SegmentBlocks::new(&Arc::new(BlockCache::new(1000)), 1).is_none());
}
