import { expect, test } from "vitest";

import type { Cluster, Node } from "../../api/cluster.ts";
import {
  inTrouble,
  isEmpty,
  leadsOf,
  livingOf,
  membersOf,
  replicasOf,
  rowsOf,
  successorsOf,
  targetsOf,
} from "./layout.ts";

const node = (id: number, over: Partial<Node> = {}): Node => ({
  id,
  client: `n${id}:1`,
  peer: `n${id}:2`,
  raft: `n${id}:3`,
  state: "up",
  version: "1.0.0",
  reachable: true,
  ...over,
});

const cluster: Cluster = {
  self: 1,
  nodes: [
    node(1),
    node(2),
    node(3, { reachable: false }),
    node(4),
    node(5, { state: "draining" }),
    node(6, { state: "dead", reachable: false }),
  ],
  shards: [
    { shard: 0, first_slot: 0, last_slot: 8191, leader: 1, term: 7, replicas: [1, 2, 3] },
    { shard: 1, first_slot: 8192, last_slot: 16383, leader: 0, term: 0, replicas: [], failed: [2] },
  ],
  meta: { leader: 2, term: 3, replicas: [1, 2, 5] },
};
const [whole, broken] = cluster.shards as [Cluster["shards"][0], Cluster["shards"][0]];

test("the list of nodes is a row behind the shards", () => {
  expect(rowsOf(cluster).map(({ shard, leader }) => [shard?.shard, leader])).toEqual([
    [0, 1],
    [1, 0],
    [undefined, 2],
  ]);
});

test("a replica that failed counts also where nobody tells who has a vote", () => {
  expect(membersOf(broken)).toEqual([2]);
  expect(membersOf({ ...whole, failed: [3] })).toEqual([1, 2, 3]);
  expect(replicasOf(cluster, 2)).toBe(2);
});

test("leads are counted of shards alone", () => {
  expect([1, 2, 3].map((id) => leadsOf(cluster, id))).toEqual([1, 0, 0]);
});

test("a group is in trouble without a leader, and with a replica that failed", () => {
  expect(inTrouble(whole)).toBe(false);
  expect(inTrouble({ ...whole, leader: 0 })).toBe(true);
  expect(inTrouble({ ...whole, failed: [3] })).toBe(true);
});

test("a node that keeps the list of nodes is not empty", () => {
  expect(isEmpty(cluster, 5)).toBe(false);
  expect(isEmpty(cluster, 4)).toBe(true);
  expect(isEmpty(cluster, 3)).toBe(false);
});

test("the dead are not among the living", () => {
  expect(livingOf(cluster).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
});

test("a replica goes to a node that is up, answers, and has none", () => {
  expect(targetsOf(cluster, whole).map(({ id }) => id)).toEqual([4]);
  expect(targetsOf(cluster, broken).map(({ id }) => id)).toEqual([1, 4]);
});

test("who follows a leader has a replica that runs", () => {
  expect(successorsOf(whole)).toEqual([2, 3]);
  expect(successorsOf({ ...whole, failed: [3] })).toEqual([2]);
});
