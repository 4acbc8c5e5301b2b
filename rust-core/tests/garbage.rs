//! What is overwritten is freed as fast as it is made. Alone in a process, whose memory is
//! looked at.

use mantisdb_core::{Storage, WriteBatch};

/// The bytes that this process has in memory, of no file; none where the system does not tell.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// Overwrites by batches of several sizes: each has more garbage than a collector frees at
/// the pins that the batch itself makes.
#[test]
fn overwriting_takes_no_more_memory() {
    // Sanitizers keep what is freed for a while.
    if std::env::var("MANTISDB_TEST_SCALE").is_ok_and(|scale| scale == "small") {
        return;
    }
    const KEYS: u64 = 2000;
    const BYTES: u64 = 200;
    let storage = Storage::open().expect("memory");
    let mut key = 0_u64;
    let mut overwrite = |size: u64, bytes: u64| {
        for _ in 0..bytes / BYTES / size {
            let mut batch = WriteBatch::new();
            for _ in 0..size {
                key = (key + 1) % KEYS;
                batch.put(&key.to_be_bytes(), &[0; BYTES as usize], 0).expect("room");
            }
            storage.write(batch.packed()).expect("a write");
        }
    };
    overwrite(1, 4 << 20);
    let Some(before) = resident() else { return };
    for size in [1, 5, 16, 100, 1000] {
        overwrite(size, 64 << 20);
        let grown = resident().expect("told before").saturating_sub(before);
        assert!(grown < 16 << 20, "{grown} bytes more after overwriting {size} keys at a time");
    }
}
