//! A planted fault: LeakSanitizer must report the box.

fn main() {
    std::hint::black_box(Box::into_raw(Box::new([7_u8; 64])));
}
