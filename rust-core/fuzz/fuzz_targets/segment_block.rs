//! A block of a segment, as it is and within a frame whose checksum is right.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mantisdb_core::fuzzing::fuzz_block(bytes);
    mantisdb_core::fuzzing::fuzz_framed_block(bytes);
});
