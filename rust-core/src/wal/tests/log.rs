//! Writing and reading, without accidents.

use super::*;

#[test]
fn records_come_back_in_order() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 16).unwrap();
    let mut expected = Vec::new();
    for i in 0..200_usize {
        let bytes = payload(i as u64, i * 13 % 700);
        let count = 1 + i as u64 % 4;
        let last = log.write(count, &bytes).unwrap();
        expected.push((last + 1 - count, count, bytes));
    }
    let (recovered, records) = read(&sim, 0).unwrap();
    assert_eq!(records, expected);
    let bytes: usize = expected.iter().map(|(_, _, payload)| payload.len()).sum();
    assert_eq!((recovered.records, recovered.bytes), (200, bytes as u64));
    assert_eq!(recovered.last_sequence, log.sequencer.visible());
    assert_eq!((recovered.torn, recovered.closed), (None, false));
}

#[test]
fn records_in_segments_are_left_out() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 16).unwrap();
    for i in 0..10 {
        log.write(2, &payload(i, 50)).unwrap();
    }
    let (recovered, records) = read(&sim, 7).unwrap();
    assert_eq!(records.first().map(|r| r.0), Some(7), "half of it is not in segments");
    assert_eq!((records.len(), recovered.last_sequence), (7, 20));
}

#[test]
fn a_closed_log_is_known_to_be_whole() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 16).unwrap();
    log.write(1, b"one").unwrap();
    log.close().unwrap();
    let (recovered, records) = read(&sim, 0).unwrap();
    assert!(recovered.closed);
    assert_eq!(records.len(), 1);
    let log = open(&sim, 0, 1 << 16).unwrap();
    assert_eq!(log.wal.durable(), 1);
    assert_eq!(log.write(1, b"two"), Ok(2));
    let records = read(&sim, 0).unwrap().1;
    assert_eq!(records, [(1, 1, b"one".to_vec()), (2, 1, b"two".to_vec())]);
}

#[test]
fn nothing_is_accepted_after_the_close() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 16).unwrap();
    log.write(1, b"one").unwrap();
    log.wal.close(&log.sequencer).unwrap();
    assert_eq!(log.write(1, b"two"), Err(Error::Closed));
    assert_eq!(log.sequencer.reserved(), 1, "no number was taken");
    log.wal.close(&log.sequencer).unwrap();
    assert_eq!(log.sync(1), Ok(1));
}

#[test]
fn sequences_without_records_are_no_gap() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 16).unwrap();
    log.write(1, b"one").unwrap();
    log.sequencer.reserve(5).complete().unwrap();
    assert_eq!(log.sync(6), Ok(6), "what has no record is not waited for");
    log.write(1, b"seven").unwrap();
    let records = read(&sim, 0).unwrap().1;
    assert_eq!(records.iter().map(|r| r.0).collect::<Vec<_>>(), [1, 7]);
}

#[test]
fn a_sync_covers_what_was_written_before_it() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 12).unwrap();
    for i in 1..=100 {
        log.write(1, &payload(i, 200)).unwrap();
        if i % 30 == 0 {
            assert_eq!(log.sync(i - 5), Ok(i));
            let found = sim.after_crash(i, crate::fs::sim::Mode::DropUnsynced);
            assert_eq!(read(&found, 0).unwrap().1.len() as u64, i);
        }
    }
    assert_eq!(log.wal.durable(), 90);
    let points = sim.points();
    assert_eq!(log.sync(90), Ok(90));
    assert_eq!(sim.points(), points, "it was durable already");
}

#[test]
fn arguments_are_checked_before_a_number_is_taken() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 12).unwrap();
    let invalid = |count, len| log.wal.reserve(&log.sequencer, count, len).map(|_| ());
    assert!(matches!(invalid(0, 1), Err(Error::InvalidArgument(_))));
    assert!(matches!(invalid(1 << 32, 1), Err(Error::InvalidArgument(_))));
    assert!(matches!(invalid(1, 2 << 30), Err(Error::InvalidArgument(_))));
    assert_eq!(log.sequencer.reserved(), 0);
    log.write(1, b"").unwrap();
    assert_eq!(read(&sim, 0).unwrap().1, [(1, 1, Vec::new())]);
}

#[test]
fn an_error_of_the_reader_ends_the_recovery() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 12).unwrap();
    log.write(1, b"one").unwrap();
    let result = recover(&sim, Path::new(DIR), 0, |_, _, _| Err(Error::OutOfMemory));
    assert_eq!(result.map(|_| ()), Err(Error::OutOfMemory));
}
