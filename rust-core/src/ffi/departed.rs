//! What left a cache, kept until the caller takes it.

use crate::cache::Departure;

/// What left and was not taken yet: records back to back, see
/// [`mantisdb_cache_take_departed`](super::cache::mantisdb_cache_take_departed).
#[derive(Default)]
pub(super) struct Departed {
    records: Vec<u8>,
    /// Where those that were not taken begin.
    pub(super) start: usize,
}

/// The length of a record's cause and of the lengths of its key and value.
const RECORD_HEADER: usize = 9;

impl Departed {
    pub(super) fn add(&mut self, departure: Departure<'_>) {
        self.records.push(departure.cause as u8);
        for part in [departure.key, departure.value] {
            self.records.extend_from_slice(&(part.len() as u32).to_le_bytes());
        }
        self.records.extend_from_slice(departure.key);
        self.records.extend_from_slice(departure.value);
    }

    /// The length of the record that begins at a place; 0 at the end.
    pub(super) fn record_len(&self, at: usize) -> usize {
        let Some(header) = self.records.get(at..at + RECORD_HEADER) else { return 0 };
        let len = |at: usize| {
            header[at..at + 4].iter().rev().fold(0, |len, &byte| len << 8 | usize::from(byte))
        };
        RECORD_HEADER + len(1) + len(5)
    }

    /// The whole records that come next and have at most `capacity` bytes together.
    pub(super) fn next(&self, capacity: usize) -> &[u8] {
        let mut end = self.start;
        loop {
            let len = self.record_len(end);
            if len == 0 || end + len - self.start > capacity {
                return &self.records[self.start..end];
            }
            end += len;
        }
    }

    /// Forgets so many bytes of what comes next.
    pub(super) fn forget(&mut self, len: usize) {
        /// What is kept for the next records.
        const KEPT: usize = 64 << 10;
        self.start += len;
        if self.start > self.records.len() / 2 {
            self.records.drain(..self.start);
            self.start = 0;
            self.records.shrink_to(KEPT.max(2 * self.records.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Cause;

    fn left(departed: &mut Departed, key: &[u8], value: &[u8]) {
        departed.add(Departure { key, value, cause: Cause::Removed });
    }

    #[test]
    fn departed_records_are_taken_whole_and_in_order() {
        let mut departed = Departed::default();
        assert_eq!(departed.next(100), b"");
        left(&mut departed, b"key", b"value");
        left(&mut departed, b"", b"");
        left(&mut departed, b"k", &[7; 300]);
        let first = b"\x03\x03\0\0\0\x05\0\0\0keyvalue";
        assert_eq!(departed.next(first.len() - 1), b"");
        assert_eq!(departed.next(first.len()), first);
        assert_eq!(departed.next(first.len() + 8), first);
        let two = [&first[..], &[3, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
        assert_eq!(departed.next(first.len() + 9), two);
        departed.forget(first.len());
        assert_eq!(departed.next(9), &two[first.len()..]);
        departed.forget(9);
        left(&mut departed, b"last", b"");
        assert_eq!(departed.record_len(departed.start), 9 + 301);
        departed.forget(9 + 301);
        assert_eq!(departed.next(100), b"\x03\x04\0\0\0\0\0\0\0last");
        departed.forget(9 + 4);
        assert_eq!((departed.records.len(), departed.start), (0, 0));
    }
}
