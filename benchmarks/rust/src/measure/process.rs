//! What the process takes.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::Record;
use crate::Result;

/// How often the memory is looked at for its peak.
const SAMPLE_EVERY: Duration = Duration::from_millis(50);

/// What a process has resident, in bytes: of no file, and of mapped files, which
/// the system can take back without writing.
struct Memory {
    anon: u64,
    file: u64,
}

fn process_memory() -> Result<Memory> {
    let status = fs::read_to_string("/proc/self/status")?;
    Ok(Memory { anon: number(&status, "RssAnon")? << 10, file: number(&status, "RssFile")? << 10 })
}

/// What this process has resident of all kinds, in bytes.
pub fn resident_bytes() -> Result<u64> {
    Ok(number(&fs::read_to_string("/proc/self/status")?, "VmRSS")? << 10)
}

/// How often the calling thread gave its processor up to wait for something.
pub fn thread_waits() -> Result<u64> {
    number(&fs::read_to_string("/proc/thread-self/status")?, "voluntary_ctxt_switches")
}

/// The processor time of this process, of the system and of the user, of all its
/// threads, in nanoseconds.
fn cpu_nanos() -> u64 {
    let taken = clock_gettime(ClockId::ProcessCPUTime);
    taken.tv_sec as u64 * 1_000_000_000 + taken.tv_nsec as u64
}

/// What this process has had the disk write since its start: the pages it made
/// dirty, of mapped files too.
fn written_bytes() -> Result<u64> {
    number(&fs::read_to_string("/proc/self/io")?, "write_bytes")
}

/// The number behind a name in "Name: number" lines.
fn number(lines: &str, name: &str) -> Result<u64> {
    let line = lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let value = line.and_then(|rest| rest.split_whitespace().next());
    Ok(value.ok_or_else(|| format!("no {name} in what the system tells"))?.parse()?)
}

/// What the files below `dir` take on disk: blocks, not lengths, since some
/// stores make files that are longer than what they hold.
pub fn disk_bytes(dir: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let bytes = entry.metadata().and_then(|found| match found.is_dir() {
            true => disk_bytes(&entry.path()),
            false => Ok(found.blocks() * 512),
        });
        match bytes {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {} // a store removes files meanwhile
            bytes => total += bytes?,
        }
    }
    Ok(total)
}

/// What a phase takes of the process while it runs.
pub struct Watch {
    written: u64,
    cpu: u64,
    peak: Arc<AtomicU64>,
    sampler: JoinHandle<()>,
}

impl Watch {
    /// Begins to watch.
    pub fn start() -> Result<Self> {
        let (written, cpu) = (written_bytes()?, cpu_nanos());
        let peak = Arc::new(AtomicU64::new(process_memory()?.anon));
        let seen = Arc::downgrade(&peak);
        let sampler = thread::spawn(move || {
            // Ends when the watch lets go of the peak.
            while let Some(peak) = seen.upgrade() {
                if let Ok(memory) = process_memory() {
                    peak.fetch_max(memory.anon, Ordering::Relaxed);
                }
                drop(peak);
                thread::sleep(SAMPLE_EVERY);
            }
        });
        Ok(Self { written, cpu, peak, sampler })
    }

    /// Ends the watch and sets the record's figures of the processor, for its
    /// operations, of memory and of disk.
    pub fn finish(self, record: &mut Record, dir: &Path) -> Result<()> {
        record.disk_bytes = disk_bytes(dir)?;
        self.finish_without_disk(record)
    }

    /// The same of what has no directory.
    pub fn finish_without_disk(self, record: &mut Record) -> Result<()> {
        let cpu = cpu_nanos() - self.cpu;
        record.cpu_ns = (record.ops > 0).then(|| cpu as f64 / record.ops as f64);
        let memory = process_memory()?;
        record.rss_anon_bytes = memory.anon;
        record.rss_file_bytes = memory.file;
        record.rss_anon_peak_bytes = self.peak.load(Ordering::Relaxed).max(memory.anon);
        record.written_bytes = written_bytes()? - self.written;
        drop(self.peak);
        self.sampler.join().map_err(|_| "the memory's sampler panicked")?;
        Ok(())
    }
}
