//! When a simulated disk fails.

use std::io::ErrorKind;

/// A kind of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A file or a directory is made.
    Create,
    /// A file that exists is opened for a log.
    Open,
    /// A new file is appended to.
    Write,
    /// A log file is extended with zeros.
    Extend,
    /// A log file is written to.
    WriteAt,
    /// A file is synced.
    Sync,
    /// A directory is synced.
    SyncDir,
    /// A file is renamed.
    Rename,
    /// A file is removed.
    Remove,
    /// A file gets a second name.
    Link,
    /// A file is read into memory.
    Read,
    /// A file is mapped.
    Map,
    /// A directory is listed, or a name is looked up.
    List,
    /// A lock is taken.
    Lock,
}

/// How often a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Once.
    Once,
    /// From then on.
    Always,
}

/// A failure to come.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// What fails.
    pub op: Op,
    /// Which one, counted from the moment in which the fault is added; 1 is the
    /// next.
    pub nth: u64,
    /// How.
    pub error: ErrorKind,
    /// How often.
    pub times: Times,
    /// Whether a write does half of its work before it fails.
    pub short: bool,
}

impl Fault {
    /// The next operation of a kind fails, once.
    pub fn next(op: Op, error: ErrorKind) -> Self {
        Self { op, nth: 1, error, times: Times::Once, short: false }
    }

    /// All operations of a kind fail from now on.
    pub fn always(op: Op, error: ErrorKind) -> Self {
        Self { times: Times::Always, ..Self::next(op, error) }
    }
}

/// How an operation goes on.
pub(super) enum Go {
    On,
    /// Do half of it, then fail.
    Short(ErrorKind),
}

/// The faults to come, and the number of I/O points passed.
#[derive(Default)]
pub(super) struct Faults {
    points: u64,
    crash_after: Option<u64>,
    faults: Vec<Fault>,
}

impl Op {
    /// Whether the operation changes what is on the disk: an I/O point.
    pub(super) fn changes(self) -> bool {
        !matches!(self, Op::Open | Op::Read | Op::Map | Op::List | Op::Lock)
    }
}

impl Faults {
    pub(super) fn points(&self) -> u64 {
        self.points
    }

    pub(super) fn crash_after(&mut self, point: u64) {
        self.crash_after = Some(point);
    }

    pub(super) fn crashed(&self) -> bool {
        self.crash_after.is_some_and(|last| self.points > last)
    }

    pub(super) fn add(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.crash_after = None;
        self.faults.clear();
    }

    /// Counts an operation and says how it goes on.
    pub(super) fn begin(&mut self, op: Op) -> Result<Go, ErrorKind> {
        if op.changes() && !self.crashed() {
            self.points += 1;
        }
        if self.crashed() {
            return Err(ErrorKind::Other);
        }
        let mut hit = None;
        self.faults.retain_mut(|fault| {
            if fault.op != op {
                return true;
            }
            fault.nth = fault.nth.saturating_sub(1);
            if fault.nth > 0 {
                return true;
            }
            hit = hit.or(Some(*fault));
            fault.times == Times::Always
        });
        match hit {
            None => Ok(Go::On),
            Some(fault) if fault.short => Ok(Go::Short(fault.error)),
            Some(fault) => Err(fault.error),
        }
    }
}
