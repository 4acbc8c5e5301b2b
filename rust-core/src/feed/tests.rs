//! Tests of the feed through the storage: in memory here, in a directory in
//! [`history`].

mod history;
mod model;

use super::SeqCst;
use crate::batch::Op;
use crate::{Error, Expected, Modification, Options, Range, Storage, Watch, WriteBatch};
use std::ops::ControlFlow;

/// A change that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owned {
    sequence: u64,
    key: Vec<u8>,
    /// The value and its expiry; `None` for a deletion.
    value: Option<(Vec<u8>, u64)>,
    /// Of a deleted range, whose first key is the key: its end.
    range: Option<Option<Vec<u8>>>,
}

impl Owned {
    fn put(sequence: u64, key: &[u8], value: &[u8], expires_at: u64) -> Self {
        Self { sequence, key: key.to_vec(), value: Some((value.to_vec(), expires_at)), range: None }
    }

    fn delete(sequence: u64, key: &[u8]) -> Self {
        Self { sequence, key: key.to_vec(), value: None, range: None }
    }

    fn delete_range(sequence: u64, start: &[u8], end: Option<&[u8]>) -> Self {
        Self { range: Some(end.map(<[u8]>::to_vec)), ..Self::delete(sequence, start) }
    }
}

impl From<crate::Change<'_>> for Owned {
    fn from(change: crate::Change<'_>) -> Self {
        match change.op {
            Op::Put { key, value, expires_at } => {
                Self::put(change.sequence, key, value, expires_at)
            }
            Op::Delete { key } => Self::delete(change.sequence, key),
            Op::DeleteRange { start, end } => Self::delete_range(change.sequence, start, end),
        }
    }
}

/// What a watch has to give by now.
fn drain(watch: &mut Watch) -> crate::Result<Vec<Owned>> {
    let mut changes = Vec::new();
    while watch.poll(|change| {
        changes.push(change.into());
        ControlFlow::Continue(())
    })? {}
    Ok(changes)
}

fn everything() -> Range<'static> {
    Range::default()
}

#[test]
fn every_kind_of_write_is_given() {
    let storage = Storage::open().unwrap();
    storage.put(b"before", b"", 0).unwrap();
    let far = u64::MAX >> 2;
    let mut watch = storage.watch(&everything(), 0).unwrap();
    assert_eq!(watch.from(), 2);
    assert_eq!(drain(&mut watch).unwrap(), []);

    storage.put(b"a", b"1", far).unwrap();
    storage.delete(b"a").unwrap();
    storage.delete(b"a").unwrap();
    storage.delete(b"never").unwrap();
    let mut batch = WriteBatch::new();
    batch.put(b"b", b"2", 0).unwrap();
    batch.delete(b"c").unwrap();
    storage.write(batch.packed()).unwrap();
    storage.put_if_absent(b"d", b"3", 0).unwrap();
    storage.put_if_absent(b"d", b"no", 0).unwrap();
    let modify = |m: Modification<'_>| storage.modify(b"n", &m, |_| {}).unwrap().sequence;
    let swap = Modification::CompareAndSwap(Expected::Value(b"other"), b"x", 0);
    assert_eq!(modify(swap), 0);
    let modified = [
        modify(Modification::Increment(41)),
        modify(Modification::Append(b"0")),
        modify(Modification::Expire(far)),
        modify(Modification::Exchange(b"e", 0)),
        modify(Modification::Take),
    ];
    assert_eq!(modify(Modification::Take), 0);
    let snapshot = storage.snapshot().unwrap();
    let last = snapshot.write_if(batch.packed(), &[]).unwrap();

    let sequence = modified[0];
    let want = [
        Owned::put(2, b"a", b"1", far),
        Owned::delete(3, b"a"),
        Owned::delete(4, b"a"),
        Owned::delete(5, b"never"),
        Owned::put(6, b"b", b"2", 0),
        Owned::delete(7, b"c"),
        Owned::put(8, b"d", b"3", 0),
        Owned::put(sequence, b"n", b"41", 0),
        Owned::put(sequence + 1, b"n", b"410", 0),
        Owned::put(sequence + 2, b"n", b"410", far),
        Owned::put(sequence + 3, b"n", b"e", 0),
        Owned::delete(sequence + 4, b"n"),
        Owned::put(last - 1, b"b", b"2", 0),
        Owned::delete(last, b"c"),
    ];
    assert_eq!(drain(&mut watch).unwrap(), want);
    assert_eq!(drain(&mut watch).unwrap(), []);
}

#[test]
fn a_watch_begins_anywhere_in_what_is_kept() {
    let storage = Storage::open().unwrap();
    let mut first = storage.watch(&everything(), 0).unwrap();
    let mut batch = WriteBatch::new();
    for key in [b"a", b"b", b"c", b"d"] {
        batch.put(key, b"", 0).unwrap();
    }
    storage.write(batch.packed()).unwrap();
    storage.write(batch.packed()).unwrap();
    let all = drain(&mut first).unwrap();
    assert_eq!(all.len(), 8);
    for from in 1..=8 {
        let mut watch = storage.watch(&everything(), from).unwrap();
        assert_eq!(drain(&mut watch).unwrap(), all[from as usize - 1..], "from {from}");
    }
    let mut later = storage.watch(&everything(), 10).unwrap();
    storage.write(batch.packed()).unwrap();
    assert_eq!(drain(&mut later).unwrap().first().map(|change| change.sequence), Some(10));
    assert_eq!(drain(&mut first).unwrap().len(), 4);
}

#[test]
fn a_range_is_all_that_is_given() {
    let storage = Storage::open().unwrap();
    let range = |start, end| Range { start, end, ..Range::default() };
    let cases = [
        (range(None, None), &[b"a", b"b", b"c"][..]),
        (range(Some(b"b"), None), &[b"b", b"c"]),
        (range(None, Some(b"b")), &[b"a"]),
        (range(Some(b"b"), Some(b"c")), &[b"b"]),
        (range(Some(b"c"), Some(b"b")), &[]),
        (Range { start: Some(b"b"), start_exclusive: true, ..Range::default() }, &[b"c"]),
    ];
    let mut watches: Vec<_> =
        cases.iter().map(|(range, _)| storage.watch(range, 0).unwrap()).collect();
    for key in [b"a", b"b", b"c"] {
        storage.put(key, b"", 0).unwrap();
    }
    for (watch, (range, want)) in watches.iter_mut().zip(cases) {
        let keys: Vec<_> = drain(watch).unwrap().into_iter().map(|change| change.key).collect();
        assert_eq!(keys, want.iter().map(|key| key.to_vec()).collect::<Vec<_>>(), "{range:?}");
    }
}

/// Of a deleted range, the part is given that is watched.
#[test]
fn deleted_ranges_are_clipped() {
    let storage = Storage::open().unwrap();
    let part = Range { start: Some(b"d"), end: Some(b"m"), ..Range::default() };
    let mut all = storage.watch(&everything(), 0).unwrap();
    let mut some = storage.watch(&part, 0).unwrap();
    let cases = [
        (&b"e"[..], Some(&b"f"[..]), &b"e"[..], &b"f"[..]),
        (b"a", Some(b"f"), b"d", b"f"),
        (b"f", None, b"f", b"m"),
        (b"", None, b"d", b"m"),
        (b"", Some(b"z"), b"d", b"m"),
    ];
    let mut want = (Vec::new(), Vec::new());
    for (sequence, (start, end, from, to)) in (1..).zip(cases) {
        let mut batch = WriteBatch::new();
        batch.delete_range(start, end).unwrap();
        assert_eq!(storage.write(batch.packed()).unwrap(), sequence);
        want.0.push(Owned::delete_range(sequence, start, end));
        want.1.push(Owned::delete_range(sequence, from, Some(to)));
    }
    for (start, end) in [(&b"a"[..], &b"d"[..]), (b"m", b"z")] {
        let mut batch = WriteBatch::new();
        batch.delete_range(start, Some(end)).unwrap();
        want.0.push(Owned::delete_range(storage.write(batch.packed()).unwrap(), start, Some(end)));
    }
    assert_eq!((drain(&mut all).unwrap(), drain(&mut some).unwrap()), want);
}

/// A change that was refused comes again, and nothing twice.
#[test]
fn a_refused_change_comes_again() {
    let storage = Storage::open().unwrap();
    let mut watch = storage.watch(&everything(), 0).unwrap();
    let mut batch = WriteBatch::new();
    (0..10u8).for_each(|i| batch.put(&[i], &[i], 0).unwrap());
    storage.write(batch.packed()).unwrap();
    storage.put(b"last", b"", 0).unwrap();
    let (mut seen, mut more) = (Vec::new(), true);
    while more {
        let mut taken = 0;
        more = watch
            .poll(|change| {
                if taken == 3 {
                    return ControlFlow::Break(());
                }
                taken += 1;
                seen.push(change.sequence);
                ControlFlow::Continue(())
            })
            .unwrap();
    }
    assert_eq!(seen, (1..=11).collect::<Vec<_>>());
}

#[test]
fn what_nobody_watched_is_gone() {
    let storage = Storage::open().unwrap();
    for _ in 0..5 {
        storage.put(b"k", b"", 0).unwrap();
    }
    let gone = |from| storage.watch(&everything(), from).err();
    assert_eq!(gone(5), Some(Error::HistoryGone(6)));
    assert_eq!(gone(1), Some(Error::HistoryGone(6)));
    assert_eq!(gone(6), None);
    let watch = storage.watch(&everything(), 0).unwrap();
    storage.put(b"k", b"", 0).unwrap();
    assert_eq!(gone(6), None);
    drop(watch);
    assert_eq!(gone(6), Some(Error::HistoryGone(7)), "it was kept when nobody watched");
    assert!(!storage.core().feed.is_watched());
    assert_eq!(storage.core().feed.memory(), 0);
}

/// Memory is bounded, whether or not anybody reads; and who is too slow is told.
#[test]
fn a_slow_watch_is_told() {
    let buffer = 64 << 10;
    let storage = Storage::open_with(Options { watch_buffer: buffer, ..Options::default() });
    let storage = storage.unwrap();
    let mut slow = storage.watch(&everything(), 0).unwrap();
    let mut quick = storage.watch(&everything(), 0).unwrap();
    for i in 1..=1000u64 {
        assert_eq!(storage.put(b"k", &[1; 1000], 0).unwrap(), i);
        assert!(storage.core().feed.memory() as u64 <= buffer * 5 / 4);
        if i % 30 == 0 {
            assert_eq!(drain(&mut quick).unwrap().len(), 30);
        }
    }
    let Err(Error::WatchTooSlow(next)) = drain(&mut slow) else { panic!("nothing was missed") };
    assert!((900..1000).contains(&next), "{next}");
    let mut resumed = storage.watch(&everything(), next).unwrap();
    assert_eq!(drain(&mut resumed).unwrap().first().map(|change| change.sequence), Some(next));
    // What is longer than the buffer is given all the same.
    storage.put(b"long", &vec![1; 2 * buffer as usize], 0).unwrap();
    assert_eq!(drain(&mut resumed).unwrap().len(), 1);
}

/// A write that saw somebody watch leaves nothing behind once nobody does.
#[test]
fn what_comes_when_nobody_watches_is_not_kept() {
    let storage = Storage::open().unwrap();
    let feed = &storage.core().feed;
    drop(storage.watch(&everything(), 0).unwrap());
    let few = [0; 100];
    let many = vec![0; feed.capacity];
    for (number, bytes) in [(1, &few[..]), (2, &many)] {
        feed.deposit((number, number), &[bytes], 2);
        assert_eq!(feed.memory(), 0, "after {} bytes", bytes.len());
    }
}

/// A write for whose copy there was no memory is missed, and that is told.
#[test]
fn a_write_that_could_not_be_copied_is_told() {
    let storage = Storage::open().unwrap();
    let mut watch = storage.watch(&everything(), 0).unwrap();
    for _ in 0..4 {
        storage.put(b"k", b"", 0).unwrap();
    }
    storage.core().feed.lost.store(2, SeqCst);
    assert_eq!(drain(&mut watch), Err(Error::WatchTooSlow(3)));
    let mut resumed = storage.watch(&everything(), 3).unwrap();
    assert_eq!(drain(&mut resumed).unwrap().len(), 2);
}
