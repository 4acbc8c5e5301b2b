import { useQuery } from "@tanstack/react-query";

import { getJSON } from "./client.ts";

/** Percentiles of what ended within a span; zeros if nothing did. */
export interface Latency {
  p50_nanos: number;
  p99_nanos: number;
  p999_nanos: number;
}

/** What the server counted over one span of time. Rates are per second. */
export interface Point {
  time: string;
  span_nanos: number;
  ops: { get: number; put: number; delete: number; scan: number; batch: number };
  redis_commands: number;
  http_requests: number;
  latency: { redis: Latency; http: Latency };
  memory: { used_bytes: number; limit_bytes: number; resident_bytes: number; heap_bytes: number };
  /** Zeros for a database in memory. */
  disk: { used_bytes: number; free_bytes: number; total_bytes: number };
  log_bytes: number;
  dirty_bytes: number;
  cache: { hits: number; misses: number; bytes: number };
  clients: number;
  http_connections?: number;
  syncs: number;
  /** The mean of the syncs that ended within the span. */
  sync_nanos: number;
  flushes: number;
  flushed_bytes: number;
  compactions: number;
  compacted_bytes: number;
  stall_nanos: number;
  evicted: number;
  expired: number;
  open_snapshots: number;
  cpu: { user: number; system: number };
}

export interface History {
  step_nanos: number;
  points: Point[];
}

/** The history since a time, oldest first, thinned to at most so many points. */
export function fetchHistory(since: Date, points: number, signal?: AbortSignal): Promise<History> {
  return getJSON(`figures?since=${since.toISOString()}&points=${points}`, signal);
}

/** The history of so many seconds, asked for again at about its own step. */
export function useHistory(seconds: number, enabled: boolean) {
  const points = 600;
  return useQuery({
    queryKey: ["figures", seconds],
    queryFn: ({ signal }) => fetchHistory(new Date(Date.now() - seconds * 1000), points, signal),
    refetchInterval: Math.max(5000, (seconds * 1000) / points),
    placeholderData: (before) => before,
    enabled,
  });
}
