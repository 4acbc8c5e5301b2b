//! What is written down.

use serde::Serialize;

/// One measured phase: one line of JSON. The Go half, which reads it, tells what
/// each field is.
#[derive(Clone, Default, Serialize)]
#[expect(missing_docs, reason = "the Go half has the documentation")]
pub struct Record {
    pub group: &'static str,
    pub engine: &'static str,
    pub version: String,
    pub language: &'static str,
    pub settings: String,

    pub scenario: String,
    pub workload: &'static str,
    pub durability: &'static str,
    pub threads: u32,
    pub keys: u64,
    pub value_bytes: usize,
    pub memory_limit_bytes: u64,
    pub round: u32,

    pub ops: u64,
    pub seconds: f64,
    pub ops_per_second: f64,
    pub p50_ns: u64,
    pub p99_ns: u64,
    pub p999_ns: u64,
    pub max_ns: u64,

    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_ns: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hit_ratio: Option<f64>,

    pub rss_anon_bytes: u64,
    pub rss_anon_peak_bytes: u64,
    pub rss_file_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_key: Option<f64>,
    pub disk_bytes: u64,
    pub written_bytes: u64,

    pub open_seconds: f64,
    pub log_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_writes: Option<u64>,
}
