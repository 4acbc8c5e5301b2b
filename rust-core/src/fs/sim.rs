//! A simulated disk, for tests: it loses power, fills up, fails and rots when
//! it is told to.
//!
//! What is written stays in the *cache* until a sync makes it durable; so do
//! changes of names. Every operation that changes something is an *I/O point*
//! and has a number, from 1. A test either makes everything fail behind a
//! point ([`Sim::crash_after`]), or looks at each point as it comes up
//! ([`Sim::observe`]), and asks what would be found then after a loss of power
//! ([`Sim::after_crash`]) or after the process's end ([`Sim::after_kill`]).

mod directory;
mod faults;
mod inode;
mod random;
#[cfg(test)]
mod tests;

pub use faults::{Fault, Op, Times};

use super::{Blocks, FileSystem, Lock, LogFile, Mapping, NewFile, ReadFile, io_error};
use crate::error::{Error, Result};
use directory::{Change, Directory};
use faults::{Faults, Go};
use inode::Inode;
use parking_lot::{Mutex, MutexGuard};
use random::Random;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::io::ErrorKind;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much of what was not synced a loss of power leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    DropUnsynced,
    /// Everything.
    KeepUnsynced,
    /// Any of the sectors that were written, some cut short, and any of the
    /// changes of names.
    Random,
}

/// A simulated disk. Clones are the same disk.
#[derive(Clone)]
pub struct Sim {
    shared: Arc<Shared>,
}

type Observer = Arc<dyn Fn(&Sim, u64) + Send + Sync>;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    observer: Mutex<Option<Observer>>,
}

#[derive(Default)]
struct State {
    directories: BTreeMap<PathBuf, Directory>,
    locks: BTreeSet<PathBuf>,
    faults: Faults,
    /// The most bytes that all files may have together.
    space: Option<u64>,
}

/// A file's bytes, which all its names and handles share.
type SharedInode = Arc<Mutex<Inode>>;

impl Default for Sim {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("points", &self.points()).finish_non_exhaustive()
    }
}

/// What a test does to the disk.
impl Sim {
    /// An empty disk.
    pub fn new() -> Self {
        Self { shared: Arc::default() }
    }

    /// How many I/O points were passed.
    pub fn points(&self) -> u64 {
        self.state().faults.points()
    }

    /// Every operation behind the I/O point of this number fails, reads too.
    pub fn crash_after(&self, point: u64) {
        self.state().faults.crash_after(point);
    }

    /// Adds a fault.
    pub fn fail(&self, fault: Fault) {
        self.state().faults.add(fault);
    }

    /// Ends all faults, the crash too. What they did stays.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    /// Limits the bytes that all files may have together; `None` for no limit.
    pub fn set_space(&self, space: Option<u64>) {
        self.state().space = space;
    }

    /// Calls `observer` before each I/O point, with the number of points passed
    /// so far. It may look at the disk and make others from it, not change it.
    pub fn observe(&self, observer: impl Fn(&Sim, u64) + Send + Sync + 'static) {
        *self.shared.observer.lock() = Some(Arc::new(observer));
    }

    /// Ends the calls to the observer.
    pub fn stop_observing(&self) {
        *self.shared.observer.lock() = None;
    }

    /// The disk as it would be found if power were lost now. The same seed
    /// gives the same disk.
    pub fn after_crash(&self, seed: u64, mode: Mode) -> Sim {
        let mut random = Random::new(seed);
        self.rebuild(
            |inode| inode.after_crash(mode, &mut random.split()),
            |directory| directory.after_crash(mode, seed),
        )
    }

    /// The disk as it would be found if the process ended now: everything
    /// written is there, what was not synced still is not.
    pub fn after_kill(&self) -> Sim {
        self.rebuild(Inode::clone, Directory::clone)
    }

    /// Flips a bit of a file, 0 to 7, of the byte at `offset`, in the cache and
    /// on the disk.
    pub fn flip(&self, path: &Path, offset: u64, bit: u32) -> Result<()> {
        let inode = self.inode("flip", path)?;
        inode.lock().flip(offset as usize, bit);
        Ok(())
    }

    /// Makes a durable file of these bytes, or replaces one.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let (dir, name) = split(path)?;
        let inode: SharedInode = Arc::new(Mutex::new(Inode::durable(bytes)));
        let mut state = self.state();
        state.directory_mut("put", dir)?.put_durably(name, inode);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
    }

    /// A new disk of this one's files and directories, changed.
    fn rebuild(
        &self,
        mut of_inode: impl FnMut(&Inode) -> Inode,
        mut of_directory: impl FnMut(&Directory) -> Directory,
    ) -> Sim {
        let state = self.state();
        let mut copies: HashMap<*const Mutex<Inode>, SharedInode> = HashMap::new();
        let mut copy_of = |inode: &SharedInode| {
            let copy = copies.entry(Arc::as_ptr(inode));
            Arc::clone(copy.or_insert_with(|| Arc::new(Mutex::new(of_inode(&inode.lock())))))
        };
        let mut directories = BTreeMap::new();
        for (path, directory) in &state.directories {
            let mut directory = of_directory(directory);
            directory.replace_inodes(&mut copy_of);
            directories.insert(path.clone(), directory);
        }
        let state = State { directories, space: state.space, ..State::default() };
        Sim { shared: Arc::new(Shared { state: Mutex::new(state), ..Shared::default() }) }
    }

    /// Asks whether an operation may go on, and counts it if it is an I/O point.
    fn begin(&self, op: Op, operation: &'static str, path: &Path) -> Result<Go> {
        if op.changes() {
            let observer = self.shared.observer.lock().clone();
            if let Some(observer) = observer {
                let points = self.points();
                observer(self, points);
            }
        }
        let go = self.state().faults.begin(op);
        go.map_err(|kind| failure(operation, path, kind))
    }

    fn inode(&self, operation: &'static str, path: &Path) -> Result<SharedInode> {
        let (dir, name) = split(path)?;
        let state = self.state();
        let found = state.directories.get(dir).and_then(|d| d.get(name));
        found.cloned().ok_or_else(|| failure(operation, path, ErrorKind::NotFound))
    }

    fn change_names(
        &self,
        operation: &'static str,
        path: &Path,
        change: impl FnOnce(&Directory) -> std::result::Result<Change, ErrorKind>,
    ) -> Result<()> {
        let (dir, _) = split(path)?;
        let mut state = self.state();
        let directory = state.directory_mut(operation, dir)?;
        let change = change(directory).map_err(|kind| failure(operation, path, kind))?;
        directory.change(change);
        Ok(())
    }

    /// Writes as much as there is space for, and as the fault at this point lets.
    fn write(
        &self,
        (op, path): (Op, &Path),
        inode: &Mutex<Inode>,
        offset: usize,
        bytes: &[u8],
    ) -> Result<()> {
        let go = self.begin(op, "write", path)?;
        let more = (offset + bytes.len()).saturating_sub(inode.lock().len()) as u64;
        let state = self.state();
        let room = state.space.map_or(u64::MAX, |space| space.saturating_sub(state.used()));
        let short = match go {
            Go::On if more <= room => None,
            Go::On => Some(ErrorKind::StorageFull),
            Go::Short(kind) => Some(kind),
        };
        match short {
            None => inode.lock().write(offset, bytes),
            Some(_) => inode.lock().write(offset, &bytes[..bytes.len().min(room as usize) / 2]),
        }
        short.map_or(Ok(()), |kind| Err(failure("write", path, kind)))
    }

    fn sync(&self, path: &Path, inode: &Mutex<Inode>) -> Result<()> {
        let begun = self.begin(Op::Sync, "sync", path);
        let mut random = Random::new(self.points());
        // After the loss of power there is nothing to lose any more.
        let crashed = self.state().faults.crashed();
        let mut inode = inode.lock();
        match begun {
            Ok(Go::On) => inode.sync(),
            Ok(Go::Short(_)) => inode.lose(&mut random),
            Err(_) if !crashed => inode.lose(&mut random),
            Err(_) => {}
        }
        match begun? {
            Go::On => Ok(()),
            Go::Short(kind) => Err(failure("sync", path, kind)),
        }
    }
}

impl State {
    fn directory_mut(&mut self, operation: &'static str, dir: &Path) -> Result<&mut Directory> {
        let found = self.directories.get_mut(dir);
        found.ok_or_else(|| failure(operation, dir, ErrorKind::NotFound))
    }

    /// The bytes of all files that have a name.
    fn used(&self) -> u64 {
        let mut seen = BTreeSet::new();
        let inodes = self.directories.values().flat_map(Directory::inodes);
        let once = inodes.filter(|&inode| seen.insert(Arc::as_ptr(inode)));
        once.map(|inode| inode.lock().len() as u64).sum()
    }
}

impl FileSystem for Sim {
    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        self.begin(Op::Create, "create directory", dir)?;
        let mut state = self.state();
        for dir in dir.ancestors() {
            state.directories.entry(dir.into()).or_default();
        }
        Ok(())
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.begin(Op::List, "list", dir)?;
        Ok(self.state().directory_mut("list", dir)?.names())
    }

    fn list_others(&self, dir: &Path) -> Result<Vec<String>> {
        self.begin(Op::List, "list", dir)?;
        let state = self.state();
        let inside = state.directories.keys().filter(|path| path.parent() == Some(dir));
        let names = inside.filter_map(|path| path.file_name()?.to_str().map(String::from));
        Ok(names.collect())
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        self.begin(Op::List, "look up", path)?;
        Ok(self.state().directories.contains_key(path) || self.inode("look up", path).is_ok())
    }

    fn file_len(&self, path: &Path) -> Result<u64> {
        self.begin(Op::List, "look up", path)?;
        Ok(self.inode("look up", path)?.lock().len() as u64)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        self.begin(Op::Read, "read", path)?;
        Ok(self.inode("read", path)?.lock().bytes().to_vec())
    }

    fn map(&self, path: &Path) -> Result<Mapping> {
        self.begin(Op::Map, "map", path)?;
        let inode = self.inode("map", path)?;
        let copy = Aligned::copy(inode.lock().bytes());
        Ok(Mapping::new(copy))
    }

    fn open(&self, path: &Path) -> Result<Box<dyn ReadFile>> {
        let inode = self.inode("open", path)?;
        Ok(Box::new(SimFile { sim: self.clone(), inode, path: path.into() }))
    }

    fn create(&self, path: &Path) -> Result<Box<dyn NewFile>> {
        self.begin(Op::Create, "create", path)?;
        let inode = self.make("create", path)?;
        Ok(Box::new(SimFile { sim: self.clone(), inode, path: path.into() }))
    }

    fn open_log(
        &self,
        path: &Path,
        len: u64,
        blocks: Blocks,
        between: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Arc<dyn LogFile>> {
        static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
        let inode = match self.inode("open", path) {
            Ok(inode) => {
                self.begin(Op::Open, "open", path)?;
                inode
            }
            Err(_) => {
                self.begin(Op::Create, "create", path)?;
                self.make("create", path)?
            }
        };
        let had = inode.lock().len();
        let mut at = had;
        let mut soon = blocks == Blocks::Reserved; // and then in one piece
        while at < len as usize {
            let zeros = &ZEROS[..ZEROS.len().min(len as usize - at)];
            if let Err(error) = self.write((Op::Extend, path), &inode, at, zeros) {
                inode.lock().cut(had);
                return Err(error);
            }
            at += zeros.len();
            if at < len as usize && !soon {
                soon = between(at as u64);
            }
        }
        if at > had {
            self.sync(path, &inode)?;
        }
        let len = inode.lock().len();
        Ok(Arc::new(SimLog { sim: self.clone(), inode, path: path.into(), len }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.begin(Op::Rename, "rename", from)?;
        let ((dir, from_name), (to_dir, to_name)) = (split(from)?, split(to)?);
        if dir != to_dir {
            return Err(failure("rename", from, ErrorKind::CrossesDevices));
        }
        self.change_names("rename", from, |directory| {
            let inode = directory.get(from_name).cloned().ok_or(ErrorKind::NotFound)?;
            Ok(Change::Rename { from: from_name.into(), to: to_name.into(), inode })
        })
    }

    fn remove(&self, path: &Path) -> Result<()> {
        self.begin(Op::Remove, "remove", path)?;
        let (_, name) = split(path)?;
        self.change_names("remove", path, |directory| {
            let inode = directory.get(name).cloned().ok_or(ErrorKind::NotFound)?;
            Ok(Change::Remove { name: name.into(), inode })
        })
    }

    fn link(&self, from: &Path, to: &Path) -> Result<()> {
        self.begin(Op::Link, "link", to)?;
        let inode = self.inode("link", from)?;
        self.add_name("link", to, inode)
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.begin(Op::SyncDir, "sync directory", dir)?;
        self.state().directory_mut("sync directory", dir)?.sync();
        Ok(())
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Lock>> {
        self.begin(Op::Lock, "lock", path)?;
        if self.state().locks.insert(path.into()) {
            Ok(Box::new(SimLock { sim: self.clone(), path: path.into() }))
        } else {
            Err(Error::Locked(path.display().to_string()))
        }
    }
}

impl Sim {
    /// A new, empty file.
    fn make(&self, operation: &'static str, path: &Path) -> Result<SharedInode> {
        let inode = SharedInode::default();
        self.add_name(operation, path, Arc::clone(&inode))?;
        Ok(inode)
    }

    fn add_name(&self, operation: &'static str, path: &Path, inode: SharedInode) -> Result<()> {
        let (_, name) = split(path)?;
        self.change_names(operation, path, |directory| match directory.get(name) {
            Some(_) => Err(ErrorKind::AlreadyExists),
            None => Ok(Change::Add { name: name.into(), inode }),
        })
    }
}

struct SimFile {
    sim: Sim,
    inode: SharedInode,
    path: PathBuf,
}

impl NewFile for SimFile {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let end = self.inode.lock().len();
        self.sim.write((Op::Write, &self.path), &self.inode, end, bytes)
    }

    fn sync(&mut self) -> Result<()> {
        self.sim.sync(&self.path, &self.inode)
    }
}

impl ReadFile for SimFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.sim.begin(Op::Read, "read", &self.path)?;
        let inode = self.inode.lock();
        let bytes = inode.bytes().get(offset as usize..).and_then(|b| b.get(..buffer.len()));
        let bytes = bytes.ok_or_else(|| failure("read", &self.path, ErrorKind::UnexpectedEof))?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

struct SimLog {
    sim: Sim,
    inode: SharedInode,
    path: PathBuf,
    len: usize,
}

impl LogFile for SimLog {
    fn len(&self) -> u64 {
        self.len as u64
    }

    unsafe fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        assert!(offset + bytes.len() as u64 <= self.len(), "a write behind the log file's end");
        self.sim.write((Op::WriteAt, &self.path), &self.inode, offset as usize, bytes)
    }

    fn sync(&self, _end: u64) -> Result<()> {
        self.sim.sync(&self.path, &self.inode)
    }
}

struct SimLock {
    sim: Sim,
    path: PathBuf,
}

impl Lock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.sim.state().locks.remove(&self.path);
    }
}

/// Bytes aligned to 16.
struct Aligned {
    blocks: Vec<u128>,
    len: usize,
}

impl Aligned {
    fn copy(bytes: &[u8]) -> Self {
        let block = |chunk: &[u8]| {
            let mut block = [0; 16];
            block[..chunk.len()].copy_from_slice(chunk);
            u128::from_ne_bytes(block)
        };
        Self { blocks: bytes.chunks(16).map(block).collect(), len: bytes.len() }
    }
}

impl Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the blocks are `len` bytes long or longer, and any byte is a u8.
        unsafe { std::slice::from_raw_parts(self.blocks.as_ptr().cast(), self.len) }
    }
}

/// A path as directory and name.
fn split(path: &Path) -> Result<(&Path, &str)> {
    let name = path.file_name().and_then(|name| name.to_str());
    path.parent().zip(name).ok_or_else(|| failure("look up", path, ErrorKind::InvalidInput))
}

fn failure(operation: &'static str, path: &Path, kind: ErrorKind) -> Error {
    io_error(operation, path, &kind.into())
}
