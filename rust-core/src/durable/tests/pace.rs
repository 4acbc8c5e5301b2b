//! How soon writers that are held back get something.

use super::*;
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
