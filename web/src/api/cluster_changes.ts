import { request, sendJSON } from "./client.ts";

/** Has a node give its replicas to others, which goes on after the answer. */
export async function drainNode(node: number): Promise<void> {
  await request(`cluster/nodes/${node}/drain`, { method: "POST" });
}

/** Removes a node that has no replicas any more, or one that is dead. */
export async function removeNode(node: number, dead: boolean): Promise<void> {
  await request(`cluster/nodes/${node}${dead ? "?dead=true" : ""}`, { method: "DELETE" });
}

/** Replaces a replica by one on another node; the answer comes when that has all data. */
export function moveShard(shard: number, from: number, to: number): Promise<void> {
  return sendJSON("POST", `cluster/shards/${shard}/move`, { from, to });
}

/** Has a node lead a shard of which it has a replica. */
export function leadShard(shard: number, to: number): Promise<void> {
  return sendJSON("POST", `cluster/shards/${shard}/lead`, { to });
}
