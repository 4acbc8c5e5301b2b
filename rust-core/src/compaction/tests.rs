//! The segments, the store and compaction together, against a model.

mod crash;
mod faults;
mod model;
mod shape;
mod world;
