//! The manifest: which segments make up the database, in which level each is,
//! and up to which sequence number they hold every write.
//!
//! It is one small file that is replaced whole: a new one is written beside it
//! and synced, and renamed over it. So a crash leaves the old or the new state,
//! and damage cannot hide behind a longer history. It costs about 100 bytes a
//! segment and change, which is nothing beside the segment that was written.
//!
//! `docs/format.md` shows its bytes.

mod envelope;
mod install;

use crate::error::{Error, Result};
use crate::limits::{MAX_KEY_LEN, MAX_SEQUENCE};
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::HashSet;
use std::path::Path;

pub(crate) use install::{Failed, MANIFEST, is_leftover, load, store};

/// How many levels there are. The last is never too large.
pub(crate) const LEVELS: usize = 7;
/// No file has a greater number: as with sequences, sums do not overflow.
pub(crate) const MAX_FILE: u64 = 1 << 62;

/// The state of the segments at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Every write up to this sequence number is in the segments.
    pub(crate) flushed: u64,
    /// The greatest sequence number known when the manifest was written; at
    /// least `flushed`. Later numbers may have been given out.
    pub(crate) last_sequence: u64,
    /// No segment has this number or a greater one.
    pub(crate) next_file: u64,
    /// The segments of each level: of level 0 the newest first, of the others
    /// in key order. At most [`LEVELS`].
    pub(crate) levels: Vec<Vec<SegmentEntry>>,
}

/// What the manifest says of a segment. Opening compares it with what the
/// segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub(crate) struct SegmentEntry {
    /// The number that names its file.
    pub(crate) id: u64,
    /// The file's length in bytes.
    pub(crate) file_len: u64,
    /// How many versions it holds, without range tombstones.
    pub(crate) entries: u64,
    /// The least of its sequence numbers.
    pub(crate) min_sequence: u64,
    /// The greatest of its sequence numbers.
    pub(crate) max_sequence: u64,
    /// The first key, of a version or of a range tombstone.
    pub(crate) first_key: Vec<u8>,
    /// The last key; or the end of a range tombstone, which it does not
    /// contain.
    pub(crate) last_key: Vec<u8>,
}

impl Manifest {
    /// A database without segments.
    pub(crate) fn empty() -> Self {
        Self { flushed: 0, last_sequence: 0, next_file: 1, levels: vec![Vec::new(); LEVELS] }
    }

    /// The manifest's bytes as a file.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        envelope::wrap(self)
    }

    /// Reads a manifest's bytes and checks every claim in them that can be
    /// checked without the segments. `path` is for errors.
    pub(crate) fn decode(bytes: &[u8], path: &Path) -> Result<Self> {
        let corrupt = |offset: usize, what: String| Error::Corrupt {
            file: path.display().to_string(),
            offset: offset as u64,
            what,
        };
        let mut manifest = envelope::unwrap(bytes, &corrupt)?;
        manifest.check().map_err(|what| corrupt(envelope::HEADER_LEN, what))?;
        manifest.levels.resize(LEVELS, Vec::new());
        Ok(manifest)
    }

    /// Every segment with its level.
    pub(crate) fn segments(&self) -> impl Iterator<Item = (usize, &SegmentEntry)> {
        self.levels.iter().enumerate().flat_map(|(level, of)| of.iter().map(move |s| (level, s)))
    }

    /// Says what is wrong, if anything is.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        if self.levels.len() > LEVELS {
            return Err(format!("{} levels, at most {LEVELS}", self.levels.len()));
        }
        if self.flushed > self.last_sequence {
            return Err("flushed sequence above the last one".into());
        }
        if self.last_sequence > MAX_SEQUENCE {
            return Err(format!("last sequence {}, at most {MAX_SEQUENCE}", self.last_sequence));
        }
        if self.next_file == 0 || self.next_file > MAX_FILE {
            return Err(format!("next file {}, must be 1 to {MAX_FILE}", self.next_file));
        }
        let mut ids = HashSet::new();
        for (level, segment) in self.segments() {
            let id = segment.id;
            self.check_segment(segment).map_err(|what| format!("segment {id}: {what}"))?;
            if !ids.insert(id) {
                return Err(format!("segment {id} is named twice"));
            }
            debug_assert!(level < LEVELS);
        }
        for (level, segments) in self.levels.iter().enumerate().skip(1) {
            if let Some(id) = first_overlap(segments) {
                return Err(format!("segment {id} of level {level} overlaps the one before"));
            }
        }
        Ok(())
    }

    fn check_segment(&self, segment: &SegmentEntry) -> std::result::Result<(), &'static str> {
        // The end of a range tombstone may be the successor of the longest key.
        let key_fits = |key: &[u8]| !key.is_empty() && key.len() <= MAX_KEY_LEN + 1;
        match segment {
            s if s.id == 0 || s.id >= self.next_file => Err("number out of range"),
            s if s.file_len == 0 => Err("empty file"),
            s if !key_fits(&s.first_key) || !key_fits(&s.last_key) => Err("bad length of a key"),
            s if s.first_key > s.last_key => Err("first key after the last"),
            s if s.min_sequence == 0 || s.min_sequence > s.max_sequence => Err("bad sequences"),
            s if s.max_sequence > self.flushed => Err("sequence above the flushed one"),
            _ => Ok(()),
        }
    }
}

/// The first segment of a level that overlaps its predecessor. One may end where
/// the next begins: with the end of a range tombstone, which the tombstone does
/// not contain.
fn first_overlap(segments: &[SegmentEntry]) -> Option<u64> {
    segments
        .windows(2)
        .find(|pair| pair[0].last_key > pair[1].first_key || pair[0].first_key == pair[1].first_key)
        .map(|pair| pair[1].id)
}

/// Reads arbitrary bytes as a manifest, for fuzzing: no panic, and what is
/// accepted can be written and read again.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_manifest(bytes: &[u8]) {
    let path = Path::new("fuzz");
    if let Ok(manifest) = Manifest::decode(bytes, path)
        && let Ok(again) = manifest.encode()
    {
        assert_eq!(Manifest::decode(&again, path), Ok(manifest));
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    fn segment(id: u64, first: &[u8], last: &[u8]) -> SegmentEntry {
        SegmentEntry {
            id,
            file_len: 4096,
            entries: 7,
            min_sequence: 1,
            max_sequence: 40,
            first_key: first.to_vec(),
            last_key: last.to_vec(),
        }
    }

    fn sample() -> Manifest {
        let mut manifest =
            Manifest { flushed: 50, last_sequence: 60, next_file: 9, ..Manifest::empty() };
        manifest.levels[0] = vec![segment(8, b"a", b"z"), segment(7, b"b", b"y")];
        manifest.levels[6] = vec![segment(1, b"a", b"c"), segment(2, b"c", b"d")];
        manifest
    }

    fn decode(bytes: &[u8]) -> Result<Manifest> {
        Manifest::decode(bytes, Path::new("MANIFEST"))
    }

    #[test]
    fn reads_what_it_wrote() {
        for manifest in [Manifest::empty(), sample()] {
            assert_eq!(decode(&manifest.encode().unwrap()), Ok(manifest));
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let bytes = sample().encode().unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let error = decode(&damaged).expect_err("damage went unnoticed");
            assert!(matches!(error, Error::Corrupt { .. }), "bit {bit}: {error}");
            fuzz_manifest(&damaged);
        }
        for len in 0..bytes.len() {
            let error = decode(&bytes[..len]).expect_err("a cut went unnoticed");
            assert!(matches!(error, Error::Corrupt { .. }), "{len} bytes: {error}");
        }
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let mut bytes = sample().encode().unwrap();
        bytes[8] = 2;
        let crc = crc32c::crc32c(&bytes[..28]);
        bytes[28..32].copy_from_slice(&crc.to_le_bytes());
        assert!(matches!(decode(&bytes), Err(Error::WrongFormat(_))));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let refused = |what: &str, change: &dyn Fn(&mut Manifest)| {
            let mut manifest = sample();
            change(&mut manifest);
            let error = decode(&manifest.encode().unwrap()).expect_err(what);
            assert!(matches!(error, Error::Corrupt { .. }), "{what}: {error}");
        };
        refused("too many levels", &|m| m.levels.push(Vec::new()));
        refused("flushed beyond the last", &|m| m.last_sequence = 49);
        refused("last beyond all", &|m| m.last_sequence = MAX_SEQUENCE + 1);
        refused("flushed beyond all", &|m| (m.flushed, m.last_sequence) = (u64::MAX, u64::MAX));
        refused("no number to give out", &|m| (m.next_file, m.levels) = (0, Vec::new()));
        refused("numbers used up", &|m| m.next_file = MAX_FILE + 1);
        refused("a number not given out", &|m| m.next_file = 8);
        refused("number 0", &|m| m.levels[0][0].id = 0);
        refused("a number twice", &|m| m.levels[0][0].id = 1);
        refused("overlap", &|m| m.levels[6][0].last_key = b"cc".to_vec());
        refused("disorder", &|m| m.levels[6].swap(0, 1));
        refused("keys reversed", &|m| m.levels[0][0].last_key = b"A".to_vec());
        refused("no key", &|m| m.levels[0][0].first_key.clear());
        refused("long key", &|m| m.levels[0][0].last_key = vec![b'z'; MAX_KEY_LEN + 2]);
        refused("sequence 0", &|m| m.levels[0][0].min_sequence = 0);
        refused("sequences reversed", &|m| m.levels[0][0].min_sequence = 41);
        refused("sequence not flushed", &|m| m.levels[0][0].max_sequence = 51);
        refused("empty file", &|m| m.levels[0][0].file_len = 0);
    }

    /// A manifest that format version 1 wrote. It stays readable.
    #[test]
    fn version_1_stays_readable() {
        let bytes = include_bytes!("../tests/fixtures/manifest-v1");
        assert_eq!(decode(bytes), Ok(sample()));
    }

    #[test]
    #[ignore = "writes the fixture; run it once for a new format version"]
    fn write_the_fixture() {
        std::fs::create_dir_all("tests/fixtures").unwrap();
        std::fs::write("tests/fixtures/manifest-v1", sample().encode().unwrap()).unwrap();
    }
}
