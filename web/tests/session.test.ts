import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { expectAccessible, launch, openTab, screenshot } from "./support/browser.ts";
import { Server } from "./support/server.ts";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  server = await Server.withUsers(
    "user default off\nuser admin on >correct-horse ~* &* +@all\nuser reader on >read-only %R~* +@read +info\n",
  );
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

test("who has no password, or a wrong one, sees nothing; who has it sees all", async () => {
  const { page, faults } = await openTab(browser, server.url);
  await page.goto(server.url);
  await page.getByRole("heading", { name: "Log in to MantisDB" }).waitFor();
  await screenshot(page, "login", "light");
  await expectAccessible(page, "the login");
  expect(await page.getByRole("navigation").count()).toBe(0);
  await page.getByLabel("User").fill("admin");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page
    .getByRole("alert")
    .getByText(/no such user, it is disabled, or the password is another one/)
    .waitFor();
  await page.getByLabel("Password").fill("correct-horse");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.reload(); // the tab remembers
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in to MantisDB" }).waitFor();
  expect(
    await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage })),
  ).not.toContain("Basic");
  // The browser itself tells of each answer of 401.
  expect(faults.errors.filter((text) => !text.includes("401"))).toEqual([]);
  expect(faults.foreign).toEqual([]);
  await page.context().close();
});

test("who may only read is offered nothing else", async () => {
  const { page } = await openTab(browser, server.url);
  await page.goto(`${server.url}/#/data`);
  await page.getByLabel("User").fill("reader");
  await page.getByLabel("Password").fill("read-only");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { level: 1, name: "Data" }).waitFor();
  await page.getByText("No keys here.").waitFor();
  expect(await page.getByRole("button", { name: /New key|Import/ }).count()).toBe(0);
  await page.context().close();
});
