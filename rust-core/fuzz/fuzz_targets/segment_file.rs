//! A whole segment: its footer and all that follows from it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mantisdb_core::fuzzing::fuzz_segment(bytes);
});
