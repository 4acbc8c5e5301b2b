import type { Route } from "./server.ts";

/** A wave that looks like a day's work, always the same at the same time. */
function wave(seconds: number, period: number, depth: number): number {
  const noise = Math.sin(seconds * 12.9898) * 43758.5453;
  return (
    1 +
    depth * Math.sin((2 * Math.PI * seconds) / period) +
    0.12 * (noise - Math.floor(noise)) +
    0.1 * Math.sin(seconds / 7)
  );
}

function latency(seconds: number, base: number) {
  const burst = Math.floor(seconds) % 97 < 4 ? 6 : 1;
  return {
    p50_nanos: base * wave(seconds, 300, 0.1),
    p99_nanos: base * 6 * wave(seconds, 240, 0.2) * burst,
    p999_nanos: base * 22 * wave(seconds, 180, 0.4) * burst,
  };
}

function point(millis: number, span: number) {
  const s = millis / 1000;
  const load = wave(s, 420, 0.35);
  const compacting = Math.floor(s / 40) % 3 === 0 ? 1 : 0;
  return {
    time: new Date(millis).toISOString(),
    span_nanos: span * 1e9,
    ops: {
      get: 48_000 * load,
      put: 15_000 * load * wave(s, 200, 0.2),
      delete: 1800 * load,
      scan: 240 * wave(s, 90, 0.5),
      batch: 900 * wave(s, 150, 0.3),
    },
    redis_commands: 62_000 * load,
    http_requests: 1400 * wave(s, 260, 0.2),
    latency: { redis: latency(s, 9000), http: latency(s, 70_000) },
    memory: {
      used_bytes: 380e6 * wave(s, 600, 0.12),
      limit_bytes: 512 * 2 ** 20,
      resident_bytes: 470e6 * wave(s, 600, 0.08),
      heap_bytes: 31e6 * wave(s, 40, 0.2),
    },
    disk: { used_bytes: 18.4e9 + (s % 3600) * 1e5, free_bytes: 16e9, total_bytes: 270e9 },
    log_bytes: 60e6 * wave(s, 60, 0.4),
    dirty_bytes: 40e6 * wave(s, 60, 0.4),
    cache: { hits: 47_000 * load, misses: 900 * wave(s, 500, 0.6), bytes: 240e6 },
    clients: Math.round(64 * wave(s, 800, 0.2)),
    http_connections: Math.round(9 * wave(s, 100, 0.3)),
    syncs: 410 * load,
    sync_nanos: 850_000 * wave(s, 130, 0.3),
    flushes: compacting * 0.2,
    flushed_bytes: compacting * 11e6,
    compactions: compacting * 0.15,
    compacted_bytes: compacting * 64e6 * wave(s, 30, 0.3),
    stall_nanos: Math.floor(s) % 131 < 3 ? 4e7 : 0,
    evicted: 0,
    expired: 34 * wave(s, 77, 0.5),
    open_snapshots: 2,
    cpu: { user: 0.9 * load, system: 0.4 * load },
  };
}

const since = new Date(Date.now() - 2 * 3600e3).toISOString();
const warnings = [
  { id: "disk-full", level: "critical", text: "The disk is 94 % full: 16 GB are free.", since },
  {
    id: "old-snapshot",
    level: "warning",
    text: "A snapshot has been open for 2 h, and keeps what was overwritten since then.",
    since,
  },
];

export const figures: Record<string, Route> = {
  "GET /api/v1/figures": (_request, _response, url) => {
    const most = Number(url.searchParams.get("points") ?? 300);
    const begin = Date.parse(url.searchParams.get("since") ?? "") || Date.now() - 900_000;
    const step = Math.max(1, Math.ceil((Date.now() - begin) / 1000 / most));
    const points = [];
    for (let at = begin + step * 1000; at < Date.now(); at += step * 1000)
      points.push(point(at, step));
    return { step_nanos: step * 1e9, points };
  },
  "GET /api/v1/warnings": () => ({ warnings }),
  "GET /api/v1/figures/stream": (request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    const send = (type: string, data: unknown) =>
      response.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
    send("warnings", { warnings });
    const timer = setInterval(() => send("figures", point(Date.now(), 1)), 1000);
    request.on("close", () => clearInterval(timer));
    return undefined;
  },
};
