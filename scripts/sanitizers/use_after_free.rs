//! A planted fault: AddressSanitizer must report a heap-use-after-free.

fn main() {
    let boxed = Box::into_raw(Box::new(7_u64));
    // SAFETY: made by into_raw just above.
    drop(unsafe { Box::from_raw(boxed) });
    // Not safe, on purpose: the box is gone.
    println!("{}", unsafe { boxed.read_volatile() });
}
