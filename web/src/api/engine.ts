import { useQuery } from "@tanstack/react-query";

import { getJSON } from "./client.ts";

/** What the engine is made of at this moment. What an engine does not tell is left out. */
export interface Structure {
  engine: string;
  memtables: Memtable[];
  log: { files: LogFile[]; bytes: number };
  levels: Level[];
  /** How many segments of all levels are not listed. */
  segments_left_out?: number;
  compactions: Compaction[];
  cache: BlockCache;
}

export interface Memtable {
  state: string;
  entries?: number;
  bytes: number;
  first_version?: number;
}

export interface LogFile {
  number: number;
  bytes: number;
  state: string;
}

export interface Level {
  level: number;
  bytes: number;
  /** How large the level may be before it is compacted; 0 or absent without such a bound. */
  target_bytes?: number;
  segments: Segment[];
}

export interface Segment {
  id: number;
  bytes: number;
  entries?: number;
  /** The keys at both ends, in base64. */
  smallest: string;
  largest: string;
  created?: string;
  compression?: string;
  /** It is being compacted. */
  busy: boolean;
}

export interface Compaction {
  kind: string;
  from_level?: number;
  to_level?: number;
  input_bytes: number;
  started?: string;
}

export interface BlockCache {
  queues: { name: string; entries: number; bytes: number }[];
  bytes: number;
  limit_bytes: number;
  hits: number;
  misses: number;
}

export function useStructure(enabled: boolean) {
  return useQuery({
    queryKey: ["engine"],
    queryFn: ({ signal }) => getJSON<Structure>("engine", signal),
    refetchInterval: 2000,
    enabled,
  });
}
