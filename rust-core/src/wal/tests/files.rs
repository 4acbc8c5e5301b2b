//! Files: following one another, recycled, too short, refused.

use super::*;
use crate::fs::sim::{Fault, Mode, Op};
use crate::wal::writer::NEXT_LEN;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

fn names(sim: &Sim) -> Vec<String> {
    sim.list(&dir()).unwrap()
}

fn is_full(result: &Result<u64>) -> bool {
    matches!(result, Err(Error::Io { kind: ErrorKind::StorageFull, .. }))
}

#[test]
fn records_go_on_in_the_next_file() {
    let sim = disk();
    let log = open(&sim, 0, 4096).unwrap();
    for i in 1..=100 {
        log.write(1, &payload(i, 300)).unwrap();
    }
    assert!(names(&sim).len() > 7);
    let records = read(&sim, 0).unwrap().1;
    let expected: Vec<Rec> = (1..=100).map(|i| (i, 1, payload(i, 300))).collect();
    assert_eq!(records, expected);
}

#[test]
fn released_files_are_used_again() {
    let sim = disk();
    let log = open(&sim, 0, 4096).unwrap();
    let mut most = 0;
    for i in 1..=2000 {
        log.write(1, &payload(i, 300)).unwrap();
        if i % 50 == 0 {
            log.wal.rotate().unwrap();
            most = most.max(log.wal.files() + 1);
            log.wal.release(i).unwrap();
            log.prepare_spare().unwrap();
            log.wal.drop_surplus(Instant::now()).unwrap();
            let (recovered, records) = read(&sim, i).unwrap();
            assert_eq!((records.len(), recovered.last_sequence), (0, i));
            assert!(names(&sim).len() <= most, "{:?}", names(&sim));
            let on_disk: u64 =
                names(&sim).iter().map(|n| sim.file_len(&dir().join(n)).unwrap()).sum();
            assert_eq!(log.wal.disk_bytes(), on_disk);
            assert_eq!(log.wal.live_bytes(), 64);
        }
    }
    log.write(1, b"last").unwrap();
    assert_eq!(read(&sim, 2000).unwrap().1, [(2001, 1, b"last".to_vec())]);
}

/// Fills files until so many hold records, releases all but the last, removes what is too much
/// by then, and tells how many are on the disk.
fn fill_and_release(log: &Log, sim: &Sim, count: usize, last: &mut u64, now: Instant) -> usize {
    while log.wal.files() < count {
        *last = log.write(1, &payload(*last + 1, 300)).unwrap();
    }
    log.prepare_spare().unwrap();
    log.wal.release(*last - 1).unwrap();
    log.wal.drop_surplus(now).unwrap();
    names(sim).len()
}

#[test]
fn as_many_files_are_kept_as_were_used_of_late() {
    let sim = disk();
    let log = open(&sim, 0, 4096).unwrap();
    let (mut last, now) = (0, Instant::now());
    for used in [6, 6, 3, 6] {
        let kept = fill_and_release(&log, &sim, used, &mut last, now);
        assert_eq!(kept, 7, "all that held records, and the one that was ready");
    }
    let later = now + Duration::from_secs(60);
    assert_eq!(fill_and_release(&log, &sim, 3, &mut last, later), 3, "one, used and ready ones");
    fill_and_release(&log, &sim, 6, &mut last, now);
    sim.fail(Fault::next(Op::Remove, ErrorKind::Other));
    log.wal.drop_surplus(later).unwrap_err();
    assert!(names(&sim).len() > 3);
    log.wal.drop_surplus(later).unwrap();
    assert_eq!(names(&sim).len(), 3, "what could not be removed is known still");
    assert_eq!(fill_and_release(&log, &sim, 6, &mut last, now), 7);
    log.wal.trim().unwrap();
    assert_eq!(names(&sim).len(), 2, "it rests");
    assert_eq!(fill_and_release(&log, &sim, 2, &mut last, now), 3, "and nothing is remembered");
    assert_eq!(read(&sim, last - 1).unwrap().1, [(last, 1, payload(last, 300))]);
}

#[test]
fn a_file_with_newer_records_is_not_released() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 16).unwrap();
    for i in 1..=10 {
        log.write(1, &payload(i, 10)).unwrap();
    }
    log.wal.rotate().unwrap();
    log.wal.release(9).unwrap();
    assert_eq!(read(&sim, 0).unwrap().1.len(), 10);
    log.wal.release(10).unwrap();
    assert_eq!(read(&sim, 10).unwrap().1.len(), 0);
    let missing = read(&sim, 9).map(|_| ());
    assert!(matches!(missing, Err(Error::Corrupt { offset: 0, .. })), "{missing:?}");
}

#[test]
fn rotating_an_empty_file_does_nothing() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 16).unwrap();
    log.wal.rotate().unwrap();
    log.wal.rotate().unwrap();
    assert_eq!(names(&sim).len(), 1);
}

#[test]
fn a_long_record_gets_a_file_of_its_length() {
    let sim = disk();
    let log = open(&sim, 0, 4096).unwrap();
    log.write(1, b"before").unwrap();
    log.prepare_spare().unwrap();
    let long = payload(2, 1 << 20);
    assert_eq!(log.write(1000, &long), Ok(1001));
    log.write(1, b"behind").unwrap();
    let records = read(&sim, 0).unwrap().1;
    assert_eq!(records.len(), 3);
    assert_eq!(records[1], (2, 1000, long));
    log.wal.rotate().unwrap();
    log.wal.release(1002).unwrap();
    assert!(log.wal.disk_bytes() < 5 * 4096, "the long file is not kept");
}

#[test]
fn the_next_file_grows_ahead_of_the_current_one() {
    let log = open(&disk(), 0, 1 << 20).unwrap();
    let first = 1 << 20;
    for filled in [0, first / 8, first / 4, 3 * first / 8, 7 * first / 16] {
        while log.wal.live_bytes() < filled {
            log.write(1, &payload(1, 1000)).unwrap();
        }
        let twice = 2 * log.wal.live_bytes();
        assert!(log.wal.hurries(twice - 1, first) && log.wal.hurries(twice, first));
        assert!(!log.wal.hurries(twice + 1, first), "{twice}");
        assert!(log.wal.hurries(2 * twice - 1, 2 * first), "it is to be twice as long");
    }
    log.wal.close(&log.sequencer).unwrap();
    assert!(log.wal.hurries(first, first), "nobody waits for the end of a rest to close");
}

/// A file that takes long to make does not hold up the sync of what is buffered.
#[test]
fn a_sync_passes_while_a_file_is_made() {
    let log = open(&disk(), 0, 1 << 20).unwrap();
    log.write(1, b"record").unwrap();
    let mut syncs = 0;
    let made = log.wal.prepare_spare(&mut || {
        assert!(log.wal.wants_spare(), "it is not made yet");
        assert_eq!(log.sync(1), Ok(1));
        syncs += 1;
        false
    });
    assert_eq!((made, log.wal.wants_spare()), (Ok(()), false));
    assert!(syncs >= (1 << 20) / (64 << 10) - 1, "{syncs}: once for each piece but the last");
}

/// A writer who finds no room is told to come back, and the file is made in one piece then.
#[test]
fn no_writer_waits_for_a_file_that_is_being_made() {
    const LONG: usize = 1 << 20;
    let log = open(&disk(), 0, LONG as u64).unwrap();
    let mut pieces = 0;
    let made = log.wal.prepare_spare(&mut || {
        pieces += 1;
        let refused = log.wal.reserve(&log.sequencer, 1, LONG).map(drop);
        assert_eq!(refused, Err(Error::Busy));
        assert!(log.wal.may_take(1000) && !log.wal.may_take(LONG as u64));
        false
    });
    assert_eq!((made, pieces, log.sequencer.reserved()), (Ok(()), 1, 0));
    assert!(log.wal.may_take(LONG as u64), "nobody is at it");
    assert_eq!(log.write(1, &payload(1, LONG)), Ok(1), "with nobody at it, the writer makes it");
    for i in 2..100 {
        assert_eq!(log.write(1, b"short"), Ok(i));
    }
    pieces = 0;
    let mut rests = || {
        pieces += 1;
        false
    };
    log.wal.prepare_spare(&mut rests).unwrap();
    assert!(pieces > 1, "nobody wants this one yet");
}

/// How many pieces the next file is made of.
fn pieces(log: &Log) -> usize {
    let mut pieces = 1;
    let made = log.wal.prepare_spare(&mut || {
        pieces += 1;
        false
    });
    made.unwrap();
    pieces
}

/// A file for long records is there at once, but not if each of them is synced.
#[test]
fn blocks_are_set_aside_for_long_records() {
    const LONG: usize = 100 << 10;
    let open = || open(&disk(), 0, 1 << 20).unwrap();
    let log = open();
    assert!(pieces(&log) > 1, "nothing is known of its records");
    let log = open();
    for i in 1..=5 {
        log.write(1, &payload(i, LONG)).unwrap();
    }
    assert_eq!(pieces(&log), 1);
    let log = open();
    for i in 1..=5 {
        log.write(1, &payload(i, LONG)).unwrap();
    }
    for _ in 6..=100 {
        log.write(1, b"short").unwrap();
    }
    assert!(pieces(&log) > 1, "most are short");
    let log = open();
    for i in 1..=5 {
        log.write(1, &payload(i, LONG)).unwrap();
        log.sync(i).unwrap();
    }
    assert!(pieces(&log) > 1, "each is synced");
}

/// The header of the file behind them is on the disk once the log was rotated; that is all
/// that lets files go. What is found of them after a loss of power does not count.
#[test]
fn what_is_let_go_is_not_synced() {
    let sim = disk();
    let log = open(&sim, 0, 4096).unwrap();
    for i in 1..=30 {
        log.write(1, &payload(i, 300)).unwrap();
    }
    assert!(log.wal.files() > 2);
    log.wal.rotate().unwrap();
    let kept = names(&sim);
    sim.fail(Fault::next(Op::Sync, ErrorKind::Other));
    assert_eq!((log.wal.release(30), log.wal.files()), (Ok(()), 1));
    sim.heal();
    assert_ne!(names(&sim), kept);
    let found = sim.after_crash(1, Mode::DropUnsynced);
    assert_eq!(read(&found, 30).unwrap().0.last_sequence, 30, "by the header");
    log.write(1, b"behind").unwrap();
    log.sync(31).unwrap();
    let found = sim.after_crash(1, Mode::DropUnsynced);
    assert_eq!(names(&found), kept, "the renames are lost");
    assert_eq!(read(&found, 30).unwrap().1, [(31, 1, b"behind".to_vec())]);
    assert_eq!(read(&found, 0).unwrap().1, [], "what was let go was not on the disk");
}

#[test]
fn files_are_short_again_after_a_trim() {
    const MIB: u64 = 1 << 20;
    let sim = disk();
    let log = open(&sim, 0, 16 * MIB).unwrap();
    let mut last = 0;
    while log.wal.files() < 5 {
        last = log.write(1, &payload(last + 1, MIB as usize / 2)).unwrap();
    }
    log.prepare_spare().unwrap();
    log.wal.release(last).unwrap();
    assert!(log.wal.disk_bytes() >= 32 * MIB, "the current one and the next are long");
    log.wal.trim().unwrap();
    log.prepare_spare().unwrap();
    log.wal.rotate().unwrap();
    last = log.write(1, b"in the short one").unwrap();
    log.wal.release(last - 1).unwrap();
    log.wal.trim().unwrap();
    log.prepare_spare().unwrap();
    assert_eq!(log.wal.disk_bytes(), 2 * NEXT_LEN, "the current one and the next");
    assert_eq!(read(&sim, last - 1).unwrap().1, [(last, 1, b"in the short one".to_vec())]);
    log.wal.rotate().unwrap();
    log.prepare_spare().unwrap();
    assert_eq!(log.wal.disk_bytes(), 4 * NEXT_LEN, "they become longer again");
}

#[test]
fn a_full_disk_takes_no_number_and_passes() {
    let sim = disk();
    let log = open(&sim, 0, 4096).unwrap();
    log.write(1, &payload(1, 1000)).unwrap();
    sim.set_space(Some(4096 + 100));
    let mut last = 1;
    let full = loop {
        match log.write(1, &payload(last + 1, 1000)) {
            Ok(sequence) => last = sequence,
            full => break full,
        }
    };
    assert!(is_full(&full), "{full:?}");
    assert!(is_full(&log.write(1, &payload(last + 1, 1000))));
    assert_eq!((log.sequencer.reserved(), last), (3, 3));
    assert_eq!(log.sync(3), Ok(3), "what is in the log already can be synced");
    assert_eq!(log.wal.failure(), None);
    assert_eq!(names(&sim).len(), 1, "nothing is left of the attempts");
    sim.set_space(None);
    assert_eq!(log.write(1, &payload(4, 1000)), Ok(4));
    assert_eq!(log.sync(4), Ok(4));
    let records = read(&sim.after_crash(1, Mode::DropUnsynced), 0).unwrap().1;
    assert_eq!(records, (1..=4).map(|i| (i, 1, payload(i, 1000))).collect::<Vec<_>>());
}

#[test]
fn every_refusal_of_a_file_passes() {
    for op in [Op::Create, Op::Extend, Op::Sync, Op::SyncDir, Op::Rename] {
        let sim = disk();
        let log = open(&sim, 0, 4096).unwrap();
        log.write(1, b"one").unwrap();
        log.wal.rotate().unwrap();
        log.wal.release(1).unwrap();
        sim.fail(Fault::next(op, ErrorKind::Other));
        let first = log.prepare_spare();
        sim.heal();
        let again = log.prepare_spare();
        assert_eq!(again, Ok(()), "after a failed {op:?}: {first:?}");
        for i in 2..100 {
            assert_eq!(log.write(1, &payload(i, 100)), Ok(i));
        }
        assert_eq!(log.sync(99), Ok(99));
        let found = sim.after_crash(1, Mode::DropUnsynced);
        assert_eq!(read(&found, 1).unwrap().1.len(), 98, "after a failed {op:?}");
    }
}

#[test]
fn a_failed_sync_is_the_end_of_writes() {
    let sim = disk();
    let log = open(&sim, 0, 4096).unwrap();
    log.write(1, b"one").unwrap();
    assert_eq!(log.sync(1), Ok(1));
    log.write(1, b"two").unwrap();
    sim.fail(Fault::next(Op::Sync, ErrorKind::Other));
    assert!(matches!(log.sync(2), Err(Error::Io { operation: "sync", .. })));
    let failed = |error: Error| matches!(error, Error::WritesFailed(_));
    assert!(failed(log.sync(2).unwrap_err()));
    assert!(failed(log.write(1, b"three").unwrap_err()));
    assert!(log.wal.failure().is_some_and(failed));
    assert_eq!((log.sync(1), log.wal.durable()), (Ok(1), 1));
    assert!(failed(log.wal.rotate().unwrap_err()));
    assert!(failed(log.wal.close(&log.sequencer).unwrap_err()));
    assert_eq!(read(&sim.after_crash(0, Mode::DropUnsynced), 0).unwrap().1[0].2, b"one");
}

#[test]
fn a_failed_copy_is_the_end_of_writes() {
    for nth in 1..=3 {
        let sim = disk();
        let log = open(&sim, 0, 4096).unwrap();
        log.write(1, b"one").unwrap();
        sim.fail(Fault { nth, short: true, ..Fault::next(Op::WriteAt, ErrorKind::Other) });
        assert!(matches!(log.write(1, b"two"), Err(Error::Io { operation: "write", .. })));
        assert!(matches!(log.write(1, b"three"), Err(Error::WritesFailed(_))));
        let (recovered, records) = read(&sim.after_kill(), 0).unwrap();
        assert_eq!(records, [(1, 1, b"one".to_vec())]);
        assert_eq!(recovered.torn.is_some(), nth > 1, "a record that was begun is noticed");
    }
}

#[test]
fn files_of_others_are_left_alone() {
    let sim = disk();
    for name in ["MANIFEST", "00000000000000ff.seg", "0.log", "00000000000000FF.log"] {
        sim.put(&dir().join(name), b"not a log").unwrap();
    }
    open(&sim, 0, 4096).unwrap();
    assert_eq!(names(&sim).len(), 5);
}

#[test]
fn a_kill_before_the_first_sync_loses_nothing_later() {
    let sim = disk();
    let log = open(&sim, 0, 4096).unwrap();
    for i in 1..=50 {
        log.write(1, &payload(i, 200)).unwrap();
    }
    // The process ends, and starts again; then the power goes away.
    let sim = sim.after_kill();
    drop(open(&sim, 0, 4096).unwrap());
    let found = sim.after_crash(3, Mode::DropUnsynced);
    assert_eq!(read(&found, 0).unwrap().1.len(), 50);
}
