/** What one engine did in the benchmark mode: the form of --benchmark-json. */
export interface Report {
  engine: string;
  stress: string;
  durability: string;
  go: string;
  cpus: number;
  results: Result[];
}

/** What one workload showed. Latencies are in microseconds. */
export interface Result {
  name: string;
  operations: number;
  seconds: number;
  ops_per_second: number;
  p50_us: number;
  p99_us: number;
  p999_us: number;
  max_us: number;
  errors: number;
  first_error?: string;
  goroutines: number;
  timed_interval: number;
  cpu_seconds?: number;
  rss_bytes?: number;
  memory_bytes?: number;
}

/** Reports that are shown side by side, each under a label of its own. */
export interface Labelled {
  label: string;
  report: Report;
}
