//! Blocks whose checksum is right, and that no segment may have.

use super::*;

/// A segment of blocks without an end: each a list of keys of one byte with
/// their sequences.
fn segment_of(header: &[u8], blocks: &[&[(u8, u64)]]) -> Vec<u8> {
    let mut file = header.to_vec();
    for block in blocks {
        let content = block_of(block);
        let mut head = vec![0xb5, 0x5e, 1, 0];
        head.extend((content.len() as u32).to_le_bytes());
        head.extend((content.len() as u32).to_le_bytes());
        let crc = crc32c::crc32c(&(file.len() as u64).to_le_bytes());
        let crc = crc32c::crc32c_append(crc32c::crc32c_append(crc, &head), &content);
        file.extend(head);
        file.extend(crc.to_le_bytes());
        file.extend(content);
    }
    file
}

fn varint(mut value: u64, to: &mut Vec<u8>) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn block_of(versions: &[(u8, u64)]) -> Vec<u8> {
    assert!(versions.len() <= 8);
    let mut block = Vec::new();
    // The bases.
    varint(0, &mut block);
    varint(0, &mut block);
    for &(key, sequence) in versions {
        // Shares nothing; the sequence in zigzag form; a value of one byte.
        block.push(1);
        let sequence = sequence as i64;
        varint(((sequence << 1) ^ (sequence >> 63)) as u64, &mut block);
        varint(1 << 2 | 1, &mut block);
        block.extend([key, key]);
    }
    block.extend([0; 2]);
    block.extend(std::iter::repeat_n(0, versions.len()));
    block.extend((versions.len() as u16).to_le_bytes());
    block
}

/// Each costs itself, and nothing else.
#[test]
fn what_is_out_of_order_or_range_is_lost() {
    let (fs, _) = written();
    let header = fs.read(&segments(&fs)[0]).unwrap()[..32].to_vec();
    for bad in [
        &[(b'd', 5), (b'c', 6)][..],
        &[(b'c', 5), (b'c', 5)],
        &[(b'c', 5), (b'c', 6)],
        &[(b'b', 3)],
        &[(b'c', 0)],
        &[(b'c', (1 << 62) + 1)],
        &[(b'c', u64::MAX)],
    ] {
        let fs = Sim::new();
        fs.create_dir_all(&old()).unwrap();
        let blocks = [&[(b'a', 1), (b'b', 2)][..], bad, &[(b'x', 7)]];
        fs.put(&old().join("00000001.seg"), &segment_of(&header, &blocks)).unwrap();
        let shared: Arc<dyn FileSystem> = Arc::new(fs.clone());
        let salvage = repair(&shared, &old(), &new()).unwrap();
        // Its end is missing, too.
        assert_eq!((salvage.entries, salvage.lost_parts), (3, 2), "{bad:?}: {salvage:?}");
        let storage = open(&fs, &new());
        assert_eq!(storage.get_vec(b"x").unwrap(), Some(b"x".to_vec()));
        assert_eq!(storage.get_vec(b"c").unwrap(), None);
    }
}
