//! Tests of segments as a whole.

#![allow(clippy::unwrap_used, reason = "also in the helpers of tests")]

mod damage;
mod figures;
mod fixtures;
pub(crate) mod memory;
mod model;
mod writing;
