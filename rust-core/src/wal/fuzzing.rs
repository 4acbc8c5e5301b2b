//! Ways in for fuzzing: bytes that nobody wrote must be refused or read, and
//! what was read must be there after the next start.

use super::header::{FILE_HEADER_LEN, FileHeader, file_name};
use super::record::{self, RecordHeader};
use super::{Wal, WalOptions, recover, salvage};
use crate::error::Result;
use crate::fs::FileSystem;
use crate::fs::sim::Sim;
use crate::sequence::Sequencer;
use std::path::Path;
use std::sync::Arc;

const DIR: &str = "/log";

/// Reads bytes as up to three log files. The first byte says how many, and up to
/// where records are in segments; the second whether checksums are made right.
pub fn fuzz_log(bytes: &[u8]) {
    let [shape, repair, files @ ..] = bytes else { return };
    let sim = Sim::new();
    let dir = Path::new(DIR);
    if sim.create_dir_all(dir).is_err() {
        return;
    }
    let len = files.len() / (1 + *shape as usize % 3);
    let mut base = 0;
    for file in files.chunks(len.max(1)).take(3) {
        let mut file = file.to_vec();
        if repair % 2 == 1 {
            repair_checksums(&mut file, base);
        }
        if sim.put(&dir.join(file_name(base)), &file).is_err() {
            return;
        }
        base += file.len() as u64;
    }
    let flushed = u64::from(shape / 3);
    save(&sim, flushed);
    go_on(&sim, flushed);
}

/// Salvages: whatever is damaged, records come in order, none twice.
fn save(sim: &Sim, flushed: u64) {
    let mut last = flushed;
    let saved = salvage(sim, Path::new(DIR), Some(flushed), |first, count, _| {
        // The first one may have begun before what is flushed.
        assert!(count > 0 && first + count - 1 > last && (first > last || last == flushed));
        last = first + count - 1;
        Ok(())
    });
    assert!(saved.is_ok(), "only the caller's errors end it");
}

/// Recovers, starts, writes, and recovers again.
fn go_on(sim: &Sim, flushed: u64) {
    let Ok((recovered, mut records)) = read(sim, flushed) else { return };
    let last = recovered.last_sequence.max(flushed);
    let options = WalOptions { file_len: 4096 };
    let wal = Wal::start(Arc::new(sim.clone()), Path::new(DIR), recovered, options);
    let wal = wal.expect("the disk does not fail");
    let sequencer = Sequencer::new();
    if last > 0 {
        sequencer.reserve(last).complete().expect("not poisoned");
    }
    let (reservation, slot) = wal.reserve(&sequencer, 1, 3).expect("there is space");
    wal.write(slot, reservation.first, 1, &[b"new"]).expect("the disk does not fail");
    reservation.complete().expect("not poisoned");
    records.push((last + 1, 1, b"new".to_vec()));
    let (_, again) = read(sim, flushed).expect("what was recovered can be gone on from");
    assert!(again == records, "the second recovery is another one");
}

type Records = Vec<(u64, u64, Vec<u8>)>;

fn read(sim: &Sim, flushed: u64) -> Result<(super::recovery::Recovered, Records)> {
    let mut records = Records::new();
    let recovered = recover(sim, Path::new(DIR), flushed, |first, count, payload| {
        let last = records.last().map_or(0, |(first, count, _)| first + count - 1);
        assert!(first > last && count > 0 && first + count - 1 > flushed);
        records.push((first, count, payload.to_vec()));
        Ok(())
    })?;
    Ok((recovered, records))
}

/// Makes the checksums of a file and its records right, as far as the records'
/// lengths lead: what damage with a right checksum does.
fn repair_checksums(file: &mut [u8], base: u64) {
    if let Some(bytes) = file.first_chunk_mut::<{ FILE_HEADER_LEN as usize }>() {
        let number = |at: usize| record::u64_at(bytes, at);
        let header = FileHeader {
            base,
            previous_end: base.saturating_sub(number(24) % 1024),
            previous_sequence: number(32) % 256,
            durable: base.saturating_sub(number(40) % 1024),
        };
        *bytes = header.encode();
    }
    let mut offset = FILE_HEADER_LEN;
    while let Some(mut header) = RecordHeader::unchecked(file, offset) {
        let at = offset as usize;
        let start = at + record::HEADER_LEN;
        let payload = &file[start..start + header.payload_len as usize];
        header.payload_crc = record::checksum(&[payload]);
        file[at..start].copy_from_slice(&header.encode(base + offset));
        offset += header.stored_len();
    }
}
