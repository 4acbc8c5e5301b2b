//! A planted fault: ThreadSanitizer must report a data race.

static mut COUNTER: u64 = 0;

fn main() {
    // Not safe, on purpose: two threads write without synchronisation.
    let add = || (0..1000).for_each(|_| unsafe { COUNTER += 1 });
    std::thread::scope(|s| {
        s.spawn(add);
        s.spawn(add);
    });
}
