//! The cache: byte-exact, scan-resistant, and read without a lock.

pub mod policy;
pub mod simulation;
