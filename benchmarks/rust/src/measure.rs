//! The figures: latencies, memory, disk, and the record in which they are
//! written down.

mod latency;
mod process;
mod record;

pub use latency::{Latencies, now};
pub use process::{Watch, disk_bytes, resident_bytes, thread_waits};
pub use record::Record;
