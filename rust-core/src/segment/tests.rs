//! Tests of segments as a whole.

#![allow(clippy::unwrap_used, reason = "also in the helpers of tests")]

mod cached;
mod damage;
mod figures;
mod fixtures;
pub(crate) mod memory;
mod model;
mod pins;
mod writing;
