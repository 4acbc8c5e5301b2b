import { expect, test } from "vitest";

import type { Cluster, Node, Shard } from "../../api/cluster.ts";
import { troublesOf } from "./troubles.ts";

const node = (id: number, over: Partial<Node> = {}): Node => ({
  id,
  client: "",
  peer: "",
  raft: "",
  state: "up",
  version: "",
  reachable: true,
  ...over,
});

const shard = (number: number, over: Partial<Shard> = {}): Shard => ({
  shard: number,
  first_slot: 0,
  last_slot: 0,
  leader: 1,
  term: 1,
  replicas: [1, 2],
  ...over,
});

const cluster = (over: Partial<Cluster> = {}): Cluster => ({
  self: 1,
  nodes: [node(1), node(2), node(3)],
  shards: [shard(0), shard(1), shard(2)],
  meta: { leader: 1, term: 1, replicas: [1, 2] },
  ...over,
});

const told = (over: Partial<Cluster>) =>
  troublesOf(cluster(over)).map(({ level, text }) => `${level}: ${text}`);

test("a cluster that is well has no troubles", () => {
  expect(troublesOf(cluster())).toEqual([]);
});

test("groups without a leader come first", () => {
  const troubles = told({
    nodes: [node(1), node(2, { reachable: false })],
    shards: [shard(0, { leader: 0 }), shard(1), shard(2, { leader: 0 })],
    meta: { leader: 0, term: 0, replicas: [1] },
  });
  expect(troubles).toEqual([
    expect.stringMatching(/^critical: Shards 0 and 2 have no known leader/),
    expect.stringMatching(/^critical: The list of nodes has no known leader/),
    "warning: Node 2 did not answer node 1 lately.",
  ]);
});

test("a dead node is not expected to answer", () => {
  expect(told({ nodes: [node(1), node(2, { state: "dead", reachable: false })] })).toEqual([
    "info: Node 2 is dead: others take over the 3 replicas that it had.",
  ]);
});

test("replicas that failed are counted, that of the list of nodes too", () => {
  const troubles = told({
    shards: [shard(0, { failed: [2] }), shard(1, { failed: [1, 2] })],
    meta: { leader: 1, term: 1, replicas: [1, 2], failed: [2] },
  });
  expect(troubles).toEqual([
    expect.stringMatching(/^warning: 4 replicas on nodes 1 and 2 do not run, and are tried again/),
  ]);
});

test("a drain tells how far it is, and when the node can be removed", () => {
  const nodes = [node(1), node(2, { state: "draining" }), node(3, { state: "draining" })];
  expect(told({ nodes })).toEqual([
    "info: Node 2 is being drained: 3 replicas of shards left.",
    "info: Node 3 is drained, and can be removed.",
  ]);
});
