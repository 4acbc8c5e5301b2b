//! Whether a hit waits: sixteen threads read hot keys, alone and while others put new
//! ones. A thread that waits for a lock gives its processor up, which the system counts.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::caches::{Cache, FoyerMemory, MantisDb, Moka, QuickCache, Values, is_value_of, key};
use crate::measure::thread_waits;
use crate::work::Random;

#[derive(clap::Args)]
pub struct Options {
    /// Threads that read.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    readers: u32,
    /// Threads that put new keys meanwhile; none, and then so many.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(..=1024))]
    writers: u32,
    /// Keys that are read.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    hot: u32,
    /// Entries that there is room for.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    room: u64,
    /// Seconds of each phase.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Which caches.
    #[arg(long, value_delimiter = ',', default_value = "mantisdb,quick_cache,moka")]
    caches: Vec<String>,
}

/// What the readers of a phase came to.
#[derive(Default)]
struct Reads {
    hits: u64,
    misses: u64,
    waits: u64,
}

pub fn run(options: &Options) -> Result<()> {
    println!("| cache | writers | hits, M/s | misses, M/s | waits of readers | a million hits |");
    println!("|---|---:|---:|---:|---:|---:|");
    for cache in &options.caches {
        match cache.as_str() {
            MantisDb::NAME => options.both::<MantisDb>()?,
            QuickCache::NAME => options.both::<QuickCache>()?,
            Moka::NAME => options.both::<Moka>()?,
            FoyerMemory::NAME => options.both::<FoyerMemory>()?,
            other => return Err(format!("no cache {other:?} in this program").into()),
        }
    }
    Ok(())
}

impl Options {
    fn both<C: Cache>(&self) -> Result<()> {
        let cache = C::with_room_for(self.room)?;
        let mut values = Values::new();
        (0..self.hot).for_each(|id| cache.put(&key(id), values.of(id)));
        // So that they are hot, and counted as such.
        for n in 0..8 * self.hot {
            let _ = cache.get(&key(n % self.hot), |_| ());
        }
        let phases = if self.writers == 0 { vec![0] } else { vec![0, self.writers] };
        for writers in phases {
            let reads = self.phase(&cache, writers)?;
            println!(
                "| {} | {writers} | {:.2} | {:.2} | {} | {:.2} |",
                C::NAME,
                reads.hits as f64 / self.seconds / 1e6,
                reads.misses as f64 / self.seconds / 1e6,
                reads.waits,
                reads.waits as f64 * 1e6 / reads.hits as f64,
            );
        }
        Ok(())
    }

    fn phase<C: Cache>(&self, cache: &C, writers: u32) -> Result<Reads> {
        let (stop, barrier) =
            (&AtomicBool::new(false), &Barrier::new((self.readers + writers + 1) as usize));
        thread::scope(|scope| {
            for n in 0..writers {
                scope.spawn(move || {
                    barrier.wait();
                    write(cache, self.hot, n, stop);
                });
            }
            let reader = |n| {
                move || -> Result<Reads> {
                    barrier.wait();
                    let before = thread_waits()?;
                    let reads = read(cache, self.hot, n, stop);
                    Ok(Reads { waits: thread_waits()? - before, ..reads })
                }
            };
            let readers: Vec<_> = (0..self.readers).map(|n| scope.spawn(reader(n))).collect();
            barrier.wait();
            let end = Instant::now() + Duration::from_secs_f64(self.seconds);
            while let Some(left) = end.checked_duration_since(Instant::now()) {
                thread::sleep(left);
            }
            stop.store(true, Relaxed);
            let mut all = Reads::default();
            for reader in readers {
                let one = reader.join().map_err(|_| "a reader panicked")??;
                all.hits += one.hits;
                all.misses += one.misses;
                all.waits += one.waits;
            }
            Ok(all)
        })
    }
}

/// Reads hot keys.
fn read(cache: &impl Cache, hot: u32, reader: u32, stop: &AtomicBool) -> Reads {
    let (mut reads, mut random) = (Reads::default(), Random::new(1, u64::from(reader)));
    while !stop.load(Relaxed) {
        for _ in 0..64 {
            let id = random.below(u64::from(hot)) as u32;
            match cache.get(&key(id), |value| is_value_of(id, value)) {
                Some(right) => {
                    assert!(right, "the value of another key");
                    reads.hits += 1;
                }
                None => reads.misses += 1,
            }
        }
    }
    reads
}

/// Puts keys that nobody reads.
fn write(cache: &impl Cache, hot: u32, writer: u32, stop: &AtomicBool) {
    let (mut values, mut random) = (Values::new(), Random::new(2, u64::from(writer)));
    while !stop.load(Relaxed) {
        let id = hot + random.below(1 << 30) as u32;
        cache.put(&key(id), values.of(id));
    }
}
