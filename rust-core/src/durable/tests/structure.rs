//! What a storage tells of its structure.

use super::*;
use crate::storage::structure::Structure;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

fn key(i: u32) -> Vec<u8> {
    format!("key-{i:06}").into_bytes()
}

fn fill(storage: &Storage, keys: std::ops::Range<u32>) {
    keys.for_each(|i| _ = storage.put(&key(i), &[i as u8; 100], 0).unwrap());
}

fn structure(storage: &Storage, most: usize) -> Structure {
    storage.core().structure(most)
}

#[test]
fn levels_are_whole_and_segments_bounded() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    fill(&storage, 0..3000);
    storage.compact().unwrap();
    fill(&storage, 3000..3100);
    storage.flush().unwrap();
    let all = structure(&storage, usize::MAX);
    let stats = storage.stats();
    let sum = |of: fn(&crate::tree::LevelStats) -> u64| -> u64 {
        all.levels.iter().map(|level| of(&level.stats)).sum()
    };
    assert_eq!(sum(|stats| stats.segments), stats.segments);
    assert_eq!(sum(|stats| stats.bytes), stats.segment_bytes);
    assert_eq!(sum(|stats| stats.entries), 3100);
    let listed = all.levels.iter().flat_map(|level| &level.segments);
    assert_eq!(listed.clone().map(|s| s.bytes).sum::<u64>(), stats.segment_bytes);
    assert_eq!(listed.clone().map(|s| s.raw_bytes).sum::<u64>(), 3100 * 110);
    assert!(listed.clone().all(|s| s.smallest <= s.largest && !s.is_busy));
    assert_eq!(listed.map(|s| &s.largest).max(), Some(&key(3099)));
    let last = all.levels.last().unwrap();
    assert!(last.stats.segments > 1 && last.target_bytes == 0, "{last:?}");
    assert_eq!(all.left_out, 0);

    let two = structure(&storage, 2);
    assert_eq!(two.left_out, stats.segments - 2);
    assert!(two.levels.iter().zip(&all.levels).all(|(a, b)| a.stats == b.stats));
    assert_eq!(structure(&storage, 0).left_out, stats.segments);
}

#[test]
fn the_log_tells_its_files() {
    let sim = Sim::new();
    let storage = open(&sim, Options { write_buffer: 1 << 20, ..small() });
    fill(&storage, 0..3000);
    let told = structure(&storage, 0).log;
    let of = |state: &str| told.iter().filter(|f| f.state.to_string() == state).count();
    assert!(of("active") == 1 && of("waiting") >= 3, "{told:?}");
    assert!(told.iter().all(|file| file.bytes <= file.file_bytes));
    let stats = storage.stats();
    assert_eq!(told.iter().map(|file| file.bytes).sum::<u64>(), stats.log_bytes);
    storage.flush().unwrap();
    let told = structure(&storage, 0).log;
    assert!(told.iter().all(|file| file.state.to_string() != "waiting"), "{told:?}");
}

/// Long keys are cut, and what is told parses as what it is.
#[test]
fn it_is_told_as_json() {
    let sim = Sim::new();
    let storage = open(&sim, small());
    storage.put(&[0xab; 1000], b"\"value\"", 0).unwrap();
    storage.flush().unwrap();
    let text = structure(&storage, 10).to_string();
    let digits = "ab".repeat(64);
    assert!(text.contains(&format!(r#""smallest":"{digits}","largest":"{digits}","busy":false"#)));
    assert!(text.starts_with(r#"{"memtables":[{"state":"active","entries":1,"#), "{text}");
    assert!(text.ends_with(r#""hits":0,"misses":0}}"#), "{text}");
    let memory = Storage::open().unwrap();
    let told = memory.core().structure(10).to_string();
    assert!(told.contains(r#""log":[],"levels":[],"segments_left_out":0,"running":[],"#), "{told}");
}

/// What runs is told while it runs, and not after it.
#[test]
fn what_runs_is_told() {
    let sim = Sim::new();
    let storage = &open(&sim, small());
    // Whoever looks may get no processor while something runs, so there are many rounds.
    let (seen, done) = (&AtomicBool::new(false), &AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in (0..3000).take_while(|&round| round < 30 || !seen.load(SeqCst)) {
                fill(storage, 0..2000);
                storage.compact().unwrap();
            }
            done.store(true, SeqCst);
        });
        let (mut flushes, mut merges) = (0, 0);
        while !done.load(SeqCst) {
            seen.store(flushes > 0 && merges > 0, SeqCst);
            let told = structure(storage, usize::MAX);
            assert_eq!(told.memtables.len(), 1 + usize::from(told.flush.is_some()));
            flushes += usize::from(told.flush.is_some_and(|f| f.entries > 0 && f.started > 0));
            if let Some(merge) = &told.merge {
                assert!(
                    merge.from <= merge.to && merge.input_bytes > 0 && !merge.inputs.is_empty()
                );
                merges += 1;
            }
            let busy = told.levels.iter().flat_map(|level| &level.segments).filter(|s| s.is_busy);
            assert!(busy.count() <= told.merge.map_or(0, |merge| merge.inputs.len()));
        }
        assert!(flushes > 0 && merges > 0, "{flushes} flushes and {merges} merges were seen");
    });
    // Only a background thread may run something now, and not for long.
    for _ in 0..1000 {
        let told = structure(storage, 0);
        if told.flush.is_none() && told.merge.is_none() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("something runs for ever");
}

/// The queues of a cache hold what there is.
#[test]
fn queues_hold_the_entries() {
    let limit = 4 << 20;
    let storage =
        Storage::open_with(Options { memory_limit: limit, ..Options::default() }).unwrap();
    fill(&storage, 0..100_000);
    let cache = || structure(&storage, 0).cache;
    // The janitor takes new entries in after their writers are gone.
    eventually("all entries are in a queue", || {
        let held: u64 = cache().queues[..2].iter().map(|queue| queue.entries).sum();
        held.abs_diff(storage.stats().keys) <= 1000
    });
    let cache = cache();
    let names: Vec<_> = cache.queues.iter().map(|queue| queue.name).collect();
    assert_eq!(names, ["small", "main", "ghost"]);
    assert!(cache.queues.iter().all(|queue| queue.entries > 0), "{cache:?}");
    assert_eq!(cache.limit_bytes, limit);
    assert!(cache.queues[..2].iter().map(|queue| queue.bytes).sum::<u64>() <= limit);
}
