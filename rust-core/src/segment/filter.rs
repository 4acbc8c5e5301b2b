//! The filter: tells for most keys that are not in the segment that they are
//! not, without a look at a block.
//!
//! A binary fuse filter over the keys' hashes: 9 to 10 bits a key, and 0.4 % of
//! absent keys pass; or 18 bits a key, of which 0.002 % pass. A lookup reads
//! three places, which do not depend on each other, where the filter lies in the
//! file.
//!
//! ```text
//!  0  u32  bits of a fingerprint: 8 or 16
//!  4  u32  length of a slice of the table, a power of two
//!  8  u32  length of all slices but the last two, together
//! 12  u32  0
//! 16  u64  seed
//! 24       fingerprints, u8 or u16
//! ```

use super::bytes::{u16_at, u32_at, u64_at};
use super::fault::{Fault, Parsed};
use super::frame::Frame;
use xorf::{BinaryFuse8, BinaryFuse16};

/// The hash by which filter and blocks know a key: XXH3's 64 bits.
#[inline]
pub(super) fn hash(key: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(key)
}

const HEADER_LEN: usize = 24;

/// From so many bits a key on, fingerprints have 16 bits.
const WIDE_FROM: u32 = 14;

/// Builds the filter of some keys' hashes; `None` for no keys or no bits.
pub(super) fn build(mut hashes: Vec<u64>, bits_per_key: u32) -> Option<Vec<u8>> {
    if hashes.is_empty() || bits_per_key == 0 {
        return None;
    }
    hashes.sort_unstable();
    hashes.dedup();
    // Building fails with a chance too small to be met; then there is no
    // filter, which costs time only.
    if bits_per_key < WIDE_FROM {
        let filter = BinaryFuse8::try_from(&hashes).ok()?;
        let shape = &filter.descriptor;
        let fields = [8, shape.segment_length, shape.segment_count_length, 0];
        Some(encode(fields, shape.seed, filter.fingerprints.iter().copied()))
    } else {
        let filter = BinaryFuse16::try_from(&hashes).ok()?;
        let shape = &filter.descriptor;
        let fields = [16, shape.segment_length, shape.segment_count_length, 0];
        let bytes = filter.fingerprints.iter().flat_map(|f| f.to_le_bytes());
        Some(encode(fields, shape.seed, bytes))
    }
}

fn encode(fields: [u32; 4], seed: u64, fingerprints: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut bytes: Vec<u8> = fields.iter().flat_map(|field| field.to_le_bytes()).collect();
    bytes.extend_from_slice(&seed.to_le_bytes());
    bytes.extend(fingerprints);
    bytes
}

/// A filter that was checked, in its file.
#[derive(Debug)]
pub(super) struct Filter {
    seed: u64,
    slice_len: u32,
    slices_len: u32,
    wide: bool,
    /// Where in the file the fingerprints are.
    start: usize,
    end: usize,
}

impl Filter {
    /// Checks the header of the filter that a frame holds.
    pub(super) fn parse(frame: &Frame<'_>) -> Parsed<Self> {
        let bytes = frame.stored;
        let field = |i: usize| u32_at(bytes, 4 * i);
        let fields = (field(0), field(1), field(2), field(3), u64_at(bytes, 16));
        let fault = || Fault::at(frame.content(), "the filter does not parse");
        let (Some(bits), Some(slice_len), Some(slices_len), Some(0), Some(seed)) = fields else {
            return Err(fault());
        };
        let places = u64::from(slices_len) + 2 * u64::from(slice_len);
        let len = places.checked_mul(u64::from(bits / 8));
        let sound = matches!(bits, 8 | 16)
            && slice_len.is_power_of_two()
            && slices_len > 0
            && slices_len.is_multiple_of(slice_len)
            && u32::try_from(places).is_ok()
            && len == Some(bytes.len().saturating_sub(HEADER_LEN) as u64);
        if !sound {
            return Err(fault());
        }
        let start = frame.content() + HEADER_LEN;
        Ok(Self { seed, slice_len, slices_len, wide: bits == 16, start, end: frame.end() })
    }

    /// Whether a key of this hash may be in the segment. False is certain.
    #[inline]
    pub(super) fn may_contain(&self, file: &[u8], hash: u64) -> bool {
        let mixed = mix(hash.wrapping_add(self.seed));
        let places = self.places(mixed);
        let expected = mixed ^ (mixed >> 32);
        let Some(table) = file.get(self.start..self.end) else { return true };
        if self.wide {
            let at = |place: u32| u16_at(table, 2 * place as usize).unwrap_or(0);
            places.into_iter().fold(expected as u16, |left, place| left ^ at(place)) == 0
        } else {
            let at = |place: u32| table.get(place as usize).copied().unwrap_or(0);
            places.into_iter().fold(expected as u8, |left, place| left ^ at(place)) == 0
        }
    }

    /// The three places of a key, in three slices that follow each other.
    #[inline]
    fn places(&self, mixed: u64) -> [u32; 3] {
        let mask = self.slice_len - 1;
        let first = ((u128::from(mixed) * u128::from(self.slices_len)) >> 64) as u32;
        let second = (first + self.slice_len) ^ ((mixed >> 18) as u32 & mask);
        let third = (first + 2 * self.slice_len) ^ (mixed as u32 & mask);
        [first, second, third]
    }
}

/// The last step of MurmurHash3.
#[inline]
fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::super::compression::Compression;
    use super::super::frame;
    use super::*;

    const KEYS: u64 = 100_000;

    /// The bytes a key, and the part of absent keys that pass.
    fn measure(bits_per_key: u32) -> (f64, f64) {
        let key = |i: u64| hash(&i.to_be_bytes());
        let filter = build((0..KEYS).map(key).collect(), bits_per_key).expect("a filter");
        let mut file = Vec::new();
        frame::write(frame::Kind::Filter, Compression::None, filter.len(), &filter, 0, &mut file);
        let frame = Frame::read(&file, 0, file.len()).expect("as it was written");
        let parsed = Filter::parse(&frame).expect("as it was built");
        assert!((0..KEYS).all(|i| parsed.may_contain(&file, key(i))));
        let passed = (KEYS..11 * KEYS).filter(|&i| parsed.may_contain(&file, key(i))).count();
        (filter.len() as f64 / KEYS as f64, passed as f64 / (10 * KEYS) as f64)
    }

    #[test]
    fn few_absent_keys_pass() {
        let (bytes, rate) = measure(10);
        assert!(bytes < 1.2 && rate < 0.0045, "{bytes} B a key, rate {rate}");
        let (bytes, rate) = measure(20);
        assert!(bytes < 2.4 && rate < 0.00005, "{bytes} B a key, rate {rate}");
    }

    #[test]
    fn few_keys_have_a_filter_too() {
        for keys in [1u64, 2, 3, 10, 33] {
            let hashes: Vec<u64> = (0..keys).map(|i| hash(&i.to_be_bytes())).collect();
            // The same hash twice is no trouble.
            let twice = [hashes.clone(), hashes.clone()].concat();
            let filter = build(twice, 10).expect("a filter of few keys");
            let mut file = Vec::new();
            let (kind, len) = (frame::Kind::Filter, filter.len());
            frame::write(kind, Compression::None, len, &filter, 0, &mut file);
            let frame = Frame::read(&file, 0, file.len()).expect("as it was written");
            let parsed = Filter::parse(&frame).expect("as it was built");
            assert!(hashes.iter().all(|&hash| parsed.may_contain(&file, hash)));
        }
        assert_eq!(build(Vec::new(), 10), None);
        assert_eq!(build(vec![1], 0), None);
    }
}
