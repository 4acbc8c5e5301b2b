//! Filter, index and properties of a segment, their checksums right.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mantisdb_core::fuzzing::fuzz_parts(bytes);
});
