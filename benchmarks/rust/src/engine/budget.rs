//! How a memory budget is split.

use super::Config;

/// Write buffers that a store may have at once.
pub const WRITE_BUFFERS: u64 = 4;

/// More gains nothing: it is the largest default among the stores.
const LARGEST_BUFFER: u64 = 64 << 20;

/// A cache where there is no budget.
const UNLIMITED_CACHE: u64 = 1 << 30;

/// What a store gets of a budget, in bytes: a quarter for write buffers, three
/// quarters for the cache of blocks. What write buffers do not need goes to the
/// cache. The Go half splits in the same way.
pub struct Budget {
    /// One write buffer, of [`WRITE_BUFFERS`].
    pub buffer: u64,
    /// The cache.
    pub cache: u64,
}

impl Budget {
    /// Splits the budget of `config`.
    pub fn of(config: &Config) -> Self {
        if config.limit == 0 {
            return Self { buffer: LARGEST_BUFFER, cache: UNLIMITED_CACHE };
        }
        if config.write_buffer != 0 {
            return Self { buffer: config.write_buffer, cache: config.limit };
        }
        let buffer = (config.limit / 16).clamp(1 << 20, LARGEST_BUFFER);
        Self { buffer, cache: config.limit.saturating_sub(buffer * WRITE_BUFFERS) }
    }
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (buffer, cache) = (mebibytes(self.buffer), mebibytes(self.cache));
        write!(f, "{WRITE_BUFFERS} write buffers of {buffer}, cache {cache}")
    }
}

/// A size as people read it.
pub fn mebibytes(n: u64) -> String {
    format!("{:.1} MiB", n as f64 / f64::from(1 << 20))
}
