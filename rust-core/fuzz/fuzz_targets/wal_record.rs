//! The log's files: headers, records, and what follows the last one.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mantisdb_core::fuzzing::fuzz_log(bytes);
});
