//! A simulated directory: its names as programs see them, and on the disk.

use super::random::Random;
use super::{Mode, SharedInode};
use std::collections::BTreeMap;
use std::sync::Arc;

type Names = BTreeMap<String, SharedInode>;

/// A directory's names.
#[derive(Default, Clone)]
pub(super) struct Directory {
    /// As programs see them.
    cache: Names,
    /// As the last sync put them on the disk.
    disk: Names,
    /// What changed since, in order.
    unsynced: Vec<Change>,
}

/// A change of names. It happens whole or not at all.
#[derive(Clone)]
pub(super) enum Change {
    Add { name: String, inode: SharedInode },
    Remove { name: String, inode: SharedInode },
    Rename { from: String, to: String, inode: SharedInode },
}

impl Directory {
    pub(super) fn names(&self) -> Vec<String> {
        self.cache.keys().cloned().collect()
    }

    pub(super) fn get(&self, name: &str) -> Option<&SharedInode> {
        self.cache.get(name)
    }

    pub(super) fn inodes(&self) -> impl Iterator<Item = &SharedInode> {
        self.cache.values()
    }

    pub(super) fn change(&mut self, change: Change) {
        change.apply(&mut self.cache);
        self.unsynced.push(change);
    }

    pub(super) fn put_durably(&mut self, name: &str, inode: SharedInode) {
        self.cache.insert(name.into(), Arc::clone(&inode));
        self.disk.insert(name.into(), inode);
    }

    pub(super) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.disk);
        }
    }

    pub(super) fn after_crash(&self, mode: Mode, seed: u64) -> Directory {
        let mut random = Random::new(!seed);
        let mut names = self.disk.clone();
        // File systems with a journal keep a start of the changes, others any.
        let in_order = random.below(2) == 0;
        let start = random.below(self.unsynced.len() + 1);
        for (i, change) in self.unsynced.iter().enumerate() {
            let kept = match mode {
                Mode::DropUnsynced => false,
                Mode::KeepUnsynced => true,
                Mode::Random if in_order => i < start,
                Mode::Random => random.below(2) == 0,
            };
            if kept {
                change.apply(&mut names);
            }
        }
        Self { cache: names.clone(), disk: names, unsynced: Vec::new() }
    }

    pub(super) fn replace_inodes(&mut self, by: &mut impl FnMut(&SharedInode) -> SharedInode) {
        let names = self.cache.values_mut().chain(self.disk.values_mut());
        let changes = self.unsynced.iter_mut().map(Change::inode_mut);
        for inode in names.chain(changes) {
            *inode = by(inode);
        }
    }
}

impl Change {
    fn apply(&self, names: &mut Names) {
        match self {
            Change::Add { name, inode } => {
                names.insert(name.clone(), Arc::clone(inode));
            }
            Change::Remove { name, inode } => forget(names, name, inode),
            Change::Rename { from, to, inode } => {
                forget(names, from, inode);
                names.insert(to.clone(), Arc::clone(inode));
            }
        }
    }

    fn inode_mut(&mut self) -> &mut SharedInode {
        match self {
            Change::Add { inode, .. }
            | Change::Remove { inode, .. }
            | Change::Rename { inode, .. } => inode,
        }
    }
}

/// Takes a name away, unless an earlier change was lost and it is another file's.
fn forget(names: &mut Names, name: &str, inode: &SharedInode) {
    if names.get(name).is_some_and(|named| Arc::ptr_eq(named, inode)) {
        names.remove(name);
    }
}
