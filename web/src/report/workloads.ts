import type { Labelled, Result } from "./types.ts";

/** What the workloads are called for people, and what they do. */
const known: Record<string, { title: string; about: string }> = {
  sequential_writes: { title: "Sequential writes", about: "new keys in ascending order" },
  sequential_reads: { title: "Sequential reads", about: "all keys in ascending order" },
  random_writes: { title: "Random writes", about: "new keys in random order" },
  random_reads: { title: "Random reads", about: "any key, each as likely" },
  overwrites: { title: "Overwrites", about: "keys that are there, in random order" },
  batch_writes: { title: "Batches", about: "new keys, 100 a batch" },
  scan: { title: "Scan", about: "one walk over all entries" },
  concurrent_40: { title: "40 at once", about: "40 goroutines that read or overwrite" },
  high_throughput: { title: "Mostly reads", about: "95 % reads, a goroutine a processor" },
};

export function titleOf(workload: string): string {
  return known[workload]?.title ?? workload.replaceAll("_", " ");
}

export function aboutOf(workload: string): string {
  return known[workload]?.about ?? "";
}

/** A workload, with what each of the reports says of it; null where one lacks it. */
export interface Row {
  name: string;
  results: (Result | null)[];
}

/** The workloads of all reports in the order of the first that has them. */
export function rowsOf(reports: readonly Labelled[]): Row[] {
  const names = new Set(reports.flatMap(({ report }) => report.results.map((r) => r.name)));
  return [...names].map((name) => ({
    name,
    results: reports.map(({ report }) => report.results.find((r) => r.name === name) ?? null),
  }));
}

/** How many times as large a figure is as the one it is compared with: 1.25 as ×1.25. */
export function ratio(value: number, base: number): string {
  return base > 0 ? `×${(value / base).toFixed(2)}` : "";
}

/** Where a latency lies on a logarithmic scale, from 0 to 1. */
export function position(micros: number, [from, to]: readonly [number, number]): number {
  const place = Math.log10(micros / from) / Math.log10(to / from);
  return Math.min(1, Math.max(0, place));
}

/** The powers of ten, in microseconds, between which all latencies lie. */
export function decadesOf(rows: readonly Row[]): [number, number] {
  const all = rows
    .flatMap((row) => row.results)
    .flatMap((result) => (result ? [result.p50_us, result.max_us] : []))
    .filter((micros) => micros > 0);
  if (all.length === 0) return [0.1, 10];
  const from = 10 ** Math.floor(Math.log10(Math.min(...all)));
  const to = 10 ** Math.ceil(Math.log10(Math.max(...all)) - 1e-9);
  return [from, to > from ? to : from * 10];
}
