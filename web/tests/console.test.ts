import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { expectAccessible, launch, openTab, visit, type Faults } from "./support/browser.ts";
import { Server } from "./support/server.ts";

let server: Server;
let browser: Browser;
let page: Page;
let faults: Faults;

beforeAll(async () => {
  server = await Server.start();
  browser = await launch();
  ({ page, faults } = await openTab(browser, server.url));
  await visit(page, server.url, "console", "Console");
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const line = () => page.getByRole("combobox", { name: "Command" });
const offered = () => page.getByRole("listbox", { name: "Commands" });
const replies = () => page.getByRole("log", { name: "Replies" });

async function run(command: string) {
  await line().fill(command);
  await page.keyboard.press("Escape"); // no completion
  await page.keyboard.press("Enter");
}

test("a command is run, and its reply shown", async () => {
  await run('SET greeting "hello world" EX 100');
  await replies().getByText("OK", { exact: true }).waitFor();
  expect(await server.get("greeting")).toBe("hello world");
  await run("INCR greeting");
  await replies().getByText("(error) ERR value is not an integer").waitFor();
  await run("CONFIG GET maxclients");
  await replies().getByText('1# "maxclients" =>').waitFor();
});

test("a name is completed, with help for it", async () => {
  await line().fill("");
  await line().pressSequentially("geted");
  await expect.poll(() => offered().getByRole("option").count()).toBe(0);
  await line().fill("");
  await line().pressSequentially("getd");
  await offered()
    .getByRole("option", { name: /^GETDEL/ })
    .waitFor();
  await expectAccessible(page, "the completion");
  await page.keyboard.press("Tab");
  expect(await line().inputValue()).toBe("GETDEL ");
  await page.getByRole("heading", { level: 2, name: "GETDEL" }).waitFor();
  await page.getByText("GETDEL <key>").first().waitFor();
});

test("the history comes back", async () => {
  await line().fill("half a command");
  await page.keyboard.press("ArrowUp");
  expect(await line().inputValue()).toBe("CONFIG GET maxclients");
  await page.keyboard.press("ArrowUp");
  expect(await line().inputValue()).toBe("INCR greeting");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  expect(await line().inputValue()).toBe("half a command");
});

test("another database is another place", async () => {
  await run("SELECT 3");
  await expect.poll(() => page.getByLabel("Database").inputValue()).toBe("3");
  await run("GET greeting");
  await replies().getByText("(nil)").waitFor();
  await page.getByLabel("Database").selectOption("0");
});

test("what would lose all keys is asked for first", async () => {
  await run("FLUSHALL");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("removes all keys of all databases").waitFor();
  expect(await dialog.getByRole("button", { name: "Run FLUSHALL" }).isDisabled()).toBe(true);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  expect(await server.get("greeting")).toBe("hello world");
});

test("what needs a connection is refused in words", async () => {
  await run("SUBSCRIBE news");
  await replies()
    .getByText(/SUBSCRIBE changes the state of a connection/)
    .waitFor();
  // The browser itself tells of an answer of 400.
  faults.errors = faults.errors.filter((text) => !text.includes("400"));
});

test("nothing else went wrong", () => expect(faults).toEqual({ errors: [], foreign: [] }));
