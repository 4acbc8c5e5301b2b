import { useQuery } from "@tanstack/react-query";

import { getJSON } from "./client.ts";

export interface Version {
  version: string;
  engine: string;
  go: string;
  /** How many shards the cluster has; a server that is no node of one lacks it. */
  shards?: number;
}

export function useVersion() {
  return useQuery({
    queryKey: ["version"],
    queryFn: ({ signal }) => getJSON<Version>("version", signal),
    staleTime: Infinity,
  });
}

/** Whether the server is a node of a cluster; not until it has told. */
export function useIsClustered(): boolean {
  return useVersion().data?.shards !== undefined;
}
