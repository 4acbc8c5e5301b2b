import type { Cluster, Node } from "../../api/cluster.ts";
import type { Level } from "../../components/Notice.tsx";
import { failedOf, isEmpty, livingOf, replicasOf } from "./layout.ts";
import { counted, named } from "./words.ts";

/** Something about the cluster that somebody should know. */
export interface Trouble {
  id: string;
  level: Level;
  text: string;
}

/** What is wrong with the cluster or under way in it, worst first. */
export function troublesOf(cluster: Cluster): Trouble[] {
  return [
    ...withoutLeader(cluster),
    ...unreachable(cluster),
    ...failed(cluster),
    ...leaving(cluster),
  ];
}

function withoutLeader({ shards, meta }: Cluster): Trouble[] {
  const troubles: Trouble[] = [];
  const without = shards.filter((shard) => shard.leader === 0).map(({ shard }) => shard);
  if (without.length > 0)
    troubles.push({
      id: "shards without a leader",
      level: "critical",
      text: `${named("Shard", without)} ${without.length === 1 ? "has" : "have"} no known leader: requests for the keys there wait, and fail after some seconds.`,
    });
  if (meta.leader === 0)
    troubles.push({
      id: "meta without a leader",
      level: "critical",
      text: "The list of nodes has no known leader: until it has, no node is added, drained or removed.",
    });
  return troubles;
}

function unreachable(cluster: Cluster): Trouble[] {
  const silent = livingOf(cluster).filter((node) => !node.reachable);
  if (silent.length === 0) return [];
  return [
    {
      id: "unreachable nodes",
      level: "warning",
      text: `${named(
        "Node",
        silent.map(({ id }) => id),
      )} did not answer node ${cluster.self} lately.`,
    },
  ];
}

function failed(cluster: Cluster): Trouble[] {
  const groups = [...cluster.shards, cluster.meta].filter((group) => failedOf(group).length > 0);
  if (groups.length === 0) return [];
  const count = groups.reduce((sum, group) => sum + failedOf(group).length, 0);
  const nodes = [...new Set(groups.flatMap(failedOf))].sort((a, b) => a - b);
  return [
    {
      id: "failed replicas",
      level: "warning",
      text: `${counted(count, "replica")} on ${named("node", nodes)} ${count === 1 ? "does not run, and is" : "do not run, and are"} tried again: the log there says why.`,
    },
  ];
}

function leaving(cluster: Cluster): Trouble[] {
  return cluster.nodes
    .filter((node) => node.state !== "up")
    .map(({ id, state }) => ({
      id: `leaving ${id}`,
      level: "info",
      text: farewell(cluster, id, state),
    }));
}

function farewell(cluster: Cluster, id: number, state: Node["state"]): string {
  const left = counted(replicasOf(cluster, id), "replica");
  if (state === "dead" && isEmpty(cluster, id)) return `Node ${id} was removed.`;
  if (state === "dead") return `Node ${id} is dead: others take over the ${left} that it had.`;
  if (isEmpty(cluster, id)) return `Node ${id} is drained, and can be removed.`;
  return `Node ${id} is being drained: ${left} of shards left.`;
}
