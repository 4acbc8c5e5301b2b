import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { launch, openTab, visit } from "./support/browser.ts";
import { startLoad } from "./support/load.ts";
import { Server } from "./support/server.ts";

/** How long the session lasts, in seconds, and how many points the stream sends in each. */
const seconds = Number(process.env.MANTISDB_WEB_HEAP_SECONDS ?? 40);
const perSecond = 4;
/** What an hour may take, in bytes. */
const most = 100 << 20;

let server: Server;
let browser: Browser;
let load: ReturnType<typeof startLoad>;

beforeAll(async () => {
  server = await Server.start();
  browser = await launch();
  load = startLoad(server.url);
});

afterAll(async () => {
  load?.stop();
  await browser?.close();
  await server?.close();
});

/** What the tab's heap has after all that is garbage has gone. */
async function heapOf(session: CDPSession): Promise<number> {
  for (let i = 0; i < 3; i++) await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Runtime.getHeapUsage")).usedSize;
}

/** Has the page ask for more points than it would, by what it asks the server for. */
async function hurry(page: Page) {
  await page.route("**/api/v1/figures/stream*", (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set("interval", `${1000 / perSecond}ms`);
    return route.continue({ url: url.href });
  });
}

/** Pages come and go, as when somebody looks around. */
async function lookAround(page: Page) {
  const pages = [
    ["engine", "Engine"],
    ["data", "Data"],
    ["console", "Console"],
    ["overview", "Overview"],
  ] as const;
  for (const [hash, heading] of pages) {
    await page.evaluate((to) => (location.hash = to), hash);
    await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
    await page.waitForTimeout(300);
  }
}

// A point of the stream is one however often it comes: what an hour brings in seconds, this
// brings perSecond times as fast, and the growth is told for the rest of the hour.
test(
  "a session under load keeps its heap",
  async () => {
    const { page, faults } = await openTab(browser, server.url);
    const session = await page.context().newCDPSession(page);
    await hurry(page);
    await visit(page, server.url, "overview", "Overview");
    await lookAround(page); // what is loaded once is no growth
    await lookAround(page);
    const before = await heapOf(session);
    const until = Date.now() + seconds * 1000;
    while (Date.now() < until) {
      await page.waitForTimeout(Math.min(seconds * 250, 10_000));
      await lookAround(page);
    }
    await page.waitForTimeout(1000);
    const after = await heapOf(session);
    const hour = after + ((after - before) * 3600) / (seconds * perSecond);
    console.log(
      `heap: ${mebibytes(before)} before, ${mebibytes(after)} after ${seconds} s at ${perSecond} points a second, with ${load.commands()} commands of load; an hour would end at ${mebibytes(hour)}`,
    );
    expect(after).toBeLessThan(most);
    expect(hour).toBeLessThan(most);
    expect(faults).toEqual({ errors: [], foreign: [] });
  },
  seconds * 1000 + 90_000,
);

function mebibytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}
