//! Which versions somebody can still see.

use crate::key_version::{KeyVersion, Payload};
use crate::range_tombstones::RangeTombstones;

/// What becomes of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays.
    Keep,
    /// It has expired and stays as a tombstone, or is one.
    Bury,
    /// Nobody can see it.
    Drop,
}

/// Judges versions in [`KeyVersion::order`].
///
/// The open snapshots divide the sequence numbers into *stripes*: all readers
/// see either the newest version of a key in a stripe, or a newer one. So of
/// each stripe the newest version stays, unless a range tombstone of the same
/// stripe deletes it.
pub(super) struct Retention<'a> {
    /// Ascending.
    snapshots: &'a [u64],
    deletions: &'a RangeTombstones,
    now_ms: u64,
    key: Vec<u8>,
    /// The stripe of the newest version of `key` that was not dropped.
    stripe: Option<usize>,
}

impl<'a> Retention<'a> {
    pub(super) fn new(snapshots: &'a [u64], deletions: &'a RangeTombstones, now_ms: u64) -> Self {
        Self { snapshots, deletions, now_ms, key: Vec::new(), stripe: None }
    }

    /// What becomes of the next version.
    pub(super) fn judge(&mut self, version: &KeyVersion<'_>) -> Fate {
        if self.key != version.key {
            self.key.clear();
            self.key.extend_from_slice(version.key);
            self.stripe = None;
        }
        let stripe = stripe(self.snapshots, version.sequence);
        if self.stripe == Some(stripe) {
            return Fate::Drop;
        }
        self.stripe = Some(stripe);
        let deleted = self.deletions.first_above(version.key, version.sequence);
        if deleted.is_some_and(|by| self::stripe(self.snapshots, by) == stripe) {
            return Fate::Drop;
        }
        match version.payload {
            Payload::Tombstone => Fate::Bury,
            Payload::Value(_, 0) => Fate::Keep,
            Payload::Value(_, expires_at) if expires_at <= self.now_ms => Fate::Bury,
            Payload::Value(..) => Fate::Keep,
        }
    }
}

/// The number of the snapshots that do not see a sequence number.
pub(super) fn stripe(snapshots: &[u64], sequence: u64) -> usize {
    snapshots.partition_point(|&snapshot| snapshot < sequence)
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;
    use crate::range_tombstones::RangeTombstone;

    fn fates(
        snapshots: &[u64],
        deletions: &[(&str, &str, u64)],
        versions: &[(&str, u64, Option<u64>)],
    ) -> Vec<Fate> {
        let deletions = RangeTombstones::new(deletions.iter().map(|(start, end, sequence)| {
            RangeTombstone::from((start.as_bytes(), end.as_bytes(), *sequence))
        }));
        let mut retention = Retention::new(snapshots, &deletions, 100);
        versions
            .iter()
            .map(|&(key, sequence, expires)| {
                let payload =
                    expires.map_or(Payload::Tombstone, |expires| Payload::Value(b"v", expires));
                retention.judge(&KeyVersion { key: key.as_bytes(), sequence, payload })
            })
            .collect()
    }

    use Fate::{Bury, Drop, Keep};

    #[test]
    fn the_newest_of_each_stripe_stays() {
        let versions = [9, 7, 5, 4, 3, 1].map(|sequence| ("k", sequence, Some(0)));
        assert_eq!(fates(&[], &[], &versions), [Keep, Drop, Drop, Drop, Drop, Drop]);
        assert_eq!(fates(&[4, 7], &[], &versions), [Keep, Keep, Drop, Keep, Drop, Drop]);
        assert_eq!(fates(&[8, 100], &[], &versions), [Keep, Keep, Drop, Drop, Drop, Drop]);
    }

    #[test]
    fn keys_are_judged_apart() {
        let versions = [("a", 5, Some(0)), ("b", 4, None), ("c", 3, Some(0)), ("c", 2, Some(0))];
        assert_eq!(fates(&[], &[], &versions), [Keep, Bury, Keep, Drop]);
    }

    #[test]
    fn expired_values_are_buried() {
        let versions = [("a", 3, Some(100)), ("a", 2, Some(0)), ("b", 1, Some(101))];
        assert_eq!(fates(&[], &[], &versions), [Bury, Drop, Keep]);
        assert_eq!(fates(&[2], &[], &versions), [Bury, Keep, Keep]);
    }

    #[test]
    fn range_tombstones_delete_within_their_stripe() {
        let versions = [("b", 9, Some(0)), ("b", 4, Some(0)), ("c", 3, Some(0))];
        assert_eq!(fates(&[], &[("a", "c", 10)], &versions), [Drop, Drop, Keep]);
        assert_eq!(fates(&[4], &[("a", "c", 5)], &versions), [Keep, Keep, Keep]);
        assert_eq!(fates(&[2], &[("a", "z", 4)], &versions), [Keep, Drop, Drop]);
    }
}
