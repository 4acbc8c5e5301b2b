//! The open after a kill.

use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};

use super::Runner;
use super::phases::{FIRST_GENERATION, Salt};
use crate::Result;
use crate::engine::{Config, Engine};
use crate::measure::{Watch, now};
use crate::work::{Permutation, key, value};

impl Runner {
    /// A process writes a given number of bytes, buffered, with a write buffer
    /// that holds them all, and is killed; then the open is timed, and what was
    /// acknowledged last is looked for.
    pub fn recovery(&mut self) -> Result<()> {
        let written = self.fill_and_kill()?;
        let watch = Watch::start()?;
        self.configure_fill();
        let start = now();
        let store = self.open()?;
        // A store that puts off its recovery does it for the first read.
        self.find(&*store, &mut Vec::new(), self.fill_order().at(written - 1))?;
        let seconds = (now() - start) as f64 / 1e9;
        let mut record = self.record("open_after_kill", 1, seconds);
        record.keys = written;
        record.open_seconds = seconds;
        record.log_bytes = written * self.entry_bytes();
        record.lost_writes = Some(self.count_lost(&*store, written)?);
        self.finish(watch, record)
    }

    /// Writes, says how much was acknowledged, and waits to be killed.
    pub fn fill(&mut self) -> Result<()> {
        self.configure_fill();
        let store = self.open()?;
        let (order, count) = (self.fill_order(), self.fill_count());
        self.repeat(&*store, &Self::counted(count, Salt::Load), |client, i| {
            let id = order.at(i);
            value(&mut client.value, id, FIRST_GENERATION);
            store.put(&key(id), &client.value)?;
            Ok(1)
        })?;
        println!("written {count}");
        io::copy(&mut io::stdin(), &mut io::sink())?;
        Ok(())
    }

    /// Has a child write and kills it, and returns how many writes it had been
    /// acknowledged.
    fn fill_and_kill(&self) -> Result<u64> {
        let o = &self.options;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["run", "--scenario=fill", "--keep-dir", "--engine", &o.engine])
            .args([
                "--value-size",
                &o.value_size.to_string(),
                "--log-bytes",
                &o.log_bytes.to_string(),
            ])
            .args(["--memory-limit", &o.memory_limit.to_string(), "--seed", &o.seed.to_string()])
            .arg("--dir")
            .arg(&o.dir)
            .stdin(Stdio::piped()) // held open: the child ends when this process does
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let told = match child.stdout.take() {
            Some(out) => BufReader::new(out).read_line(&mut line),
            None => Ok(0),
        };
        child.kill()?;
        child.wait()?;
        told?;
        let written = line.trim().strip_prefix("written ").and_then(|n| n.parse().ok());
        written.ok_or_else(|| format!("the child said {line:?}").into())
    }

    /// Sets a write buffer that holds all that is written, with what stores keep
    /// beside it.
    fn configure_fill(&mut self) {
        let given = self.options.memory_limit;
        self.config = Config {
            dir: Some(self.options.dir.clone()),
            sync: false,
            limit: if given == 0 { 1 << 30 } else { given },
            write_buffer: 3 * self.options.log_bytes + (64 << 20),
        };
    }

    /// Counts acknowledged writes that are gone, from the last one back until a
    /// thousand in a row are there: logs lose their end.
    fn count_lost(&self, store: &dyn Engine, written: u64) -> Result<u64> {
        let (order, mut read) = (self.fill_order(), Vec::new());
        let (mut lost, mut found) = (0, 0);
        for i in (0..written).rev() {
            if found == 1000 {
                break;
            }
            match self.find(store, &mut read, order.at(i))? {
                true => found += 1,
                false => (lost, found) = (lost + 1, 0),
            }
        }
        Ok(lost)
    }

    fn fill_count(&self) -> u64 {
        (self.options.log_bytes / self.entry_bytes()).max(1)
    }

    fn fill_order(&self) -> Permutation {
        Permutation::new(self.fill_count(), self.seed(Salt::Load))
    }
}
