import type { Route } from "./server.ts";

const text = (s: string) => Buffer.from(s).toString("base64");

function level(number: number, count: number, each: number, target: number) {
  const segments = Array.from({ length: count }, (_, i) => ({
    id: number * 1000 + i,
    bytes: Math.round(each * (0.6 + ((i * 37) % 50) / 60)),
    entries: Math.round((each / 120) * (0.6 + ((i * 37) % 50) / 60)),
    smallest: text(`user/${String(i * 1000).padStart(8, "0")}`),
    largest: text(`user/${String(i * 1000 + 999).padStart(8, "0")}`),
    raw_bytes: Math.round(each * 1.9),
    tombstones: i % 7,
    busy: number === 4 && i > 4 && i < 8,
  }));
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  return { level: number, bytes, segment_count: count, target_bytes: target, segments };
}

export const engine: Record<string, Route> = {
  "GET /api/v1/engine": () => ({
    engine: "rust",
    memtables: [
      { state: "active", entries: 182_000, bytes: 23.4e6, dirty_bytes: 21e6 },
      { state: "flushing", entries: 510_000, bytes: 64e6, dirty_bytes: 64e6 },
    ],
    log: {
      files: [
        { number: 412, bytes: 64e6, file_bytes: 64e6, state: "waiting" },
        { number: 413, bytes: 64e6, file_bytes: 64e6, state: "waiting" },
        { number: 414, bytes: 23e6, file_bytes: 64e6, state: "active" },
        { number: 415, bytes: 0, file_bytes: 64e6, state: "spare" },
      ],
      bytes: 151e6,
    },
    levels: [
      level(0, 3, 60e6, 0),
      { level: 1, bytes: 0, segment_count: 0, target_bytes: 0, segments: [] },
      level(2, 2, 32e6, 64e6),
      level(3, 8, 64e6, 640e6),
      level(4, 34, 128e6, 6.4e9),
      level(5, 210, 128e6, 64e9),
    ],
    segments_left_out: 0,
    compactions: [
      {
        kind: "flush",
        from_level: -1,
        to_level: 0,
        input_bytes: 64e6,
        started: new Date(Date.now() - 1200).toISOString(),
      },
      {
        kind: "compaction",
        from_level: 3,
        to_level: 4,
        input_bytes: 412e6,
        started: new Date(Date.now() - 8300).toISOString(),
      },
    ],
    cache: {
      queues: [
        { name: "small", entries: 812, bytes: 12e6 },
        { name: "main", entries: 14_032, bytes: 205e6 },
        { name: "ghost", entries: 9120, bytes: 0 },
        { name: "pinned", entries: 240, bytes: 18e6 },
      ],
      bytes: 235e6,
      limit_bytes: 256 * 2 ** 20,
      hits: 918_221_002,
      misses: 18_221_812,
    },
  }),
};
