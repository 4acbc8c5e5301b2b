import { useQuery } from "@tanstack/react-query";

import { getJSON } from "./client.ts";

/** What the engine is made of at this moment. A figure that an engine does not tell is 0. */
export interface Structure {
  engine: string;
  memtables: Memtable[];
  /** Without files in memory. */
  log: { files: LogFile[]; bytes: number };
  levels: Level[];
  /** How many segments of all levels are not listed. */
  segments_left_out: number;
  compactions: Compaction[];
  cache: BlockCache;
}

export interface Memtable {
  state: "active" | "flushing";
  entries: number;
  bytes: number;
  /** Of what is in no segment yet. */
  dirty_bytes: number;
}

export interface LogFile {
  number: number;
  state: "active" | "waiting" | "spare";
  /** Of what it holds. */
  bytes: number;
  /** Its length. */
  file_bytes: number;
}

export interface Level {
  level: number;
  /** Of all its segments, listed or not. */
  bytes: number;
  segment_count: number;
  /** How large it may become before it is compacted; 0 without such a bound. */
  target_bytes: number;
  segments: Segment[];
}

export interface Segment {
  id: number;
  bytes: number;
  /** Before compression. */
  raw_bytes: number;
  entries: number;
  tombstones: number;
  /** The beginnings of the keys at both ends, in base64. */
  smallest: string;
  largest: string;
  /** It is being compacted. */
  busy: boolean;
}

export interface Compaction {
  kind: "flush" | "compaction";
  /** -1 is memory. */
  from_level: number;
  to_level: number;
  input_bytes: number;
  started: string;
}

/** The cache of blocks; of the engine "cache", its entries themselves. */
export interface BlockCache {
  queues: { name: string; entries: number; bytes: number }[];
  bytes: number;
  limit_bytes: number;
  hits: number;
  misses: number;
}

export function useStructure() {
  return useQuery({
    queryKey: ["engine"],
    queryFn: ({ signal }) => getJSON<Structure>("engine", signal),
    refetchInterval: 2000,
  });
}
