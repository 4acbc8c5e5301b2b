import { useQuery } from "@tanstack/react-query";

import { getJSON } from "./client.ts";

/** How the cluster is laid out, as the node that answers knows it. */
export interface Cluster {
  /** The node that answers. */
  self: number;
  /** The number by which its nodes tell it from other clusters; absent if it has none. */
  cluster?: string;
  /** What nodes tell each other in; absent if it is not known. */
  protocol?: number;
  nodes: Node[];
  shards: Shard[];
  /** The group that keeps the list of nodes. */
  meta: Group;
}

export interface Node {
  id: number;
  /** Addresses, host and port: of clients, of other nodes, of the consensus. */
  client: string;
  peer: string;
  raft: string;
  /** Of clients that know Redis Cluster, if it is another one than for all. */
  redis?: string;
  /** What fails together with the node. */
  zone?: string;
  state: "up" | "draining" | "dead";
  /** Of the program; empty if it is not known. */
  version: string;
  /** Whether it answered the node that tells lately. */
  reachable: boolean;
}

/** Replicas that agree upon one log. */
export interface Group {
  /** 0 if none is known. */
  leader: number;
  /** It grows with each change of the leader. */
  term: number;
  /** The nodes that have a copy and a vote. */
  replicas: number[];
  /** The nodes whose copy does not run. */
  failed?: number[];
}

export interface Shard extends Group {
  shard: number;
  first_slot: number;
  last_slot: number;
}

export const clusterKey = ["cluster"];

export function useCluster() {
  return useQuery({
    queryKey: clusterKey,
    queryFn: ({ signal }) => getJSON<Cluster>("cluster", signal),
    refetchInterval: 2000,
  });
}
