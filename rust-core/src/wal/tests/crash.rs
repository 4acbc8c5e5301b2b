//! The loss of power at every I/O point of random runs.

use super::*;
use crate::fs::sim::Mode;
use parking_lot::Mutex;
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// A step of a run.
#[derive(Debug, Clone)]
enum Step {
    Write {
        count: u64,
        len: usize,
    },
    Sync,
    Rotate,
    /// Everything written so far is in segments.
    Flush,
    /// So many in a hundred of what is not in segments is now, and nothing was rotated.
    FlushSome(u64),
    Prepare,
    /// What was used is long ago.
    DropSurplus,
    /// The process ends and starts again.
    Kill,
    /// The power goes away and comes back.
    Crash(u64),
    Close,
}

/// What must be found.
#[derive(Default)]
struct Model {
    /// All records, oldest first; the last one may not be complete.
    records: Vec<Rec>,
    synced: u64,
    flushed: u64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let write = (1..4_u64, prop_oneof![9 => 0..700_usize, 1 => 0..12_000_usize])
        .prop_map(|(count, len)| Step::Write { count, len });
    let step = prop_oneof![
        30 => write,
        5 => Just(Step::Sync),
        2 => Just(Step::Rotate),
        2 => Just(Step::Flush),
        2 => (0..=100_u64).prop_map(Step::FlushSome),
        2 => Just(Step::Prepare),
        1 => Just(Step::DropSurplus),
        1 => Just(Step::Kill),
        2 => any::<u64>().prop_map(Step::Crash),
        1 => Just(Step::Close),
    ];
    prop::collection::vec(step, 1..60)
}

impl Model {
    /// What a disk holds is what it has to hold: every record that was synced
    /// and is not in segments, and nothing but a start of what was written.
    fn check(&self, found: &Sim, why: &str) -> usize {
        let (recovered, records) = match read(found, self.flushed) {
            Ok(found) => found,
            Err(error) => panic!("{why}: {error}"),
        };
        let last = |r: &Rec| r.0 + r.1 - 1;
        let wanted: Vec<&Rec> = self.records.iter().filter(|r| last(r) > self.flushed).collect();
        assert!(records.len() <= wanted.len(), "{why}: more than was written");
        for (found, wanted) in records.iter().zip(&wanted) {
            assert!(&found == wanted, "{why}: record {} is another one", wanted.0);
        }
        let known = records.last().map_or(self.flushed, last);
        assert!(known >= self.synced.min(self.last()), "{why}: {} lost, had {known}", self.synced);
        assert!(recovered.last_sequence.max(self.flushed) >= self.synced);
        records.len()
    }

    fn last(&self) -> u64 {
        self.records.last().map_or(0, |r| r.0 + r.1 - 1)
    }

    /// Forgets what a crash lost.
    fn keep(&mut self, found: &Sim) {
        let (recovered, _) = read(found, self.flushed).unwrap();
        let last = recovered.last_sequence.max(self.flushed);
        self.records.retain(|r| r.0 + r.1 - 1 <= last);
        self.synced = last;
    }
}

/// Everything that a loss of power at this point may leave is right, and can be
/// gone on from.
fn check_point(sim: &Sim, point: u64, model: &Model) {
    for mode in [Mode::DropUnsynced, Mode::KeepUnsynced, Mode::Random, Mode::Random] {
        let seed = point ^ (mode as u64) << 32;
        let found = sim.after_crash(seed, mode);
        let why = format!("at I/O point {point}, {mode:?}");
        let kept = model.check(&found, &why);
        if !(point + seed).is_multiple_of(3) {
            continue;
        }
        // A second life, and a second loss.
        let log = open(&found, model.flushed, 2048).unwrap_or_else(|e| panic!("{why}: {e}"));
        let last = log.write(1, b"second life").unwrap();
        log.sync(last).unwrap();
        log.write(1, &payload(point, 100)).unwrap();
        for mode in [Mode::DropUnsynced, Mode::Random] {
            let found = found.after_crash(!seed, mode);
            let (_, records) = read(&found, model.flushed).unwrap_or_else(|e| panic!("{why}: {e}"));
            assert_eq!(records[kept], (last, 1, b"second life".to_vec()), "{why}");
        }
    }
}

/// Runs steps, and looks at each I/O point.
fn run(steps: &[Step]) {
    let model = Arc::new(Mutex::new(Model::default()));
    let watch = |sim: &Sim| {
        let model = Arc::clone(&model);
        sim.observe(move |sim, point| check_point(sim, point, &model.lock()));
    };
    let mut sim = disk();
    let mut log = open(&sim, 0, 2048).unwrap();
    watch(&sim);
    for step in steps {
        let mut reopen = None;
        match *step {
            Step::Write { count, len } => {
                let first = log.sequencer.reserved() + 1;
                let bytes = payload(first, len);
                model.lock().records.push((first, count, bytes.clone()));
                assert_eq!(log.write(count, &bytes), Ok(first + count - 1));
            }
            Step::Sync => {
                let synced = log.sync(log.sequencer.visible()).unwrap();
                model.lock().synced = synced;
            }
            Step::Rotate => log.wal.rotate().unwrap(),
            Step::Flush => {
                log.wal.rotate().unwrap();
                let visible = log.sequencer.visible();
                model.lock().flushed = visible;
                log.wal.release(visible).unwrap();
            }
            Step::FlushSome(percent) => {
                let flushed = model.lock().flushed;
                let more = log.sequencer.visible().saturating_sub(flushed);
                let flushed = flushed + more * percent / 100;
                model.lock().flushed = flushed;
                log.wal.release(flushed).unwrap();
            }
            Step::Prepare => log.prepare_spare().unwrap(),
            Step::DropSurplus => {
                log.wal.drop_surplus(Instant::now() + Duration::from_secs(60)).unwrap()
            }
            Step::Kill => reopen = Some(sim.after_kill()),
            Step::Crash(seed) => reopen = Some(sim.after_crash(seed, Mode::Random)),
            Step::Close => {
                log.wal.close(&log.sequencer).unwrap();
                model.lock().synced = log.sequencer.visible();
                reopen = Some(sim.after_crash(1, Mode::DropUnsynced));
            }
        }
        if let Some(found) = reopen {
            sim.stop_observing();
            model.lock().check(&found, "reopened");
            model.lock().keep(&found);
            sim = found;
            watch(&sim);
            // The model counts as synced what the start is about to sync.
            let synced = std::mem::take(&mut model.lock().synced);
            let flushed = model.lock().flushed;
            log = open(&sim, flushed, 2048).unwrap();
            model.lock().synced = synced;
        }
    }
    check_point(&sim, sim.points(), &model.lock());
    sim.stop_observing();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_was_synced_survives(steps in steps()) {
        run(&steps);
    }
}
