//! Ways in for fuzzing: bytes that nobody wrote must be refused or read, and
//! never panic. The tests run the same with small inputs.

use super::block::{Block, Found};
use super::compression::Compression;
use super::frame::{self, Kind};
use super::{Parts, Scratch, Segment, filter, salvage};
use crate::fs::Mapping;
use crate::key_version::KeyVersion;
use rkyv::util::AlignedVec;
use std::path::PathBuf;

/// Reads arbitrary bytes as a block: all its versions, each key by its hash, and
/// places between.
pub fn fuzz_block(raw: &[u8]) {
    let mut keys: Vec<Vec<u8>> = vec![b"key".to_vec()];
    let _ = salvage::for_each(raw, &mut |version: &KeyVersion<'_>| {
        keys.push(version.key.to_vec());
        true
    });
    let Ok(block) = Block::parse(raw) else { return };
    for key in keys.iter().take(64) {
        let found = block.get(key, filter::hash(key), u64::MAX / 2);
        if let Ok(Found::Version(sequence, _)) = found {
            assert!(sequence <= u64::MAX / 2);
        }
        let bound = block.lower_bound(key);
        assert!(bound.is_err() || bound.is_ok_and(|bound| bound <= block.layout().count()));
    }
}

/// Reads arbitrary bytes as the one block of a file, its checksum right: what a
/// block says of itself is believed no more for that. The first byte tells the
/// compression, two more the length once decompressed.
pub fn fuzz_framed_block(bytes: &[u8]) {
    let Some((&[code, low, high], stored)) = bytes.split_first_chunk() else { return };
    let compression = Compression::from_code(code % 3).unwrap_or_default();
    let raw_len = match compression {
        Compression::None => stored.len(),
        _ => u16::from_le_bytes([low, high]).into(),
    };
    let mut file = super::footer::header().to_vec();
    let offset = file.len() as u64;
    frame::write(Kind::Data, compression, raw_len, stored, offset, &mut file);
    fuzz_salvage(&file);
}

/// Reads arbitrary bytes as a whole file: opening, verification, scans in both
/// directions, reads of what the scans found, and salvage.
pub fn fuzz_segment(bytes: &[u8]) {
    fuzz_salvage(bytes);
    let Ok(segment) = Segment::of(Mapping::new(aligned(bytes)), PathBuf::from("fuzz")) else {
        return;
    };
    let verified = segment.verify(&mut |_| ());
    let mut keys = vec![b"key".to_vec()];
    let mut cursor = segment.cursor();
    let _ = cursor.seek_to_first();
    while let Some(version) = cursor.current().filter(|_| keys.len() < 1000) {
        keys.push(version.key.to_vec());
        let _ = cursor.next();
    }
    let _ = cursor.seek_before(None);
    for _ in 0..1000 {
        let _ = cursor.prev();
    }
    let mut scratch = Scratch::default();
    for (i, key) in keys.iter().enumerate() {
        let found = segment.get(key, u64::MAX, &mut scratch, |_| ());
        assert!(verified.is_err() || i == 0 || found == Ok(Some(())), "{key:?} is not found");
        let _ = cursor.seek(key);
        let _ = cursor.seek_before(Some(key));
    }
    for (start, end, _) in segment.range_tombstones() {
        assert!(start < end);
    }
}

fn fuzz_salvage(bytes: &[u8]) {
    let aligned = aligned(bytes);
    let mut entries = 0;
    let found = salvage::salvage_bytes(&aligned, &mut |_| {
        entries += 1;
        Ok(())
    });
    assert!(found.is_ok_and(|found| found.entries == entries));
    // Parsing apart from opening reaches what the checksums would hide.
    let _ = Parts::parse(&aligned);
}

/// A copy as a mapping has it. (An empty vector without capacity is not aligned.)
fn aligned(bytes: &[u8]) -> AlignedVec {
    let mut aligned = AlignedVec::with_capacity(bytes.len().max(1));
    aligned.extend_from_slice(bytes);
    aligned
}

/// Reads arbitrary bytes as index, filter and properties whose checksums are
/// right, over a file with nothing else in it.
pub fn fuzz_parts(bytes: &[u8]) {
    let Some((&code, content)) = bytes.split_first() else { return };
    let kind = [Kind::Filter, Kind::Index, Kind::Properties][usize::from(code % 3)];
    let mut file = AlignedVec::<16>::new();
    let mut framed = Vec::new();
    let place = u64::from(code / 3) * 16;
    frame::write(kind, Compression::None, content.len(), content, place, &mut framed);
    file.resize(place as usize, 0);
    file.extend_from_slice(&framed);
    let Ok(frame) = frame::Frame::read(&file, place as usize, file.len()) else { return };
    assert_eq!(frame.check(), Ok(()));
    match kind {
        Kind::Filter => {
            if let Ok(filter) = filter::Filter::parse(&frame) {
                (0..1000u64).for_each(|i| {
                    filter.may_contain(&file, filter::hash(&i.to_le_bytes()));
                });
            }
        }
        Kind::Index => {
            let start = super::footer::HEADER_LEN;
            if let Ok(index) = super::index::Index::parse(&file, &frame, start) {
                for key in [&content[..content.len().min(20)], b"", b"key"] {
                    assert!(index.block_at(&file, key, 7) < index.blocks().max(1));
                    assert!(index.first_block(&file, key) < index.blocks().max(1));
                }
            }
        }
        _ => {
            let _ = super::properties::Record::parse(&frame, 0);
        }
    }
}
