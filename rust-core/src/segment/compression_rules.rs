//! Compression that is chosen by how keys begin.

use super::compression::Compression;
use std::collections::BTreeMap;
use std::ops::Bound::{Included, Unbounded};

/// Prefixes of keys, and how blocks are stored whose keys begin so. No prefix begins
/// with another one.
#[derive(Debug, Clone, Default)]
pub(crate) struct CompressionRules(BTreeMap<Vec<u8>, Compression>);

impl CompressionRules {
    /// The rules with one for a prefix in place of what there was; without one for
    /// `None`.
    pub(crate) fn with(&self, prefix: &[u8], compression: Option<Compression>) -> Self {
        let mut rules = self.0.clone();
        match compression {
            Some(compression) => drop(rules.insert(prefix.to_vec(), compression)),
            None => drop(rules.remove(prefix)),
        }
        Self(rules)
    }

    /// The rule for a key, if there is one.
    #[inline]
    pub(crate) fn of(&self, key: &[u8]) -> Option<Compression> {
        if self.0.is_empty() {
            return None;
        }
        let (prefix, compression) =
            self.0.range::<[u8], _>((Unbounded, Included(key))).next_back()?;
        key.starts_with(prefix).then_some(*compression)
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_rule_of_its_prefix() {
        let rules = CompressionRules::default()
            .with(b"b", Some(Compression::None))
            .with(b"d/", Some(Compression::Zstd));
        for key in [&b"a"[..], b"c", b"d", b"d0", b"e"] {
            assert_eq!(rules.of(key), None, "{key:?}");
        }
        assert_eq!(rules.of(b"b"), Some(Compression::None));
        assert_eq!(rules.of(b"b\xff"), Some(Compression::None));
        assert_eq!(rules.of(b"d/x"), Some(Compression::Zstd));
        assert_eq!(rules.with(b"b", None).of(b"b"), None);
    }
}
