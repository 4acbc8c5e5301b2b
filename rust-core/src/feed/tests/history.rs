//! The past, from the log.

use super::*;
use crate::Durability;
use crate::fs::FileSystem;
use crate::fs::sim::Sim;
use std::path::Path;
use std::sync::Arc;

/// So small that a short test fills several log files.
fn small() -> Options {
    Options {
        log_file_len: 16 << 10,
        write_buffer: 1 << 30,
        durability: Durability::Buffered,
        watch_buffer: 4 << 10,
        ..Options::default()
    }
}

fn open(sim: &Sim, options: Options) -> Storage {
    let fs: Arc<dyn FileSystem> = Arc::new(sim.clone());
    Storage::open_on(fs, Path::new("/data"), options).unwrap()
}

/// Puts under these numbers, which are the next ones.
fn put(storage: &Storage, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        let value = [&number.to_le_bytes()[..], &[0; 100]].concat();
        assert_eq!(storage.put(b"k", &value, 0).unwrap(), number);
    }
}

/// The numbers of what a watch has to give, which are those of [`put`].
fn numbers(watch: &mut Watch) -> crate::Result<Vec<u64>> {
    let changes = drain(watch)?;
    for change in &changes {
        let (value, _) = change.value.as_ref().unwrap();
        assert_eq!(value[..8], change.sequence.to_le_bytes());
    }
    Ok(changes.into_iter().map(|change| change.sequence).collect())
}

fn watch(storage: &Storage, from: u64) -> crate::Result<Watch> {
    storage.watch(&everything(), from)
}

fn last(storage: &Storage) -> u64 {
    storage.stats().last_sequence
}

#[test]
fn the_log_gives_the_past_and_the_ring_goes_on() {
    let sim = Sim::new();
    let storage = open(&sim, Options { write_buffer: 1 << 20, ..small() });
    put(&storage, 1..=500);
    assert!(storage.core().durable.as_ref().unwrap().wal.files() > 2);
    for from in [1, 2, 250, 499, 500, 501] {
        let mut watch = watch(&storage, from).unwrap();
        assert_eq!(numbers(&mut watch).unwrap(), (from..=500).collect::<Vec<_>>());
    }
    let mut watch = watch(&storage, 490).unwrap();
    put(&storage, 501..=503);
    assert_eq!(numbers(&mut watch).unwrap(), (490..=503).collect::<Vec<_>>());
    put(&storage, 504..=504);
    assert_eq!(numbers(&mut watch).unwrap(), [504]);
}

#[test]
fn the_past_outlives_a_restart() {
    let sim = Sim::new();
    for life in 0..4 {
        let storage = open(&sim, small());
        let first = life * 100 + 1;
        put(&storage, first..=first + 99);
        let mut watch = watch(&storage, 1).unwrap();
        assert_eq!(numbers(&mut watch).unwrap(), (1..=first + 99).collect::<Vec<_>>());
    }
    let storage = open(&sim, small());
    put(&storage, 401..=410);
    let killed = open(&sim.after_kill(), small());
    let mut watch = watch(&killed, 300).unwrap();
    assert_eq!(numbers(&mut watch).unwrap(), (300..=410).collect::<Vec<_>>());
}

#[test]
fn what_was_flushed_and_released_is_gone() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    put(&storage, 1..=300);
    storage.flush().unwrap();
    put(&storage, 301..=400);
    assert_eq!(watch(&storage, 300).err(), Some(Error::HistoryGone(301)));
    let mut watch = watch(&storage, 301).unwrap();
    assert_eq!(numbers(&mut watch).unwrap(), (301..=400).collect::<Vec<_>>());
}

/// A reader that has begun finds what it began with, though the log's files are
/// released, and others would be used again.
#[test]
fn a_flush_takes_nothing_from_a_reader() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    put(&storage, 1..=400);
    let mut watch = watch(&storage, 1).unwrap();
    storage.flush().unwrap();
    put(&storage, 401..=600);
    storage.flush().unwrap();
    let mut seen = Vec::new();
    let end = watch.poll(|change| {
        seen.push(change.sequence);
        ControlFlow::Continue(())
    });
    // What came after it had begun is gone; that is told once all else was given.
    assert_eq!(seen, (1..=400).collect::<Vec<_>>());
    assert!(matches!(end, Err(Error::HistoryGone(401..=601))), "{end:?}");
}

/// A watch that the ring leaves behind goes back to the log.
#[test]
fn a_slow_watch_goes_back_to_the_log() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    let mut watch = watch(&storage, 0).unwrap();
    put(&storage, 1..=10);
    assert_eq!(numbers(&mut watch).unwrap().len(), 10);
    put(&storage, 11..=300);
    assert_eq!(numbers(&mut watch).unwrap(), (11..=300).collect::<Vec<_>>());
    put(&storage, 301..=600);
    storage.flush().unwrap();
    let end = numbers(&mut watch);
    assert!(matches!(end, Err(Error::WatchTooSlow(500..=601))), "{end:?}");
}

/// What was not logged is missed, wherever it lies.
#[test]
fn gaps_are_told() {
    let sim = Sim::new();
    let unlogged = |storage: &Storage| {
        storage.put_with(b"k", b"", 0, Durability::Memory).unwrap();
    };
    let storage = open(&sim, small());
    put(&storage, 1..=10);
    unlogged(&storage);
    put(&storage, 12..=20);
    let begin = |from| watch(&storage, from);
    // It is found when it is come upon.
    let mut early = begin(5).unwrap();
    let mut seen = Vec::new();
    let end = early.poll(|change| {
        seen.push(change.sequence);
        ControlFlow::Continue(())
    });
    assert_eq!((end, seen), (Err(Error::HistoryGone(12)), (5..=10).collect()));
    assert_eq!(begin(11).err(), Some(Error::HistoryGone(12)));
    assert_eq!(numbers(&mut begin(12).unwrap()).unwrap(), (12..=20).collect::<Vec<_>>());
    drop(early);
    unlogged(&storage);
    assert_eq!(begin(21).err(), Some(Error::HistoryGone(22)));
    assert!(numbers(&mut begin(15).unwrap()).is_err());
    // While somebody watches, nothing depends on the log.
    let mut live = begin(22).unwrap();
    unlogged(&storage);
    assert_eq!(drain(&mut live).unwrap().len(), 1);
}

/// A number that is given up is no gap.
#[test]
fn numbers_that_were_given_up_are_no_gaps() {
    let sim = Sim::new();
    let storage = &open(&sim, Options { log_file_len: 64 << 20, ..small() });
    // That the key is absent.
    let mut reads = vec![1, 1, 0, 0, 0, 0, 0, 0, 0];
    reads.extend([0; 16]);
    reads.push(b't');
    let write = || {
        for i in 0..100u64 {
            storage.modify(b"t", &Modification::Take, |_| {}).unwrap();
            storage.put_if_absent(b"t", &i.to_le_bytes(), 0).unwrap();
            let mut batch = WriteBatch::new();
            batch.put(b"u", b"", 0).unwrap();
            batch.delete(b"u").unwrap();
            match storage.snapshot().unwrap().write_if(batch.packed(), &reads) {
                Ok(_) | Err(Error::Conflict) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    let mut live = watch(storage, 0).unwrap();
    let given_up = || (storage.stats().puts + storage.stats().deletes) < last(storage);
    for _ in 0..500 {
        crate::sync::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|_| write()))));
        if given_up() {
            break;
        }
    }
    let seen = drain(&mut live).unwrap();
    let logged = drain(&mut watch(storage, 1).unwrap()).unwrap();
    assert!(seen == logged, "{} changes, {} of them logged", seen.len(), logged.len());
    assert!((seen.len() as u64) < last(storage), "no number was given up");
}

#[test]
fn watches_agree_with_the_state_in_a_directory() {
    let sim = Sim::new();
    // In one log file, since many are a reason to flush.
    let storage = open(&sim, Options { log_file_len: 4 << 20, ..small() });
    let seen = model::watches_agree_with_the_state(&storage);
    let logged = drain(&mut watch(&storage, 1).unwrap()).unwrap();
    assert!(seen == logged, "{} changes, {} of them logged", seen.len(), logged.len());
}

/// Damage in the log is found, and not given as a change.
#[test]
fn damage_is_found() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    put(&storage, 1..=50);
    let dir = Path::new("/data");
    let name = sim.list(dir).unwrap().into_iter().filter(|name| name.ends_with(".log")).min();
    sim.flip(&dir.join(name.unwrap()), 2000, 3).unwrap();
    let end = watch(&storage, 1).and_then(|mut watch| drain(&mut watch));
    assert!(matches!(end, Err(Error::Corrupt { .. })), "{end:?}");
}
