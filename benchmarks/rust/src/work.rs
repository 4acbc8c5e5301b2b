//! Keys, values and choices, made bit by bit as the Go half makes them.

mod data;
mod permutation;
mod random;

pub use data::{KEY_LEN, MIN_VALUE_LEN, check_value, key, value};
pub use permutation::Permutation;
pub use random::Random;

#[cfg(test)]
mod tests;
