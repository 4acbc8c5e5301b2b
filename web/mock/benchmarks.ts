import type { Route } from "./server.ts";

const workloads = [
  "sequential_writes",
  "sequential_reads",
  "random_writes",
  "random_reads",
  "overwrites",
  "batch_writes",
  "scan",
  "concurrent_40",
  "high_throughput",
];

function report(engine: string, factor: number) {
  return {
    engine,
    stress: "light",
    durability: "memory",
    go: "go1.26",
    cpus: 2,
    results: workloads.map((name, i) => ({
      name,
      operations: 1_000_000,
      seconds: 0.6 / factor,
      ops_per_second: (name === "scan" ? 9.4e6 : 2.1e6 - i * 120_000) * factor,
      p50_us: (0.4 + i * 0.05) / factor,
      p99_us: 1.6 / factor + i * 0.3,
      p999_us: 14 + i * 5,
      max_us: 900 + i * 700,
      errors: 0,
      goroutines: 1,
      timed_interval: 16,
      cpu_seconds: 0.7,
      rss_bytes: 241e6,
      memory_bytes: 209e6,
    })),
  };
}

interface Run {
  id: string;
  started: string;
  state: string;
  settings: { stress: string; engine: string; seed: number };
  reports: ReturnType<typeof report>[];
  ended?: string;
  error?: string;
  progress?: object;
}

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

let runs: Run[] = [
  {
    id: "20260102T030405Z",
    started: ago(3600),
    ended: ago(3570),
    state: "done",
    settings: { stress: "light", engine: "all", seed: 1 },
    reports: [report("rust", 1.3), report("go", 0.5)],
  },
  {
    id: "20260101T030405Z",
    started: ago(90_000),
    ended: ago(89_980),
    state: "done",
    settings: { stress: "light", engine: "rust", seed: 1 },
    reports: [report("rust", 1)],
  },
  {
    id: "20260101T020405Z",
    started: ago(95_000),
    ended: ago(94_990),
    state: "failed",
    error: "the benchmark was killed",
    settings: { stress: "medium", engine: "go", seed: 7 },
    reports: [],
  },
];

function advance(run: Run): Run {
  if (run.state !== "running") return run;
  const at = (Date.now() - Date.parse(run.started)) / 3000;
  if (at >= workloads.length) {
    run.state = "done";
    run.ended = ago(0);
    run.progress = undefined;
    run.reports = [report("rust", 1.1)];
    return run;
  }
  const done = Math.floor(at);
  run.progress = {
    engine: "rust",
    workload: workloads[done],
    done,
    total: workloads.length,
    part: at - done,
    operations: Math.round((at - done) * 1e6),
  };
  return run;
}

function told(run: Run, whole: boolean) {
  const { reports, ...rest } = advance(run);
  const headline = run.reports.flatMap((one) =>
    one.results.map((result) => ({
      engine: one.engine,
      workload: result.name,
      ops_per_second: result.ops_per_second,
      p99_us: result.p99_us,
    })),
  );
  return { ...rest, headline, ...(whole && reports.length > 0 ? { reports } : {}) };
}

export const benchmarks: Record<string, Route> = {
  "GET /api/v1/benchmarks": () => ({ benchmarks: runs.map((run) => told(run, false)) }),
  "GET /api/v1/benchmarks/levels": () => ({
    available_bytes: 12e9,
    engines: ["rust", "go", "cache", "all"],
    levels: [
      { name: "light", keys: 1_000_000, memory_bytes: 0.5e9, fits: true },
      { name: "medium", keys: 5_000_000, memory_bytes: 2e9, fits: true },
      { name: "heavy", keys: 20_000_000, memory_bytes: 8e9, fits: true },
      { name: "extreme", keys: 50_000_000, memory_bytes: 20e9, fits: false },
    ],
  }),
  "GET /api/v1/benchmarks/*": (_request, response, url) => {
    const run = runs.find((one) => url.pathname.endsWith(one.id));
    if (run) return told(run, true);
    response.statusCode = 404;
    return { title: "No such run" };
  },
  "POST /api/v1/benchmarks": (_request, response) => {
    const run: Run = {
      id: new Date().toISOString().replace(/[-:]|\.\d+/g, ""),
      started: ago(0),
      state: "running",
      settings: { stress: "light", engine: "rust", seed: 1 },
      reports: [],
    };
    runs.unshift(run);
    response.statusCode = 201;
    return told(run, true);
  },
  "DELETE /api/v1/benchmarks/*": (_request, response, url) => {
    const run = runs.find((one) => url.pathname.endsWith(one.id));
    if (run?.state === "running") Object.assign(run, { state: "stopped", ended: ago(0) });
    else runs = runs.filter((one) => one !== run);
    response.writeHead(204).end();
    return undefined;
  },
};
