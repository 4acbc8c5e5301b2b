//! Arbitrary bytes as a manifest.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mantisdb_core::fuzzing::fuzz_manifest(bytes);
});
