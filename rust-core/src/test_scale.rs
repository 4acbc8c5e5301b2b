//! How much the tests do.

/// Whether tests that take long do less: `MANTISDB_TEST_SCALE=small` asks for that, where
/// instruments make everything slow.
pub(crate) fn is_small() -> bool {
    std::env::var("MANTISDB_TEST_SCALE").is_ok_and(|scale| scale == "small")
}
