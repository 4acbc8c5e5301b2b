//! An array that grows without moving what it holds.

use crate::memtable::prefetch;

/// The elements of a chunk: small enough that a cache of a few entries costs little.
const CHUNK: usize = 128;

/// An array in chunks. Growth allocates one chunk and copies none but the table of them, so
/// that no insertion waits for the copy of a large array, nor is half of it empty.
pub(super) struct Chunks<T> {
    chunks: Vec<Box<[T; CHUNK]>>,
}

impl<T: Copy> Chunks<T> {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new() }
    }

    /// Grows it, by `fill`, until it has an element at `index`.
    #[inline]
    pub(super) fn reach(&mut self, index: usize, fill: T) {
        while index >= self.chunks.len() * CHUNK {
            self.chunks.push(Box::new([fill; CHUNK]));
        }
    }

    /// The element; `None` beyond what was reached.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<T> {
        Some(self.chunks.get(index / CHUNK)?[index % CHUNK])
    }

    /// Asks for the memory of the element, if it was reached.
    #[inline]
    pub(super) fn prefetch(&self, index: usize) {
        if let Some(chunk) = self.chunks.get(index / CHUNK) {
            prefetch::read((&raw const chunk[index % CHUNK]).cast());
        }
    }

    /// The element, which was reached.
    #[inline]
    pub(super) fn at(&mut self, index: usize) -> &mut T {
        &mut self.chunks[index / CHUNK][index % CHUNK]
    }

    /// The bytes of memory that it takes.
    pub(super) fn footprint(&self) -> usize {
        let table = self.chunks.capacity() * size_of::<Box<[T; CHUNK]>>();
        table + self.chunks.len() * size_of::<[T; CHUNK]>()
    }
}
