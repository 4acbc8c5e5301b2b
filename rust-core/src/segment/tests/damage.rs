//! What becomes of a file of which bits are flipped or bytes are missing.

use super::memory::{OneFile, Owned, open, write};
use crate::error::{Error, Result};
use crate::segment::{
    Compression, RangeTombstone, Scratch, Segment, SegmentOptions, frame, salvage,
};
use std::path::Path;

/// Versions that make some blocks, with all that blocks can hold.
fn versions() -> Vec<Owned> {
    let mut versions = Vec::new();
    for i in 0..24u64 {
        let key = format!("damage/{:02}", i / 2).into_bytes();
        let value = match i % 4 {
            0 => Some((b"value of a key, of a key, of a key".to_vec(), 0)),
            1 => Some((i.to_le_bytes().to_vec(), 1_700_000_000_000 + i)),
            2 => None,
            _ => Some((vec![i as u8; 60], 0)),
        };
        versions.push(Owned { key, sequence: 1000 - i, value });
    }
    versions
}

fn file(compression: Compression) -> OneFile {
    let options = SegmentOptions { block_len: 256, compression, filter_bits_per_key: 10 };
    let ranges = [(b"damage/03".to_vec(), b"damage/05".to_vec(), 2000)];
    write(&versions(), &ranges, options).0
}

const COMPRESSIONS: [Compression; 3] = [Compression::None, Compression::Lz4, Compression::Zstd];

fn is_corrupt<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::Corrupt { file, .. }) if file == "test")
}

/// Every answer is right, or the file is called corrupt.
fn assert_never_wrong(segment: &Segment, versions: &[Owned], what: &str) {
    let mut scratch = Scratch::default();
    for v in versions {
        let found = segment.get(&v.key, v.sequence, &mut scratch, Owned::of);
        assert!(is_corrupt(&found) || found == Ok(Some(v.clone())), "{what}: {found:?}");
    }
    for key in [&b"absent"[..], b"damage/0", b"damage/071", b"zero"] {
        let found = segment.get(key, u64::MAX, &mut scratch, Owned::of);
        assert!(is_corrupt(&found) || found == Ok(None), "{what}: {found:?}");
    }
    let mut cursor = segment.cursor();
    let mut step = cursor.seek_to_first();
    for v in versions {
        if is_corrupt(&step) {
            break;
        }
        assert_eq!(cursor.current(), Some(v.borrow()), "{what}");
        step = cursor.next();
    }
    let mut step = cursor.seek_before(None);
    for v in versions.iter().rev() {
        if is_corrupt(&step) {
            break;
        }
        assert_eq!(cursor.current(), Some(v.borrow()), "{what}");
        step = cursor.prev();
    }
}

/// What is salvaged was written, and nothing is missing without being told.
fn assert_salvage(bytes: &[u8], versions: &[Owned], what: &str) {
    let mut found = Vec::new();
    let salvage = salvage(&OneFile::of(bytes), Path::new("test"), &mut |version| {
        found.push(Owned::of(*version));
        Ok(())
    });
    let salvage = salvage.unwrap();
    assert!(found.iter().all(|v| versions.contains(v)), "{what}");
    assert!(found.is_sorted_by(|a, b| a.borrow().order(&b.borrow()).is_lt()), "{what}");
    assert_eq!(salvage.entries, found.len() as u64, "{what}");
    if found.len() < versions.len() {
        assert!(salvage.lost_bytes() > 0, "{what}");
        // One flipped bit costs one block.
        assert!(found.len() + 12 > versions.len(), "{what}: {} found", found.len());
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let versions = versions();
    for compression in COMPRESSIONS {
        let bytes = file(compression).bytes();
        let segment = open(&OneFile::of(&bytes)).unwrap();
        assert_eq!(segment.verify(&mut |_| ()), Ok(()));
        assert!(segment.properties().blocks >= 3, "too few blocks to tell them apart");
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let what = format!("{compression:?}, bit {} of byte {}", bit % 8, bit / 8);
            let opened = open(&OneFile::of(&damaged));
            match &opened {
                Ok(segment) => {
                    assert_never_wrong(segment, &versions, &what);
                    assert!(is_corrupt(&segment.verify(&mut |_| ())), "{what}");
                    let mut damages = 0;
                    segment.verify_all(&mut |_| (), &mut |_| damages += 1);
                    assert_eq!(damages, 1, "{what}");
                }
                Err(_) => assert!(is_corrupt(&opened), "{what}: {opened:?}"),
            }
            assert_salvage(&damaged, &versions, &what);
        }
    }
}

#[test]
fn every_truncation_is_found() {
    let bytes = file(Compression::Lz4).bytes();
    for len in 0..bytes.len() {
        let opened = open(&OneFile::of(&bytes[..len]));
        assert!(is_corrupt(&opened), "{len}: {opened:?}");
    }
    let mut longer = bytes.clone();
    longer.extend_from_slice(&[0; 16]);
    assert!(is_corrupt(&open(&OneFile::of(&longer))));
}

/// Without its end, a file still gives all blocks that are there.
#[test]
fn salvage_needs_no_footer() {
    let versions = versions();
    let bytes = file(Compression::Lz4).bytes();
    let mut most = 0;
    for len in 0..bytes.len() {
        let mut found = 0;
        let cut = OneFile::of(&bytes[..len]);
        let salvaged = salvage(&cut, Path::new("test"), &mut |_| {
            found += 1;
            Ok(())
        });
        assert_eq!(salvaged.unwrap().entries, found);
        assert!(found >= most, "{len}");
        most = found;
    }
    assert_eq!(most, versions.len() as u64);
}

#[test]
fn salvage_of_a_sound_file_is_all() {
    for compression in COMPRESSIONS {
        let mut found = Vec::new();
        let salvage = salvage(&file(compression), Path::new("test"), &mut |version| {
            found.push(Owned::of(*version));
            Ok(())
        });
        let salvage = salvage.unwrap();
        assert_eq!(found, versions());
        assert_eq!(salvage.damage, []);
        let (start, end) = (b"damage/03".to_vec(), b"damage/05".to_vec());
        let range = RangeTombstone { start, end, sequence: 2000 };
        assert_eq!(salvage.range_tombstones, Some(vec![range]));
    }
}

/// A value of what looks like frames that reach far, in a file without its end:
/// the search for the next whole frame gives up in time.
#[test]
fn a_value_of_frames_is_searched_in_bounded_time() {
    let len = 4 << 20;
    let head = [0xb5, 0x5e, 3, 0, 0, 0, 0x20, 0, 0, 0, 0x20, 0, 1, 2, 3, 4];
    let value: Vec<u8> = head.iter().copied().cycle().take(len).collect();
    let versions: Vec<Owned> = [(b"a".to_vec(), value), (b"b".to_vec(), b"behind".to_vec())]
        .map(|(key, value)| Owned { key, sequence: 1, value: Some((value, 0)) })
        .into();
    let options = SegmentOptions { compression: Compression::None, ..SegmentOptions::default() };
    let mut bytes = write(&versions, &[], options).0.bytes();
    bytes[60] ^= 1;
    let start = std::time::Instant::now();
    let mut found = Vec::new();
    let mut run = |bytes: &[u8]| {
        found.clear();
        let salvage = salvage(&OneFile::of(bytes), Path::new("test"), &mut |version| {
            found.push(version.key.to_vec());
            Ok(())
        });
        (salvage.unwrap(), found.clone())
    };
    // Footer and index lead past it.
    let (salvaged, keys) = run(&bytes);
    assert_eq!((salvaged.damage.len(), keys), (1, vec![b"b".to_vec()]));
    let end = bytes.len() - 1;
    let (salvaged, _) = run(&bytes[..end]);
    assert!(salvaged.lost_bytes() >= len as u64, "{salvaged:?}");
    assert!(start.elapsed().as_secs() < 10, "it took {:?}", start.elapsed());
}

/// No block of data is longer than a version of the greatest size.
#[test]
fn frames_longer_than_the_format_allows_are_refused() {
    let len = frame::MAX_BLOCK_LEN;
    for (len, is_read) in [(len, true), (len + 1, false)] {
        let mut file = Vec::new();
        let none = Compression::None;
        let block = vec![0; len];
        frame::write(frame::Kind::Data, none, len, &block, 0, &mut file);
        assert_eq!(frame::Frame::read(&file, 0, file.len()).is_ok(), is_read);
    }
}

/// A part of the file that came to lie where another belongs is damage, though
/// it is whole.
#[test]
fn misplaced_blocks_are_found() {
    let bytes = file(Compression::None).bytes();
    let segment = open(&OneFile::of(&bytes)).unwrap();
    let place = |i| segment.parts.index.place(&segment.file, i);
    let ((a, a_end), (b, b_end)) = (place(0), place(1));
    let len = (a_end - a).min(b_end - b);
    let mut damaged = bytes.clone();
    damaged.copy_within(b..b + len, a);
    let segment = open(&OneFile::of(&damaged)).unwrap();
    assert!(is_corrupt(&segment.verify(&mut |_| ())));
    assert_never_wrong(&segment, &versions(), "misplaced");
}

/// Overwritten ranges, as lost sectors are.
#[test]
fn lost_sectors_are_found() {
    let versions = versions();
    let bytes = file(Compression::Lz4).bytes();
    for start in 0..bytes.len() {
        let mut damaged = bytes.clone();
        let end = damaged.len().min(start + 512);
        damaged[start..end].fill(0);
        if damaged == bytes {
            continue;
        }
        let opened = open(&OneFile::of(&damaged));
        match &opened {
            Ok(segment) => {
                assert_never_wrong(segment, &versions, "lost sector");
                assert!(is_corrupt(&segment.verify(&mut |_| ())), "{start}");
            }
            Err(_) => assert!(is_corrupt(&opened), "{start}"),
        }
    }
}

#[test]
fn other_versions_are_refused_by_name() {
    let mut bytes = file(Compression::None).bytes();
    bytes[8] = 9;
    let crc = crc32c::crc32c(&bytes[..28]);
    bytes[28..32].copy_from_slice(&crc.to_le_bytes());
    let opened = open(&OneFile::of(&bytes));
    assert!(matches!(&opened, Err(Error::WrongFormat(what)) if what.contains('9')), "{opened:?}");
}

mod fuzz_entries {
    use super::*;
    use crate::segment::fuzzing::{fuzz_block, fuzz_framed_block, fuzz_parts, fuzz_segment};
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn take_flipped_files() {
        for compression in COMPRESSIONS {
            let bytes = file(compression).bytes();
            fuzz_segment(&bytes);
            for i in (0..bytes.len()).step_by(7) {
                let mut damaged = bytes.clone();
                damaged[i] ^= 0x41;
                fuzz_segment(&damaged);
                fuzz_block(&damaged[48..]);
            }
        }
    }

    /// What the fuzz targets start from is read without a panic, here too.
    #[test]
    fn take_their_seeds() {
        type Target = fn(&[u8]);
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        let targets: [(&str, Target); 4] = [
            ("segment_block", fuzz_block),
            ("segment_block", fuzz_framed_block),
            ("segment_parts", fuzz_parts),
            ("segment_file", fuzz_segment),
        ];
        for (target, run) in targets {
            let mut met = 0;
            for seed in std::fs::read_dir(seeds.join(target)).unwrap() {
                run(&std::fs::read(seed.unwrap().path()).unwrap());
                met += 1;
            }
            assert!(met > 0, "no seeds of {target}");
        }
    }

    proptest! {
        #[test]
        fn take_any_bytes(bytes in vec(any::<u8>(), 0..300), small in vec(0..20u8, 0..200)) {
            for bytes in [&bytes, &small] {
                fuzz_block(bytes);
                fuzz_framed_block(bytes);
                fuzz_parts(bytes);
                fuzz_segment(bytes);
            }
        }
    }
}
