//! Logs that earlier versions wrote, and the seeds of the fuzz target.

use super::*;
use crate::fs::Disk;
use crate::wal::fuzzing::fuzz_log;

fn kept(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What the log of version 1 holds: two files of one life, one of a second.
fn version_1() -> Vec<Rec> {
    let mut expected: Vec<Rec> = (1..=8).map(|i| (i, 1, payload(i, 60))).collect();
    expected.push((9, 3, b"three sequences".to_vec()));
    expected.push((14, 1, Vec::new()));
    expected
}

/// Writes the log of version 1 anew. The kept one is not written again.
fn write_version_1() -> Sim {
    let sim = disk();
    let log = open(&sim, 0, 512).unwrap();
    for i in 1..=7 {
        log.write(1, &payload(i, 60)).unwrap();
    }
    log.sync(7).unwrap();
    // A place that is never written. Dropping the numbers would poison.
    let (numbers, _place) = log.wal.reserve(&log.sequencer, 1, 40).unwrap();
    std::mem::forget(numbers);
    let log = open(&sim, 0, 512).unwrap();
    log.write(1, &payload(8, 60)).unwrap();
    log.write(3, b"three sequences").unwrap();
    log.sequencer.reserve(2).complete().unwrap();
    log.write(1, b"").unwrap();
    log.close().unwrap();
    sim
}

#[test]
fn a_log_of_version_1_is_read() {
    let dir = kept("tests/fixtures/wal-v1");
    if std::env::var_os("MANTISDB_WRITE_FIXTURES").is_some() {
        let sim = write_version_1();
        std::fs::create_dir_all(&dir).unwrap();
        for name in sim.list(Path::new(DIR)).unwrap() {
            let bytes = sim.read(&Path::new(DIR).join(&name)).unwrap();
            std::fs::write(dir.join(name), bytes).unwrap();
        }
    }
    let mut records = Vec::new();
    let recovered = recover(&Disk, &dir, 0, |first, count, payload| {
        records.push((first, count, payload.to_vec()));
        Ok(())
    });
    let recovered = recovered.unwrap();
    assert!(recovered.closed);
    assert_eq!((recovered.last_sequence, recovered.torn), (14, None));
    assert_eq!(records, version_1());
}

/// Version 1 is written as it always was.
#[test]
fn the_format_has_not_changed() {
    let sim = write_version_1();
    let dir = kept("tests/fixtures/wal-v1");
    for name in sim.list(Path::new(DIR)).unwrap() {
        let now = sim.read(&Path::new(DIR).join(&name)).unwrap();
        assert_eq!(now, std::fs::read(dir.join(&name)).unwrap(), "{name}");
    }
}

#[test]
fn the_fuzzers_seeds_pass() {
    let dir = kept("fuzz/seeds/wal_record");
    if std::env::var_os("MANTISDB_WRITE_FIXTURES").is_some() {
        std::fs::create_dir_all(&dir).unwrap();
        for (name, head) in [("log", [2, 0]), ("repaired", [2, 1]), ("one_file", [0, 1])] {
            let mut seed = head.to_vec();
            let sim = write_version_1();
            for name in sim.list(Path::new(DIR)).unwrap() {
                seed.extend(sim.read(&Path::new(DIR).join(&name)).unwrap());
            }
            std::fs::write(dir.join(name), seed).unwrap();
        }
    }
    let mut count = 0;
    for seed in std::fs::read_dir(&dir).unwrap() {
        let bytes = std::fs::read(seed.unwrap().path()).unwrap();
        fuzz_log(&bytes);
        for cut in 0..bytes.len().min(300) {
            fuzz_log(&bytes[..bytes.len() - cut]);
        }
        count += 1;
    }
    assert!(count >= 3);
}
