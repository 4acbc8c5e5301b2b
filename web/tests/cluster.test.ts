import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Cluster, Node } from "../src/api/cluster.ts";
import {
  expectAccessible,
  expectFits,
  forms,
  launch,
  openTab,
  screenshot,
  visit,
  type Form,
} from "./support/browser.ts";
import { Server } from "./support/server.ts";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  server = await Server.asCluster();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const tile = (page: Page, name: string) => page.getByRole("region", { name, exact: true });
const table = (page: Page, name: string) => tile(page, name).getByRole("table");
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

/** What the server tells of its cluster, changed as a larger one in trouble would be. */
async function inTrouble(): Promise<Cluster> {
  const cluster = (await (await fetch(`${server.url}/api/v1/cluster`)).json()) as Cluster;
  const [node] = cluster.nodes as [Node];
  cluster.nodes = [1, 2, 3, 4].map((id) => ({
    ...node,
    id,
    zone: `rack${id}`,
    reachable: id !== 3,
  }));
  for (const shard of cluster.shards) Object.assign(shard, { leader: 1, replicas: [1, 2, 3] });
  Object.assign(cluster.shards[5]!, { leader: 0 });
  Object.assign(cluster.shards[7]!, { failed: [2] });
  return cluster;
}

/** A tab with the page of such a cluster, whose changes are asked of the server itself. */
async function openTrouble(form: Form = "light") {
  const tab = await openTab(browser, server.url, form);
  const cluster = await inTrouble();
  await tab.page.route("**/api/v1/cluster", (route) => route.fulfill({ json: cluster }));
  await visit(tab.page, server.url, "cluster", "Cluster");
  return tab;
}

test("the cluster is reached by keyboard, and shows its node and its shards", async () => {
  const { page, faults } = await openTab(browser, server.url);
  await visit(page, server.url, "overview", "Overview");
  await page.getByRole("link", { name: "Cluster" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Cluster" }).waitFor();
  await tile(page, "Shards").getByText("16", { exact: true }).first().waitFor();
  await page.getByText("all have a leader").waitFor();
  await page.getByText("all reachable").waitFor();
  await table(page, "Nodes")
    .getByRole("row", { name: /^1 this one up yes/ })
    .waitFor();
  await table(page, "Shards")
    .getByRole("row", { name: /^0 0–1023 node 1/ })
    .waitFor();
  await table(page, "Shards")
    .getByRole("row", { name: /^list of nodes – node 1/ })
    .waitFor();
  expect(await page.getByRole("list", { name: "Troubles" }).getByRole("listitem").count()).toBe(0);
  expect(faults).toEqual({ errors: [], foreign: [] });
  await page.context().close();
});

describe.each(Object.keys(forms) as Form[])("in the form %s", (form) => {
  test("a cluster in trouble is told in words, without barriers", async () => {
    const { page, faults } = await openTrouble(form);
    const troubles = page.getByRole("list", { name: "Troubles" });
    await troubles.getByText(/^Shard 5 has no known leader/).waitFor();
    await troubles.getByText("Node 3 did not answer node 1 lately.").waitFor();
    await troubles.getByText(/^1 replica on node 2 does not run, and is tried again/).waitFor();
    await page.getByText("node 1: 15, node 2: 0, node 3: 0 and node 4: 0").waitFor();
    await screenshot(page, "cluster", form);
    await expectFits(page, `the cluster as ${form}`);
    await expectAccessible(page, `the cluster as ${form}`);
    await page.getByText("In trouble", { exact: true }).click();
    expect(await table(page, "Shards").getByRole("row").count()).toBe(3); // with the header
    expect(faults).toEqual({ errors: [], foreign: [] });
    await page.context().close();
  });
});

test("a shard is moved and led between nodes that can, and a refusal is told", async () => {
  const { page, faults } = await openTrouble();
  const dialog = page.getByRole("dialog");
  await press(page, "Move shard 7");
  await expectAccessible(page, "the dialog of a move");
  await dialog.getByLabel("From").selectOption("Node 2");
  expect(await dialog.getByLabel("To").getByRole("option").allTextContents()).toEqual([
    "Node 4, zone rack4",
  ]);
  const moving = page.waitForRequest("**/api/v1/cluster/shards/7/move");
  await dialog.getByRole("button", { name: "Move" }).click();
  expect((await moving).postDataJSON()).toEqual({ from: 2, to: 4 });
  await dialog.getByRole("alert").getByText("the cluster has no such node: 2").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();

  await press(page, "Lead shard 7");
  expect(await dialog.getByLabel("Leader").getByRole("option").allTextContents()).toEqual([
    "Node 3",
  ]);
  const leading = page.waitForRequest("**/api/v1/cluster/shards/7/lead");
  await dialog.getByRole("button", { name: "Hand over" }).click();
  expect((await leading).postDataJSON()).toEqual({ to: 3 });
  await dialog
    .getByRole("alert")
    .getByText(/node 3 has no replica of the shard/)
    .waitFor();
  // The browser itself tells of answers of 404 and 409.
  expect(faults.errors.filter((text) => !/404|409/.test(text))).toEqual([]);
  await page.context().close();
});

test("a change that was made is said, and closes its dialog", async () => {
  const { page } = await openTrouble();
  await page.route("**/api/v1/cluster/shards/*/*", (route) => route.fulfill({ status: 204 }));
  await press(page, "Lead shard 0");
  await page.getByRole("dialog").getByLabel("Leader").selectOption("Node 2");
  await page.getByRole("button", { name: "Hand over" }).click();
  await page.getByText("Node 2 leads shard 0 now").waitFor();
  expect(await page.getByRole("dialog").count()).toBe(0);
  await page.context().close();
});

test("what one node alone cannot do is said", async () => {
  const { page } = await openTab(browser, server.url);
  await visit(page, server.url, "cluster", "Cluster");
  const dialog = page.getByRole("dialog");
  await press(page, "Move shard 0");
  await dialog.getByText(/^No other node could have a replica/).waitFor();
  await page.keyboard.press("Escape");
  await press(page, "Lead shard 0");
  await dialog.getByText(/^No other node has a replica of this shard/).waitFor();
  await page.context().close();
});

test("who may not administrate sees the cluster, and is offered no change of it", async () => {
  const { page } = await openTab(browser, server.url);
  await page.route("**/api/v1/whoami", async (route) => {
    const response = await route.fetch();
    const whoami = (await response.json()) as { rights: Record<string, boolean> };
    whoami.rights.admin = false;
    await route.fulfill({ response, json: whoami });
  });
  await visit(page, server.url, "cluster", "Cluster");
  await table(page, "Shards")
    .getByRole("row", { name: /^0 0–1023/ })
    .waitFor();
  expect(await page.getByRole("button", { name: /^(Drain|Remove|Move|Lead) / }).count()).toBe(0);
  await page.context().close();
});

test("a node that has replicas is drained before it is removed", async () => {
  const { page, faults } = await openTab(browser, server.url);
  await visit(page, server.url, "cluster", "Cluster");
  const dialog = page.getByRole("dialog");
  await press(page, "Remove node 1");
  const remove = dialog.getByRole("button", { name: "Remove" });
  expect(await remove.isDisabled()).toBe(true);
  await dialog.getByLabel(/^Type “node 1”/).fill("node 1");
  await expectAccessible(page, "the dialog of a removal");
  await remove.click();
  await dialog
    .getByRole("alert")
    .getByText(/node 1 has replicas: drain it first/)
    .waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();

  await press(page, "Drain node 1");
  await dialog.getByText("No other node is up: nobody could take the replicas.").waitFor();
  await dialog.getByRole("button", { name: "Drain" }).click();
  await page.getByText("Node 1 is being drained: 16 replicas of shards left.").waitFor();
  await table(page, "Nodes").getByText("draining").waitFor();
  expect(await page.getByRole("button", { name: "Drain node 1" }).count()).toBe(0);
  // The browser itself tells of an answer of 409.
  expect(faults.errors.filter((text) => !text.includes("409"))).toEqual([]);
  await page.context().close();
});

test("a server that is no node of a cluster has no link to the page, and says so there", async () => {
  const alone = await Server.start();
  try {
    const { page, faults } = await openTab(browser, alone.url);
    await visit(page, alone.url, "cluster", "Cluster");
    await page.getByText("This server is no node of a cluster").waitFor();
    expect(await page.getByRole("link", { name: "Cluster" }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "Engine" }).count()).toBe(1);
    expect(faults).toEqual({ errors: [], foreign: [] });
    await page.context().close();
  } finally {
    await alone.close();
  }
});
