//! What the log promises, on the simulated disk and on the real one.

mod crash;
mod damage;
mod files;
mod fixture;
mod log;
mod salvage;
mod threads;

use super::recovery::Recovered;
use super::{Wal, WalOptions, recover};
use crate::error::{Error, Result};
use crate::fs::FileSystem;
use crate::fs::sim::Sim;
use crate::sequence::Sequencer;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DIR: &str = "/db/log";

fn dir() -> PathBuf {
    PathBuf::from(DIR)
}

/// A record as the tests know it: first sequence, number of sequences, payload.
type Rec = (u64, u64, Vec<u8>);

/// An opened log with its sequencer.
struct Log {
    wal: Wal,
    sequencer: Sequencer,
}

fn disk() -> Sim {
    let sim = Sim::new();
    sim.create_dir_all(&dir()).unwrap();
    sim
}

/// What is recovered, with the records.
fn read(fs: &dyn FileSystem, flushed: u64) -> Result<(Recovered, Vec<Rec>)> {
    let mut records = Vec::new();
    let recovered = recover(fs, Path::new(DIR), flushed, |first, count, payload| {
        records.push((first, count, payload.to_vec()));
        Ok(())
    })?;
    Ok((recovered, records))
}

/// Opens the log, with files of `file_len` bytes.
fn open(fs: &Sim, flushed: u64, file_len: u64) -> Result<Log> {
    let (recovered, _) = read(fs, flushed)?;
    let last = recovered.last_sequence.max(flushed);
    let options = WalOptions { file_len };
    let wal = Wal::start(Arc::new(fs.clone()), Path::new(DIR), recovered, options)?;
    let sequencer = Sequencer::new();
    if last > 0 {
        sequencer.reserve(last).complete()?;
    }
    Ok(Log { wal, sequencer })
}

impl Log {
    /// Writes a record and returns its last sequence.
    fn write(&self, count: u64, payload: &[u8]) -> Result<u64> {
        let (reservation, slot) = loop {
            match self.wal.reserve(&self.sequencer, count, payload.len()) {
                Err(Error::Busy) => std::thread::yield_now(),
                reserved => break reserved?,
            }
        };
        let (a, b) = payload.split_at(payload.len() / 3);
        self.wal.write(slot, reservation.first, count, &[a, b])?;
        reservation.complete()
    }

    fn sync(&self, sequence: u64) -> Result<u64> {
        self.wal.sync(&self.sequencer, sequence)
    }

    fn prepare_spare(&self) -> Result<()> {
        self.wal.prepare_spare(&mut || false)
    }

    fn close(self) -> Result<()> {
        self.wal.close(&self.sequencer)
    }
}

/// A payload that its first sequence and length tell.
fn payload(sequence: u64, len: usize) -> Vec<u8> {
    let byte = |i: usize| (sequence.wrapping_mul(31) as usize + i * 7) as u8;
    (0..len).map(byte).collect()
}
