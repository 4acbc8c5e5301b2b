//! A store with its compactor on a simulated disk, and what it should hold.

use crate::compaction::{CompactionOptions, Compactor, Progress};
use crate::error::Result;
use crate::fs::FileSystem;
use crate::fs::sim::Sim;
use crate::key_version::{KeyVersion, Payload};
use crate::merge::Source;
use crate::range_tombstones::RangeTombstone;
use crate::segment::{Compression, Scratch};
use crate::segment_store::{Edit, SegmentStore, StoreOptions};
use crate::tree::Tree;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A version: its sequence, and value and expiry unless it is a tombstone.
pub(super) type Version = (u64, Option<(Vec<u8>, u64)>);

/// All that was ever written. It never forgets, so it can be asked about any
/// moment.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    /// Of each key, the oldest version first.
    versions: BTreeMap<Vec<u8>, Vec<Version>>,
    deletions: Vec<RangeTombstone>,
    pub(super) last: u64,
}

impl History {
    pub(super) fn write(&mut self, key: &[u8], value: Option<(Vec<u8>, u64)>) {
        self.last += 1;
        self.versions.entry(key.to_vec()).or_default().push((self.last, value));
    }

    pub(super) fn delete_range(&mut self, start: &[u8], end: &[u8]) {
        self.last += 1;
        self.deletions.push(RangeTombstone::from((start, end, self.last)));
    }

    /// The live entries at a sequence number and a time.
    pub(super) fn at(&self, sequence: u64, now_ms: u64) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let live = |key: &Vec<u8>, versions: &Vec<Version>| {
            let (written, value) = versions.iter().rfind(|(s, _)| *s <= sequence)?;
            let by = |t: &RangeTombstone| {
                t.sequence > *written && t.sequence <= sequence && t.covers(key)
            };
            let (value, expires_at) = value.as_ref()?;
            let dead = self.deletions.iter().any(by);
            let expired = *expires_at != 0 && *expires_at <= now_ms;
            (!dead && !expired).then(|| (key.clone(), value.clone()))
        };
        self.versions.iter().filter_map(|(key, versions)| live(key, versions)).collect()
    }

    /// The versions with sequences above `from` and up to `to`, in order.
    fn between(&self, from: u64, to: u64) -> Vec<(&[u8], &Version)> {
        let is_in = move |v: &&Version| v.0 > from && v.0 <= to;
        self.versions
            .iter()
            .flat_map(|(key, versions)| {
                versions.iter().rev().filter(is_in).map(|v| (key.as_slice(), v))
            })
            .collect()
    }
}

/// See the module's text.
pub(super) struct World {
    pub(super) fs: Sim,
    pub(super) store: Arc<SegmentStore>,
    pub(super) compactor: Compactor,
    pub(super) history: History,
    pub(super) snapshots: Vec<u64>,
    pub(super) now_ms: u64,
}

pub(super) fn dir() -> PathBuf {
    PathBuf::from("/db")
}

fn store_options() -> StoreOptions {
    StoreOptions {
        block_len: 256,
        filter_bits_per_key: 10,
        compression: Compression::None,
        last_compression: Compression::None,
        ..StoreOptions::default()
    }
}

/// Small sizes, so that a few kilobytes fill several levels.
pub(super) fn options() -> CompactionOptions {
    CompactionOptions {
        level0_trigger: 3,
        level0_limit: 12,
        base_bytes: 12 << 10,
        ratio: 4,
        segment_bytes: 3 << 10,
        pending_limit: 1 << 20,
        bytes_per_second: 0,
    }
}

pub(super) fn open(fs: &Sim) -> Result<Arc<SegmentStore>> {
    SegmentStore::open(Arc::new(fs.clone()), &dir(), store_options()).map(Arc::new)
}

impl World {
    pub(super) fn new() -> Self {
        let fs = Sim::new();
        let store = open(&fs).unwrap();
        let compactor = Compactor::new(Arc::clone(&store), options());
        let (history, snapshots) = (History::default(), Vec::new());
        Self { fs, store, compactor, history, snapshots, now_ms: 1_000 }
    }

    /// Opens the directory again, without a crash.
    pub(super) fn reopen(&mut self) {
        self.store = open(&self.fs).unwrap();
        self.compactor = Compactor::new(Arc::clone(&self.store), options());
    }

    /// Writes all that is not in the segments yet into one of level 0.
    pub(super) fn flush(&mut self) -> Result<()> {
        let (from, to) = (self.store.flushed(), self.history.last);
        if from == to {
            return Ok(());
        }
        flush(&self.store, &self.history, from, to)
    }

    pub(super) fn round(&self) -> Result<Progress> {
        self.compactor.round(&|| self.snapshots.clone(), self.now_ms)
    }

    /// Compacts until nothing is left to be done.
    pub(super) fn settle(&self) {
        for _ in 0..500 {
            if self.round().unwrap() == Progress::Idle {
                return;
            }
        }
        panic!("compaction does not come to an end: {:?}", self.store.current().stats());
    }

    /// Opens a snapshot of what is flushed.
    pub(super) fn snapshot(&mut self) {
        let sequence = self.store.flushed();
        let at = self.snapshots.partition_point(|&s| s < sequence);
        self.snapshots.insert(at, sequence);
    }

    /// Compares every read that somebody can make.
    pub(super) fn check(&self) {
        let tree = self.store.current();
        check_shape(&tree);
        for &sequence in self.snapshots.iter().chain([&self.store.flushed()]) {
            check_reads(&tree, &self.history, sequence, self.now_ms);
        }
    }
}

pub(super) fn flush(store: &SegmentStore, history: &History, from: u64, to: u64) -> Result<()> {
    let (id, _, mut writer) = store.new_segment(0)?;
    let mut write = || {
        for (key, (sequence, value)) in history.between(from, to) {
            let payload = match value {
                Some((value, expires_at)) => Payload::Value(value, *expires_at),
                None => Payload::Tombstone,
            };
            writer.add(&KeyVersion { key, sequence: *sequence, payload })?;
        }
        for t in history.deletions.iter().filter(|t| t.sequence > from && t.sequence <= to) {
            writer.add_range_tombstone(&t.start, &t.end, t.sequence);
        }
        Ok(())
    };
    let written = write();
    if let Err(error) = written.and_then(|()| writer.finish()) {
        store.abandon(&[id]);
        return Err(error);
    }
    store.install(&Edit { added: vec![(0, id)], removed: Vec::new(), flushed: Some(to) })
}

/// The sorted levels are sorted and disjoint.
fn check_shape(tree: &Tree) {
    for level in 1..crate::manifest::LEVELS {
        for pair in tree.level(level).windows(2) {
            assert!(pair[0].last_key() <= pair[1].first_key(), "level {level} overlaps");
        }
    }
}

fn live(version: KeyVersion<'_>, now_ms: u64) -> Option<Vec<u8>> {
    match version.payload {
        Payload::Value(value, expires_at) if expires_at == 0 || expires_at > now_ms => {
            Some(value.to_vec())
        }
        _ => None,
    }
}

/// Point reads, and scans both ways, at one sequence number.
pub(super) fn check_reads(tree: &Tree, history: &History, sequence: u64, now_ms: u64) {
    let expected = history.at(sequence, now_ms);
    let mut scratch = Scratch::default();
    for key in history.versions.keys() {
        let found = tree.get(key, sequence, &mut scratch, |v| live(v, now_ms)).unwrap();
        assert_eq!(found.flatten().as_ref(), expected.get(key), "get {key:?} at {sequence}");
    }
    assert_eq!(scan(tree, sequence, now_ms), expected, "scan at {sequence}");
    assert_eq!(scan_back(tree, sequence, now_ms), expected, "scan back at {sequence}");
}

fn scan(tree: &Tree, sequence: u64, now_ms: u64) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut newest: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
    let mut cursor = tree.cursor();
    let mut before: Option<(Vec<u8>, u64)> = None;
    cursor.seek_to_first().unwrap();
    while let Some(version) = cursor.current() {
        let here = (version.key.to_vec(), version.sequence);
        if let Some((key, sequence)) = &before {
            let ordered = *key < here.0 || (*key == here.0 && *sequence > here.1);
            assert!(ordered, "{before:?} before {here:?}");
        }
        before = Some(here);
        if version.sequence <= sequence {
            newest.entry(version.key.to_vec()).or_insert_with(|| live(version, now_ms));
        }
        cursor.next().unwrap();
    }
    found.extend(newest.into_iter().filter_map(|(key, value)| Some((key, value?))));
    found
}

fn scan_back(tree: &Tree, sequence: u64, now_ms: u64) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut newest: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
    let mut cursor = tree.cursor();
    cursor.seek_before(None).unwrap();
    while let Some(version) = cursor.current() {
        if version.sequence <= sequence {
            newest.insert(version.key.to_vec(), live(version, now_ms));
        }
        cursor.prev().unwrap();
    }
    newest.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// A directory holds the manifest and the segments that it names, and nothing
/// else.
pub(super) fn check_no_leftovers(fs: &dyn FileSystem, dir: &Path, tree: &Tree) {
    let mut names = fs.list(dir).unwrap();
    names.sort();
    let mut expected: Vec<String> =
        tree.segments().map(|(_, s)| format!("{:08}.seg", s.id())).collect();
    expected.push("MANIFEST".into());
    expected.sort();
    assert_eq!(names, expected);
}
