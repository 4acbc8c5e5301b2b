//! Keys, values and choices, made bit by bit as the Go half makes them.

mod data;
mod permutation;
mod popular;
mod random;
mod zipf;

pub use data::{KEY_LEN, MIN_VALUE_LEN, check_value, id, key, value};
pub use permutation::Permutation;
pub use popular::Popular;
pub use random::{Random, mix};
pub use zipf::Zipf;

#[cfg(test)]
mod tests;
