//! Many writers at once, on the real file system.

use super::*;
use crate::fs::Disk;
use crate::fs::scratch::Scratch;
use crate::sync::scope;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

fn start(dir: &Path, file_len: u64) -> Log {
    let recovered = recover(&Disk, dir, 0, |_, _, _| Ok(())).unwrap();
    let wal = Wal::start(Arc::new(Disk), dir, recovered, WalOptions { file_len }).unwrap();
    Log { wal, sequencer: Sequencer::new() }
}

#[test]
fn writers_syncers_and_flushes_together() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 500;
    let dir = Scratch::new();
    let log = &start(dir.path(), 64 << 10);
    let (flushed, done) = (&AtomicU64::new(0), &AtomicBool::new(false));
    scope(|scope| {
        let flusher = scope.spawn(move |_| {
            while !done.load(SeqCst) {
                log.wal.rotate().unwrap();
                let visible = log.sequencer.visible() / 2;
                flushed.store(visible, SeqCst);
                log.wal.release(visible).unwrap();
                log.prepare_spare().unwrap();
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|w| {
                scope.spawn(move |_| {
                    for i in 0..EACH {
                        let bytes = payload(w, (i % 700) as usize);
                        let last = log.write(1 + w, &bytes).unwrap();
                        if i % 5 == w {
                            let durable = log.sync(last).unwrap();
                            assert!(durable >= last && log.wal.durable() >= durable);
                        }
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|w| w.join().unwrap());
        done.store(true, SeqCst);
        flusher.join().unwrap();
    });
    log.wal.close(&log.sequencer).unwrap();
    let flushed = flushed.load(SeqCst);
    let mut next = None;
    let recovered = recover(&Disk, dir.path(), flushed, |first, count, bytes| {
        assert_eq!(bytes, payload(count - 1, bytes.len()));
        assert!(next.is_none_or(|next| next == first), "no gap");
        next = Some(first + count);
        Ok(())
    });
    let recovered = recovered.unwrap();
    assert_eq!(recovered.last_sequence, EACH * (1 + 2 + 3 + 4));
    assert!(recovered.closed);
}

/// As many writers as that wait for one another's syncs.
#[test]
fn many_share_a_sync() {
    let dir = Scratch::new();
    let log = &start(dir.path(), 1 << 20);
    scope(|scope| {
        for w in 0..16 {
            scope.spawn(move |_| {
                for _ in 0..50 {
                    let last = log.write(1, &payload(w, 100)).unwrap();
                    assert!(log.sync(last).unwrap() >= last);
                }
            });
        }
    });
    assert_eq!(log.wal.durable(), 800);
}

/// Who waits for a file that is being made ends its rests.
#[test]
fn a_file_is_made_in_haste_if_somebody_waits_for_it() {
    let long = payload(2, LONG as usize);
    // It has no place in the file in use.
    made_in_haste(|log| assert_eq!(log.write(1, &long), Ok(2)));
    made_in_haste(|log| assert_eq!(log.wal.rotate(), Ok(())));
}

const LONG: u64 = 1 << 20;

fn made_in_haste(wait: impl Fn(&Log)) {
    const PATIENCE: Duration = Duration::from_secs(20);
    let started = Instant::now();
    let log = &open(&disk(), 0, LONG).unwrap();
    log.write(1, b"short").unwrap();
    let (begun, waits) = (&AtomicBool::new(false), &AtomicBool::new(false));
    scope(|scope| {
        scope.spawn(move |_| {
            let made = log.wal.make_next(log.wal.lock_making(), 0, &mut |there, len| {
                if !begun.load(SeqCst) {
                    assert!(!log.wal.hurries(there, len), "{there} of {len} bytes");
                    begun.store(true, SeqCst);
                }
                while !log.wal.hurries(there, len) && started.elapsed() < PATIENCE {
                    std::thread::yield_now();
                }
                waits.store(log.wal.hurries(len, len), SeqCst);
                true
            });
            assert_eq!(made, Ok(()));
        });
        while !begun.load(SeqCst) {
            std::thread::yield_now();
        }
        wait(log);
        assert!(waits.load(SeqCst), "not for what the file in use holds");
    });
}
