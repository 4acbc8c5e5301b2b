import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { launch, openTab, screenshot, visit } from "./support/browser.ts";
import { Server } from "./support/server.ts";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  server = await Server.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

test("a lost connection is said, and healed", async () => {
  const { page, faults } = await openTab(browser, server.url);
  await visit(page, server.url, "overview", "Overview");
  await page.waitForTimeout(1000);
  expect(await page.getByText("Connection lost").count()).toBe(0);
  await server.kill();
  await page.getByText("Connection lost").waitFor();
  await screenshot(page, "connection-lost", "light");
  // It goes on: what it shows is asked for anew.
  const asked = page.waitForResponse(
    (response) => response.url().includes("/api/v1/figures/stream"),
    {
      timeout: 30_000,
    },
  );
  await server.run();
  await page.getByText("Connection lost").waitFor({ state: "detached" });
  expect((await asked).status()).toBe(200);
  // The browser itself tells of what it could not load.
  expect(
    faults.errors.filter(
      (text) =>
        !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/.test(
          text,
        ),
    ),
  ).toEqual([]);
  await page.context().close();
});
