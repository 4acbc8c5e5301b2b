//! What is left of a damaged log.

use super::*;
use crate::fs::sim::Mode;
use crate::wal::{LogSalvage, salvage};

/// What is salvaged, with the records.
fn saved(sim: &Sim, flushed: impl Into<Option<u64>>) -> (LogSalvage, Vec<Rec>) {
    let mut records = Vec::new();
    let found = salvage(sim, &dir(), flushed.into(), |first, count, payload| {
        records.push((first, count, payload.to_vec()));
        Ok(())
    });
    (found.unwrap(), records)
}

fn files(sim: &Sim) -> Vec<PathBuf> {
    let mut names = sim.list(&dir()).unwrap();
    names.sort();
    names.iter().map(|name| dir().join(name)).collect()
}

/// A closed log of some files.
fn closed_log() -> (Sim, Vec<Rec>) {
    let sim = disk();
    let log = open(&sim, 0, 1024).unwrap();
    for i in 1..=12 {
        log.write(1, &payload(i, 150)).unwrap();
    }
    log.close().unwrap();
    let records = read(&sim, 0).unwrap().1;
    assert_eq!((records.len(), files(&sim).len()), (12, 3));
    (sim, records)
}

#[test]
fn every_flip_costs_a_record_at_most() {
    let (sim, expected) = closed_log();
    for file in files(&sim) {
        for offset in 0..sim.file_len(&file).unwrap() {
            sim.flip(&file, offset, (offset % 8) as u32).unwrap();
            let (found, records) = saved(&sim, 0);
            let what = format!("{file:?} at {offset}: {found:?}");
            assert!(records.iter().all(|record| expected.contains(record)), "{what}");
            assert!(records.is_sorted() && records.len() + 1 >= expected.len(), "{what}");
            let lost = (expected.len() - records.len()) as u64;
            assert_eq!(found.damage.len() as u64, lost, "{what}");
            assert!(found.lost_sequences <= lost && found.lost_files.is_empty(), "{what}");
            sim.flip(&file, offset, (offset % 8) as u32).unwrap();
        }
    }
}

#[test]
fn what_is_flushed_is_not_given_out() {
    let (sim, expected) = closed_log();
    let file = &files(&sim)[1];
    sim.flip(file, 64 + 184 + 100, 1).unwrap();
    let (found, records) = saved(&sim, 3);
    assert_eq!(records.len(), expected.len() - 3 - 1);
    assert_eq!((found.damage.len(), found.lost_sequences), (1, 1));
    // The damage is before what is flushed.
    let (found, records) = saved(&sim, 11);
    assert_eq!((records.len(), found.damage.len()), (1, 0), "{found:?}");
}

/// Records that a recovery dropped do not come back, though the header that says
/// so is damaged: their sequences were given out again.
#[test]
fn what_was_dropped_stays_dropped() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 16).unwrap();
    for i in 1..=6 {
        log.write(1, &payload(i, 100)).unwrap();
    }
    let first = files(&sim).remove(0);
    // The third one is torn; 4 to 6 are dropped with it.
    sim.flip(&first, 64 + 2 * 128 + 50, 1).unwrap();
    let log = open(&sim, 0, 1 << 16).unwrap();
    for i in 3..=9 {
        log.write(1, &payload(i + 100, 100)).unwrap();
    }
    log.close().unwrap();
    let expected = read(&sim, 0).unwrap().1;
    assert_eq!(expected.len(), 9);
    let second = files(&sim).remove(1);
    sim.flip(&second, 64 + 3 * 128 + 50, 1).unwrap();
    let (_, records) = saved(&sim, 0);
    assert_eq!(records.len(), 8);
    assert!(records.iter().all(|record| expected.contains(record)));
    sim.flip(&second, 30, 1).unwrap();
    let (_, records) = saved(&sim, 0);
    assert_eq!(records.len(), 8);
    assert!(records.iter().all(|record| expected.contains(record)));
}

/// A spare file was a part of the log before the newest one.
#[test]
fn a_missing_newest_file_is_refused_if_a_spare_one_tells() {
    let sim = disk();
    let log = open(&sim, 0, 1024).unwrap();
    for i in 1..=20 {
        log.write(1, &payload(i, 150)).unwrap();
    }
    log.sync(20).unwrap();
    log.wal.release(12).unwrap();
    drop(log);
    let spares: Vec<_> =
        files(&sim).into_iter().filter(|f| f.extension().unwrap() == "spare").collect();
    assert!(!spares.is_empty());
    assert!(read(&sim, 12).is_ok());
    for file in files(&sim).iter().filter(|file| file.extension().unwrap() == "log") {
        sim.remove(file).unwrap();
    }
    let Err(Error::Corrupt { file, .. }) = read(&sim, 12) else { panic!("accepted") };
    assert_eq!(Some(&PathBuf::from(file)), spares.last());
    let (found, _) = saved(&sim, 12);
    assert_eq!(found.lost_files.len(), 1, "{found:?}");
}

/// A file that was let go is not synced, and may be there again after a loss of power, torn.
/// Who does not know what was flushed must not take its end for the log's.
#[test]
fn what_was_let_go_does_not_end_a_log() {
    let sim = disk();
    let log = open(&sim, 0, 4096).unwrap();
    for i in 1..=30 {
        log.write(1, &payload(i, 300)).unwrap();
    }
    log.wal.rotate().unwrap();
    log.wal.release(30).unwrap();
    log.write(1, b"behind").unwrap();
    log.sync(31).unwrap();
    for seed in 0..20 {
        let mode = if seed == 0 { Mode::DropUnsynced } else { Mode::Random };
        let found = sim.after_crash(seed, mode);
        let (_, records) = saved(&found, None);
        assert_eq!(records.last(), Some(&(31, 1, b"behind".to_vec())), "{seed}");
    }
}
