import { useQuery } from "@tanstack/react-query";

import { getJSON, sendJSON } from "./client.ts";

/** The default keyspace, which is always there, has no name. */
export const defaultKeyspace = "";

export interface Keyspace {
  name: string;
  /** A duration, as 30m0s; absent for none. */
  ttl?: string;
  memory_only?: boolean;
  compression?: string;
}

/** What comes before the path of something in a keyspace. */
export function keyspacePath(name: string): string {
  return name === defaultKeyspace ? "" : `keyspaces/${encodeURIComponent(name)}/`;
}

export const keyspacesKey = ["keyspaces"];

export function useKeyspaces() {
  return useQuery({
    queryKey: keyspacesKey,
    queryFn: async ({ signal }) =>
      (await getJSON<{ keyspaces: Keyspace[] }>("keyspaces", signal)).keyspaces,
    staleTime: 10_000,
  });
}

/** How many keys a keyspace has, by name. To count them may take the server a walk over them. */
export function useKeyCounts() {
  return useQuery({
    queryKey: [...keyspacesKey, "counts"],
    queryFn: async ({ signal }) => {
      const stats = await getJSON<{ keyspaces: { name: string; keys: number }[] }>(
        "stats?keyspaces=true",
        signal,
      );
      return new Map(stats.keyspaces.map(({ name, keys }) => [name, keys]));
    },
    staleTime: 10_000,
  });
}

export function createKeyspace(keyspace: Keyspace): Promise<void> {
  return sendJSON("POST", "keyspaces", keyspace);
}

export function dropKeyspace(name: string): Promise<void> {
  return sendJSON("DELETE", `keyspaces/${encodeURIComponent(name)}`);
}
