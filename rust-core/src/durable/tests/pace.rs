//! How soon writers that are held back get something, and memory that is wanted comes back.

use super::*;
use crate::durable::Eviction;
use crate::stats::Counter;

/// The thread that sets the pace rests for up to 200 ms while nothing is written.
#[test]
fn who_is_held_back_does_not_wait_for_the_next_look() {
    let sim = Sim::new();
    let storage = open(&sim, Options { memory_limit: 64 << 20, ..small() });
    let core = storage.core();
    let durable = core.durable.as_ref().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let start = Instant::now();
    for _ in 0..5 {
        // As a writer that has filled the memory would, at its look.
        core.counters.mine().add(Counter::DataBytes, 128 << 20);
        durable.set_pace(core);
        assert!(durable.throttle.holds_back());
        core.counters.mine().sub(Counter::DataBytes, 128 << 20);
        eventually("writers are free again", || !durable.throttle.holds_back());
    }
    let took = start.elapsed();
    assert!(took < Duration::from_millis(500), "five times took {took:?}");
}

/// The janitor rests for 100 ms once there is nothing to do.
#[test]
fn memory_beyond_the_budget_comes_back_before_the_next_look() {
    const TIMES: usize = 5;
    let sim = Sim::new();
    let storage = open(&sim, Options { memory_limit: 1 << 20, ..small() });
    for i in 0..6000u32 {
        storage.put(&i.to_be_bytes(), &[7; 100], 0).unwrap();
    }
    storage.flush().unwrap();
    let core = storage.core();
    let durable = core.durable.as_ref().unwrap();
    eventually("what was flushed may leave", || !core.is_unsettled());
    let mut made = 0;
    let mut waits = [(); TIMES].map(|()| {
        let evicted = core.counters.sum(Counter::Evicted);
        // As a writer that has made more than there is room for, at its look.
        let budget = durable.memtable_budget().unwrap();
        let more = budget.saturating_sub(core.memory_bytes()) + budget / 64;
        core.counters.mine().add(Counter::DataBytes, more);
        made += more;
        let start = Instant::now();
        durable.set_pace(core);
        eventually("something has left", || core.counters.sum(Counter::Evicted) > evicted);
        start.elapsed()
    });
    core.counters.mine().sub(Counter::DataBytes, made);
    waits.sort();
    assert!(waits[TIMES / 2] < Duration::from_millis(50), "it took {waits:?}");
}

/// An index alone that is over the budget, without entries that could leave.
#[test]
fn where_nothing_can_leave_the_janitor_rests() {
    let sim = Sim::new();
    let options = Options { memory_limit: 1 << 20, expected_keys: 100_000, ..small() };
    let storage = open(&sim, options);
    let core = storage.core();
    let durable = core.durable.as_ref().unwrap();
    eventually("entries may leave", || durable.leave_complete());
    assert!(core.memory_bytes() > durable.memtable_budget().unwrap());
    assert_eq!(core.evict(0).1, Eviction::Blocked);
}
