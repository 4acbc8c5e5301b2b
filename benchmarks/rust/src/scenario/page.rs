//! Pages of entries.

use super::Runner;
use crate::Result;
use crate::engine::Engine;
use crate::work::{check_value, id, key};

impl Runner {
    /// Reads at most `most` entries from a loaded key on and returns how many. Each is
    /// checked: the keys that were loaded come without a gap, those that were inserted
    /// in order, and values belong to their keys.
    pub fn page(&self, store: &dyn Engine, from: u64, most: u64) -> Result<u64> {
        let loaded = self.options.keys;
        let (mut next, mut seen) = (from, 0);
        store.scan(&key(from), usize::try_from(most)?, &mut |key, value| {
            let due = |&id: &u64| id == next || id > next && next >= loaded;
            let Some(id) = id(key).filter(due) else {
                let found = key.escape_ascii();
                return Err(format!("scan from {from}: {found} comes where {next} is due").into());
            };
            if !check_value(value, id, self.options.value_size) {
                return Err(format!("scan from {from}: the value of {id} is another's").into());
            }
            (next, seen) = (id + 1, seen + 1);
            Ok(())
        })?;
        if seen > most || seen < most.min(loaded - from) {
            return Err(format!("scan from {from}: {seen} entries, of {most} at most").into());
        }
        Ok(seen)
    }
}
