//! What one write leaves for those who watch.

use crate::batch::{self, Op};
use crate::error::Result;
use std::mem::size_of;
use std::sync::Arc;

/// The operations of one write, which have the numbers from `first` on.
pub(crate) struct Deposit {
    pub(super) first: u64,
    pub(super) last: u64,
    /// In the packed form. Behind them there may be zeroes.
    packed: Vec<u8>,
}

impl Deposit {
    pub(super) fn new((first, last): (u64, u64), packed: Vec<u8>) -> Self {
        Self { first, last, packed }
    }

    /// Copies the parts of the packed form; `None` if there is no memory for it.
    pub(super) fn copy(numbers: (u64, u64), parts: &[&[u8]]) -> Option<Self> {
        let mut packed = Vec::new();
        packed.try_reserve_exact(parts.iter().map(|part| part.len()).sum()).ok()?;
        parts.iter().for_each(|part| packed.extend_from_slice(part));
        Some(Self::new(numbers, packed))
    }

    /// The bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.packed.capacity()
    }
}

/// A walk through the operations of a deposit.
pub(super) struct Ops {
    deposit: Arc<Deposit>,
    /// Where the next operation begins.
    offset: usize,
    /// Its number.
    number: u64,
}

impl Ops {
    pub(super) fn new(deposit: Arc<Deposit>) -> Self {
        Self { offset: 0, number: deposit.first, deposit }
    }

    /// The number of the last operation.
    pub(super) fn last(&self) -> u64 {
        self.deposit.last
    }

    /// Gives the operations to `each` until it breaks off, by which it refuses the
    /// one that it was given; that comes first the next time. Returns whether all
    /// were taken.
    pub(super) fn give(&mut self, mut each: impl FnMut(Op<'_>, u64) -> bool) -> Result<bool> {
        while let Some((op, len)) = batch::first_of(&self.deposit.packed[self.offset..])? {
            if !each(op, self.number) {
                return Ok(false);
            }
            self.offset += len;
            self.number += 1;
        }
        Ok(true)
    }
}
