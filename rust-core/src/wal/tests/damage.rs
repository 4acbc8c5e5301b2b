//! Bits that flip, in each region of a file.

use super::*;
use crate::fs::sim::Mode;
use crate::wal::header::{FileHeader, file_name};
use crate::wal::record::stored_len;

/// A log of some files and a ready one, closed.
fn closed_log() -> (Sim, Vec<Rec>) {
    let sim = disk();
    let log = open(&sim, 0, 1024).unwrap();
    for i in 1..=12 {
        log.write(1, &payload(i, 150 + i as usize)).unwrap();
    }
    log.prepare_spare().unwrap();
    log.close().unwrap();
    let records = read(&sim, 0).unwrap().1;
    assert_eq!((records.len(), log_files(&sim).len()), (12, 3));
    (sim, records)
}

fn log_files(sim: &Sim) -> Vec<PathBuf> {
    let mut names = sim.list(&dir()).unwrap();
    names.sort();
    names.iter().map(|name| dir().join(name)).collect()
}

/// Each bit of each file of a closed log: the damage is refused, or all records
/// are right.
#[test]
fn every_flip_in_a_closed_log_is_refused_or_harmless() {
    let (sim, expected) = closed_log();
    let (mut refused, mut harmless) = (0, 0);
    for file in log_files(&sim) {
        for offset in 0..sim.file_len(&file).unwrap() {
            let bit = (offset * 5 % 8) as u32;
            sim.flip(&file, offset, bit).unwrap();
            match read(&sim, 0) {
                Ok((_, records)) => {
                    assert!(records == expected, "a flip at {offset} of {file:?} went by");
                    harmless += 1;
                }
                Err(Error::Corrupt { file: named, offset: at, .. }) => {
                    assert_eq!(named, file.display().to_string());
                    assert!(at <= offset && offset - at < 256, "{at} is told for {offset}");
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
            sim.flip(&file, offset, bit).unwrap();
        }
    }
    // Headers of files and records, and payloads; one file is blank.
    let headers = 64 * (log_files(&sim).len() as u64 - 1);
    let used = headers + expected.iter().map(|r| 28 + r.2.len() as u64).sum::<u64>();
    assert!(refused >= used, "{refused} refused of {used}, {harmless} harmless");
}

/// The same without the end mark: the last record may be taken for a torn one,
/// nothing before it.
#[test]
fn a_flip_in_an_open_log_loses_at_most_its_tail() {
    let sim = disk();
    let log = open(&sim, 0, 1024).unwrap();
    for i in 1..=6 {
        log.write(1, &payload(i, 150)).unwrap();
        log.sync(i).unwrap();
    }
    let expected = read(&sim, 0).unwrap().1;
    for file in log_files(&sim) {
        for offset in 0..sim.file_len(&file).unwrap() {
            sim.flip(&file, offset, 3).unwrap();
            match read(&sim, 0) {
                Ok((_, records)) => {
                    assert!(records.len() >= 5 && expected.starts_with(&records), "at {offset}");
                }
                Err(error) => assert!(matches!(error, Error::Corrupt { .. })),
            }
            sim.flip(&file, offset, 3).unwrap();
        }
    }
}

#[test]
fn a_torn_tail_is_dropped_and_told() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 16).unwrap();
    log.write(1, b"synced").unwrap();
    log.sync(1).unwrap();
    for i in 2..10 {
        log.write(1, &payload(i, 100)).unwrap();
    }
    let file = log_files(&sim).remove(0);
    let torn_at = 64 + stored_len(6) + stored_len(100);
    // The third record's payload is damaged; nothing says that it was synced.
    sim.flip(&file, torn_at + 50, 1).unwrap();
    let (recovered, records) = read(&sim, 0).unwrap();
    assert_eq!((records.len(), recovered.last_sequence), (2, 2));
    let torn = recovered.torn.unwrap();
    assert_eq!((torn.file, torn.offset), (file, torn_at));
    assert_eq!(torn.bytes, 7 * stored_len(100));
    // The next life does not find it again.
    let log = open(&sim, 0, 1 << 16).unwrap();
    assert_eq!(log.write(1, b"three again"), Ok(3));
    let (recovered, records) = read(&sim, 0).unwrap();
    assert_eq!(recovered.torn, None);
    assert_eq!(records.last(), Some(&(3, 1, b"three again".to_vec())));
}

#[test]
fn damage_before_synced_records_is_refused() {
    let sim = disk();
    let log = open(&sim, 0, 1 << 16).unwrap();
    for i in 1..=10 {
        log.write(1, &payload(i, 100)).unwrap();
        log.sync(i).unwrap();
    }
    let file = log_files(&sim).remove(0);
    sim.flip(&file, 64 + 3 * stored_len(100) + 40, 1).unwrap();
    let Err(Error::Corrupt { file: named, offset, .. }) = read(&sim, 0) else { panic!("accepted") };
    assert_eq!((named, offset), (file.display().to_string(), 64 + 3 * stored_len(100)));
}

#[test]
fn a_missing_file_is_refused() {
    let (sim, _) = closed_log();
    let files = log_files(&sim);
    let last_begun = files.len() - 2;
    for (missing, file) in files.iter().enumerate().take(last_begun + 1) {
        let sim = sim.after_kill();
        sim.remove(file).unwrap();
        match read(&sim, 0) {
            Err(error) => assert!(matches!(error, Error::Corrupt { .. })),
            // That there was a last file is known to no other one.
            Ok(_) => assert_eq!(missing, last_begun),
        }
    }
}

#[test]
fn an_unknown_version_is_told() {
    let (sim, _) = closed_log();
    let file = log_files(&sim).remove(0);
    let mut bytes = sim.read(&file).unwrap();
    bytes[8] = 9;
    let crc = crc32c::crc32c(&bytes[..60]);
    bytes[60..64].copy_from_slice(&crc.to_le_bytes());
    sim.put(&file, &bytes).unwrap();
    assert!(matches!(read(&sim, 0), Err(Error::WrongFormat(_))));
}

/// What a recycled file held before is not taken for records.
#[test]
fn stale_records_do_not_come_back() {
    let sim = disk();
    let log = open(&sim, 0, 2048).unwrap();
    // The same lengths in each file, so that old records lie where new ones would.
    for i in 1..=100 {
        log.write(1, &payload(i, 100)).unwrap();
        if i % 10 == 0 {
            log.wal.rotate().unwrap();
            log.wal.release(i).unwrap();
        }
    }
    for i in 101..=103 {
        log.write(1, &payload(i, 100)).unwrap();
    }
    let (recovered, records) = read(&sim.after_crash(1, Mode::KeepUnsynced), 100).unwrap();
    assert_eq!((records.len(), recovered.torn), (3, None));
}

/// A header with a right checksum that tells another last sequence than the log
/// before it has is refused, if that log is read.
#[test]
fn a_header_that_contradicts_the_log_before_it_is_refused() {
    let (sim, _) = closed_log();
    let file = log_files(&sim).remove(1);
    let bytes = sim.read(&file).unwrap();
    let told = u64::from_le_bytes(bytes[32..40].try_into().unwrap());
    assert!(told > 1);
    for wrong in [told - 1, told + 1] {
        let mut lying = bytes.clone();
        lying[32..40].copy_from_slice(&wrong.to_le_bytes());
        let crc = crc32c::crc32c(&lying[..60]);
        lying[60..64].copy_from_slice(&crc.to_le_bytes());
        sim.put(&file, &lying).unwrap();
        for flushed in [0, told] {
            match read(&sim, flushed) {
                Err(Error::Corrupt { file: named, offset: 32, .. }) => {
                    assert!(wrong > flushed, "{wrong} refused at {flushed}");
                    assert_eq!(named, file.display().to_string());
                }
                Err(error) => panic!("{error}"),
                Ok(_) => assert!(wrong <= flushed, "{wrong} taken at {flushed}"),
            }
        }
    }
}

/// A file that a later one's header puts outside the log is no place to begin.
#[test]
fn a_dropped_file_does_not_stand_in_for_a_missing_one() {
    let sim = disk();
    for (base, previous_end, previous_sequence) in [(0, 0, 2), (512, 512, 0), (1024, 184, 7)] {
        let header = FileHeader { base, previous_end, previous_sequence, durable: 0 };
        let mut bytes = header.encode().to_vec();
        bytes.resize(512, 0);
        sim.put(&dir().join(file_name(base)), &bytes).unwrap();
    }
    let error = read(&sim, 0).unwrap_err();
    assert!(error.to_string().contains("earlier log files are missing"), "{error}");
}
