import { useQuery } from "@tanstack/react-query";

import type { Report } from "../report/types.ts";
import { getJSON, request, sendJSON } from "./client.ts";

/** A run of the benchmark on the server's machine. */
export interface Run {
  id: string;
  started: string;
  ended?: string;
  state: "running" | "done" | "failed" | "stopped";
  /** Why it failed. */
  error?: string;
  settings: Settings;
  progress?: Progress;
  headline: { engine: string; workload: string; ops_per_second: number; p99_us: number }[];
  reports?: Report[];
}

export interface Settings {
  stress: string;
  engine: string;
  seed: number;
}

export interface Progress {
  engine: string;
  workload: string;
  /** Workloads of all engines, finished and in all. */
  done: number;
  total: number;
  /** Of this workload, from 0 to 1. */
  part: number;
  operations: number;
}

/** What a run may be asked for. */
export interface Choices {
  levels: Level[];
  engines: string[];
  /** Of memory; 0 where it is not known. */
  available_bytes: number;
}

export interface Level {
  name: string;
  keys: number;
  memory_bytes: number;
  fits: boolean;
}

export const runsKey = ["benchmarks"];

/** All runs, the newest first; asked for each second while one is under way. */
export function useRuns() {
  return useQuery({
    queryKey: runsKey,
    queryFn: ({ signal }) => getJSON<{ benchmarks: Run[] }>("benchmarks", signal),
    select: (answer) => answer.benchmarks,
    refetchInterval: (query) => (query.state.data?.benchmarks.some(isRunning) ? 1000 : 10_000),
  });
}

/** A run with its reports. */
export function useRun(id: string | null) {
  return useQuery({
    queryKey: [...runsKey, id],
    queryFn: ({ signal }) => getJSON<Run>(`benchmarks/${encodeURIComponent(id!)}`, signal),
    refetchInterval: (query) => (query.state.data && isRunning(query.state.data) ? 1000 : false),
    enabled: id !== null,
  });
}

export function useChoices() {
  return useQuery({
    queryKey: ["benchmark choices"],
    queryFn: ({ signal }) => getJSON<Choices>("benchmarks/levels", signal),
    staleTime: 10_000,
  });
}

export function startRun(settings: Settings): Promise<Run> {
  return sendJSON("POST", "benchmarks", settings);
}

/** Stops a run that is under way, or removes the report of one that has ended. */
export async function removeRun(id: string): Promise<void> {
  await request(`benchmarks/${encodeURIComponent(id)}`, { method: "DELETE" });
}

export function isRunning(run: Run): boolean {
  return run.state === "running";
}
