//! The changes that are kept in memory for those who watch: the newest ones, of so
//! many bytes.

use super::deposit::Deposit;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// See the module's text. It holds every change above its floor and up to its end.
#[derive(Default)]
pub(super) struct Ring {
    floor: u64,
    end: u64,
    /// In the order of their numbers.
    deposits: VecDeque<Arc<Deposit>>,
    /// The bytes that they take.
    memory: usize,
    /// By their first numbers: those that are not visible yet.
    waiting: BTreeMap<u64, Deposit>,
}

impl Ring {
    /// A ring that begins behind a number.
    pub(super) fn after(number: u64) -> Self {
        Self { floor: number, end: number, ..Self::default() }
    }

    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Takes what is to be kept once it is visible. What is old was left by a write
    /// that saw somebody watch who is not interested.
    pub(super) fn await_turn(&mut self, deposit: Deposit) {
        if deposit.first > self.end {
            self.waiting.insert(deposit.first, deposit);
        }
    }

    /// Lets the ring reach to a number up to which everything is visible and has been
    /// taken; what is above the capacity goes, the oldest first, but for the newest.
    pub(super) fn advance(&mut self, visible: u64, capacity: usize) {
        while let Some(next) = self.waiting.first_entry()
            && next.get().last <= visible
        {
            let deposit = next.remove();
            self.memory += deposit.memory();
            self.deposits.push_back(Arc::new(deposit));
            while self.memory > capacity && self.deposits.len() > 1 {
                self.drop_oldest();
            }
        }
        self.end = self.end.max(visible);
    }

    /// Gives up everything up to a number.
    pub(super) fn lose(&mut self, number: u64) {
        while self.floor < number && self.deposits.front().is_some_and(|d| d.first <= number) {
            self.drop_oldest();
        }
        self.floor = self.floor.max(number);
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.deposits.pop_front() {
            self.memory -= oldest.memory();
            self.floor = self.floor.max(oldest.last);
        }
    }

    /// What comes after a number that is not below the floor: about `len` bytes.
    pub(super) fn behind(&self, number: u64, len: usize) -> Vec<Arc<Deposit>> {
        let start = self.deposits.partition_point(|deposit| deposit.last <= number);
        let mut taken = 0;
        let is_room = |deposit: &&Arc<Deposit>| {
            let is_room = taken < len;
            taken += deposit.memory();
            is_room
        };
        self.deposits.range(start..).take_while(is_room).cloned().collect()
    }

    /// The bytes that the changes take.
    #[cfg(all(test, not(feature = "shuttle")))]
    pub(super) fn memory(&self) -> usize {
        self.memory + self.waiting.values().map(Deposit::memory).sum::<usize>()
    }
}
