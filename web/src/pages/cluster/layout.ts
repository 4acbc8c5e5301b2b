import type { Cluster, Group, Node, Shard } from "../../api/cluster.ts";

/** A row of the table of shards: a shard, or the group that keeps the list of nodes. */
export interface Row extends Group {
  /** null for the list of nodes. */
  shard: Shard | null;
}

/** All shards in the order of their slots, and behind them the list of nodes. */
export function rowsOf({ shards, meta }: Cluster): Row[] {
  return [...shards.map((shard) => ({ ...shard, shard })), { ...meta, shard: null }];
}

/** Whether a group lacks its leader, or has a replica that does not run. */
export function inTrouble(group: Group): boolean {
  return group.leader === 0 || failedOf(group).length > 0;
}

export function failedOf(group: Group): number[] {
  return group.failed ?? [];
}

/** All nodes of a group: those that have a vote, and those whose replica is known to have failed. */
export function membersOf(group: Group): number[] {
  return [...new Set([...group.replicas, ...failedOf(group)])].sort((a, b) => a - b);
}

/** How many shards a node leads. */
export function leadsOf({ shards }: Cluster, node: number): number {
  return shards.filter((shard) => shard.leader === node).length;
}

/** How many replicas of shards a node has. */
export function replicasOf({ shards }: Cluster, node: number): number {
  return shards.filter((shard) => membersOf(shard).includes(node)).length;
}

/** Whether a node has nothing left that it would have to give to others. */
export function isEmpty(cluster: Cluster, node: number): boolean {
  return replicasOf(cluster, node) === 0 && !membersOf(cluster.meta).includes(node);
}

/** The nodes that belong to the cluster, in contrast to those that will not come back. */
export function livingOf({ nodes }: Cluster): Node[] {
  return nodes.filter((node) => node.state !== "dead");
}

/** The nodes that could be given a replica of a group. */
export function targetsOf({ nodes }: Cluster, group: Group): Node[] {
  const members = membersOf(group);
  return nodes.filter(
    (node) => node.state === "up" && node.reachable && !members.includes(node.id),
  );
}

/** The nodes that could lead a group instead of the one that does. */
export function successorsOf(group: Group): number[] {
  return group.replicas.filter((id) => id !== group.leader && !failedOf(group).includes(id));
}
