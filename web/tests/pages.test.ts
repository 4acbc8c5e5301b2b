import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

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
import { startLoad } from "./support/load.ts";
import { Server } from "./support/server.ts";

const pages: [hash: string, heading: string, part?: string][] = [
  ["overview", "Overview"],
  ["data", "Data"],
  ["data?key=user%252Fada", "Data"],
  ["console", "Console"],
  ["engine", "Engine", "Structure"],
  ["engine/clients", "Engine", "Clients"],
  ["engine/slow-log", "Engine", "Slow log"],
  ["engine/configuration", "Engine", "Configuration"],
  ["benchmark", "Benchmark"],
];

let server: Server;
let browser: Browser;
let load: ReturnType<typeof startLoad>;

beforeAll(async () => {
  server = await Server.start();
  await server.put({
    "user/ada": JSON.stringify({ name: "Ada", born: 1815, roles: ["author"] }),
    "user/grace": "Grace",
  });
  load = startLoad(server.url);
  browser = await launch();
});

afterAll(async () => {
  load?.stop();
  await browser?.close();
  await server?.close();
});

/** How long a page is looked at while it moves, in ms. */
const watched = 800;

describe.each(Object.keys(forms) as Form[])("in the form %s", (form) => {
  test("every page shows itself under load, without errors and without barriers", async () => {
    const { page, faults } = await openTab(browser, server.url, form);
    for (const [hash, heading, part] of pages) {
      await visit(page, server.url, hash, heading);
      if (part !== undefined)
        await page.locator("[aria-current]").getByText(part, { exact: true }).waitFor();
      await page.waitForTimeout(watched);
      await screenshot(page, hash.replace(/\W+/g, "-"), form);
      await expectFits(page, `${hash} as ${form}`);
      await expectAccessible(page, `${hash} as ${form}`);
      expect(await page.getByRole("alert").allTextContents(), hash).toEqual([]);
    }
    expect(faults).toEqual({ errors: [], foreign: [] });
    await page.context().close();
  }, 120_000);
});

test("the pages are reached by keyboard", async () => {
  const { page } = await openTab(browser, server.url);
  await visit(page, server.url, "overview", "Overview");
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("Skip");
  const data = page.getByRole("link", { name: "Data" });
  for (let i = 0; i < 10 && !(await data.evaluate((e) => e === document.activeElement)); i++)
    await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Data" }).waitFor();
  await page.getByRole("listbox", { name: "Keys" }).focus();
  await page.getByRole("option", { name: /^load\/0/ }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 2, name: /^load\// }).waitFor();
  await page.context().close();
});
