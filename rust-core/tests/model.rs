//! Random operations against an ordered map.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use mantisdb_core::{
    Compression, Durability, Options, PutIfAbsent, Range, Snapshot, Storage, WriteBatch,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Keys come from a small set, so that operations meet.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(0u8), Just(b'a'), Just(b'b'), Just(0xff)], 1..4)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..8),
        (1000usize..30_000).prop_map(|len| vec![7; len]),
    ]
}

/// An expiry that is either never, long past, or far away.
fn expiry() -> impl Strategy<Value = u64> {
    prop_oneof![4 => Just(0), 1 => Just(1), 1 => Just(u64::MAX)]
}

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<u8>, Vec<u8>, u64),
    PutIfAbsent(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    Batch(Vec<(Vec<u8>, Option<Vec<u8>>)>),
    Get(Vec<u8>),
    MultiGet(Vec<Vec<u8>>),
    Scan {
        start: Option<Vec<u8>>,
        exclusive: bool,
        end: Option<Vec<u8>>,
        reverse: bool,
    },
    Open,
    Close(usize),
    ReadSnapshot(usize, Vec<u8>),
    ScanSnapshot(usize, bool),
    /// Lets the janitor catch up.
    Rest,
    Flush,
    Compact,
    /// Closes the storage and opens it again, if it is in a directory.
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (key(), value(), expiry()).prop_map(|(k, v, e)| Step::Put(k, v, e)),
        2 => (key(), value()).prop_map(|(k, v)| Step::PutIfAbsent(k, v)),
        4 => key().prop_map(Step::Delete),
        2 => prop::collection::vec((key(), prop::option::of(value())), 0..20).prop_map(Step::Batch),
        4 => key().prop_map(Step::Get),
        1 => prop::collection::vec(key(), 0..80).prop_map(Step::MultiGet),
        3 => (prop::option::of(key()), any::<bool>(), prop::option::of(key()), any::<bool>())
            .prop_map(|(start, exclusive, end, reverse)| Step::Scan { start, exclusive, end, reverse }),
        1 => Just(Step::Open),
        1 => any::<usize>().prop_map(Step::Close),
        2 => (any::<usize>(), key()).prop_map(|(i, k)| Step::ReadSnapshot(i, k)),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(i, r)| Step::ScanSnapshot(i, r)),
        1 => Just(Step::Rest),
        1 => Just(Step::Flush),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
    ]
}

fn scan(snapshot: &Snapshot, range: &Range<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    snapshot
        .scan(range, |entry| {
            found.push((entry.key.to_vec(), entry.value.to_vec()));
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

fn expected(map: &Map, range: &Range<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found: Vec<_> = map
        .iter()
        .filter(|(k, _)| match range.start {
            Some(start) if range.start_exclusive => &k[..] > start,
            Some(start) => &k[..] >= start,
            None => true,
        })
        .filter(|(k, _)| range.end.is_none_or(|end| &k[..] < end))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    if range.reverse {
        found.reverse();
    }
    found
}

struct World {
    /// Where the data is, unless in memory.
    dir: Option<(tempfile::TempDir, Options)>,
    /// Gone only while it is opened again.
    storage: Option<Storage>,
    map: Map,
    snapshots: Vec<(Snapshot, Map)>,
    last: u64,
}

impl World {
    fn new(dir: Option<(tempfile::TempDir, Options)>) -> Self {
        let mut world =
            Self { dir, storage: None, map: Map::new(), snapshots: Vec::new(), last: 0 };
        world.reopen();
        world
    }

    fn reopen(&mut self) {
        let Some((dir, options)) = &self.dir else {
            self.storage.get_or_insert_with(|| Storage::open().unwrap());
            return;
        };
        self.storage = None;
        self.storage = Some(Storage::open_dir(dir.path(), *options).unwrap());
    }

    fn storage(&self) -> &Storage {
        self.storage.as_ref().unwrap()
    }

    /// Sequence numbers grow.
    fn wrote(&mut self, sequence: u64) {
        assert!(sequence > self.last, "{sequence} after {}", self.last);
        self.last = sequence;
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Put(k, v, expires_at) => {
                let sequence = self.storage().put(k, v, *expires_at).unwrap();
                self.wrote(sequence);
                if *expires_at == 1 {
                    self.map.remove(k);
                } else {
                    self.map.insert(k.clone(), v.clone());
                }
            }
            Step::PutIfAbsent(k, v) => match self.storage().put_if_absent(k, v, 0).unwrap() {
                PutIfAbsent::Exists => assert!(self.map.contains_key(k)),
                PutIfAbsent::Stored(sequence) => {
                    self.wrote(sequence);
                    assert_eq!(self.map.insert(k.clone(), v.clone()), None);
                }
            },
            Step::Delete(k) => {
                let sequence = self.storage().delete(k).unwrap();
                self.wrote(sequence);
                self.map.remove(k);
            }
            Step::Batch(ops) => self.batch(ops),
            Step::Get(k) => {
                assert_eq!(self.storage().get_vec(k).unwrap().as_ref(), self.map.get(k));
            }
            Step::MultiGet(keys) => self.multi_get(keys),
            Step::Scan { start, exclusive, end, reverse } => {
                let range = Range {
                    start: start.as_deref(),
                    start_exclusive: *exclusive,
                    end: end.as_deref(),
                    reverse: *reverse,
                };
                let snapshot = self.storage().snapshot().unwrap();
                assert_eq!(scan(&snapshot, &range), expected(&self.map, &range));
            }
            Step::Open => {
                if self.snapshots.len() < 4 {
                    self.snapshots.push((self.storage().snapshot().unwrap(), self.map.clone()));
                }
            }
            Step::Close(i) => {
                if !self.snapshots.is_empty() {
                    self.snapshots.swap_remove(i % self.snapshots.len());
                }
            }
            Step::ReadSnapshot(i, k) => {
                if let Some((snapshot, map)) = self.pick(*i) {
                    let got = snapshot.get(k, |v| v.bytes.to_vec()).unwrap();
                    assert_eq!(got.as_ref(), map.get(k));
                }
            }
            Step::ScanSnapshot(i, reverse) => {
                if let Some((snapshot, map)) = self.pick(*i) {
                    let range = Range { reverse: *reverse, ..Range::default() };
                    assert_eq!(scan(snapshot, &range), expected(map, &range));
                }
            }
            Step::Flush => self.storage().flush().unwrap(),
            Step::Compact => self.storage().compact().unwrap(),
            Step::Reopen => self.reopen(),
            Step::Rest => std::thread::sleep(std::time::Duration::from_millis(3)),
        }
    }

    fn pick(&self, i: usize) -> Option<&(Snapshot, Map)> {
        self.snapshots.get(i.checked_rem(self.snapshots.len())?)
    }

    fn batch(&mut self, ops: &[(Vec<u8>, Option<Vec<u8>>)]) {
        let mut batch = WriteBatch::new();
        for (k, v) in ops {
            match v {
                Some(v) => batch.put(k, v, 0).unwrap(),
                None => batch.delete(k).unwrap(),
            }
        }
        let sequence = self.storage().write(batch.packed()).unwrap();
        if !ops.is_empty() {
            self.wrote(sequence);
        }
        for (k, v) in ops {
            match v {
                Some(v) => self.map.insert(k.clone(), v.clone()),
                None => self.map.remove(k),
            };
        }
    }

    fn multi_get(&self, keys: &[Vec<u8>]) {
        let refs: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let mut got: Vec<Option<Vec<u8>>> = Vec::new();
        self.storage()
            .multi_get(
                &refs,
                &mut got,
                |got, i, v| {
                    assert_eq!(i, got.len());
                    got.push(v.map(|v| v.bytes.to_vec()));
                },
                Vec::clear,
            )
            .unwrap();
        let want: Vec<_> = keys.iter().map(|k| self.map.get(k).cloned()).collect();
        assert_eq!(got, want);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(debug_assertions) { 150 } else { 1000 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn behaves_like_an_ordered_map(steps in prop::collection::vec(step(), 1..300)) {
        let mut world = World::new(None);
        for step in &steps {
            world.apply(step);
        }
        world.snapshots.clear();
        let live = world.map.len() as u64;
        // Values that were written expired count until they are reclaimed.
        prop_assert!(world.storage().stats().keys >= live);
        prop_assert_eq!(world.storage().stats().open_snapshots, 0);
    }
}

/// Options under which much goes to disk and comes from there.
fn options() -> impl Strategy<Value = Options> {
    const LEVELS: [Durability; 3] = [Durability::Sync, Durability::Buffered, Durability::Memory];
    const COMPRESSIONS: [Compression; 3] = [Compression::None, Compression::Lz4, Compression::Zstd];
    (prop::sample::select(&LEVELS[..]), prop::sample::select(&COMPRESSIONS[..]), any::<bool>())
        .prop_map(|(durability, compression, limited)| Options {
            durability,
            compression,
            memory_limit: if limited { 64 << 10 } else { 0 },
            write_buffer: 32 << 10,
            log_file_len: 64 << 10,
            ..Options::default()
        })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(debug_assertions) { 40 } else { 400 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn behaves_like_one_in_a_directory(
        options in options(),
        steps in prop::collection::vec(step(), 1..300),
    ) {
        let mut world = World::new(Some((tempfile::tempdir().unwrap(), options)));
        for step in &steps {
            world.apply(step);
        }
        world.reopen();
        let snapshot = world.storage().snapshot().unwrap();
        let all = Range::default();
        prop_assert_eq!(scan(&snapshot, &all), expected(&world.map, &all));
    }
}
