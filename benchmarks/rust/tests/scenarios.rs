//! Every store runs every scenario, on a little data, as the comparison runs them.

use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use serde_json::Value;

/// The phases that the Go half has, too. What is written twice is by one client and by many.
const MEMORY: &str = "load loaded ycsb_c ycsb_c ycsb_b ycsb_b ycsb_a ycsb_a ycsb_f ycsb_f \
    ycsb_d ycsb_d ycsb_e ycsb_e reads reads overwrite overwrite scan scan delete_ttl delete_ttl";
const PHASES: [(&str, &str); 7] = [
    ("memory", MEMORY),
    ("buffered", MEMORY),
    ("larger", "load loaded ycsb_c ycsb_c ycsb_a ycsb_a ycsb_e ycsb_e overwrite overwrite"),
    ("sync", "load overwrite overwrite ycsb_a ycsb_a"),
    ("large", "load loaded reads reads overwrite overwrite"),
    ("recovery", "open_after_kill"),
    ("compaction", "load overwrites paced_overwrites"),
];

fn peers(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mantisdb-peers")).args(arguments).output().unwrap()
}

fn lines(output: Output) -> Vec<String> {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap().lines().map(String::from).collect()
}

fn run(engine: &str, scenario: &str, dir: &Path) -> Vec<Value> {
    let value_size = if scenario == "large" { "--value-size=65536" } else { "--value-size=100" };
    let output = peers(&[
        "run",
        "--engine",
        engine,
        "--scenario",
        scenario,
        "--dir",
        dir.to_str().unwrap(),
        "--keys=1500",
        value_size,
        "--seconds=0.02",
        "--threads=3",
        "--log-bytes=1000000",
    ]);
    lines(output).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn check(engine: &str, scenario: &str, records: &[Value]) {
    let (_, phases) = PHASES.iter().find(|(name, _)| *name == scenario).unwrap();
    let found: Vec<_> = records.iter().map(|record| record["workload"].as_str().unwrap()).collect();
    assert_eq!(found, phases.split_whitespace().collect::<Vec<_>>(), "{engine}, {scenario}");
    for record in records {
        assert_eq!(record["group"], "embedded-rust");
        assert_eq!((&record["engine"], &record["scenario"]), (&engine.into(), &scenario.into()));
        let no_operations =
            ["loaded", "open_after_kill"].contains(&record["workload"].as_str().unwrap());
        assert_eq!(record["ops"] == 0, no_operations, "{record}");
        assert_eq!(record["cpu_ns"].is_null(), no_operations, "{record}");
        assert_eq!(record["disk_bytes"] == 0, scenario == "memory", "{record}");
        let keys = if scenario == "recovery" { 1_000_000 / 116 } else { 1500 };
        assert_eq!(record["keys"], keys, "{record}");
    }
}

#[test]
fn every_engine_runs_every_scenario() {
    // Most of the time is spent waiting for a directory to be still.
    thread::scope(|scope| {
        for line in lines(peers(&["engines"])) {
            scope.spawn(move || {
                let (engine, scenarios) = line.split_once(' ').unwrap();
                let name = format!("mantisdb-peers-{}-{engine}", std::process::id());
                let dir = std::env::temp_dir().join(name);
                for scenario in scenarios.split(' ') {
                    check(engine, scenario, &run(engine, scenario, &dir));
                    assert!(!dir.exists(), "{engine}, {scenario}: the directory is still there");
                }
            });
        }
    });
}

#[test]
fn what_a_store_cannot_run_is_refused() {
    for (engine, scenario) in [("lmdb", "memory"), ("mantisdb-core", "none"), ("none", "sync")] {
        let output = peers(&["run", "--engine", engine, "--scenario", scenario]);
        assert!(!output.status.success(), "{engine}, {scenario}");
    }
}
