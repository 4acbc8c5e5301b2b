import { readFile } from "node:fs/promises";

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import {
  expectAccessible,
  launch,
  openTab,
  screenshot,
  visit,
  type Faults,
} from "./support/browser.ts";
import { Server } from "./support/server.ts";

let server: Server;
let browser: Browser;
let page: Page;
let faults: Faults;

beforeAll(async () => {
  server = await Server.start();
  browser = await launch();
  ({ page, faults } = await openTab(browser, server.url));
  await visit(page, server.url, "data", "Data");
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const press = (name: string | RegExp) => page.getByRole("button", { name, exact: true }).click();
const dialog = () => page.getByRole("dialog");
const list = () => page.getByRole("listbox", { name: "Keys" });
const value = () => page.getByRole("region", { name: "Value" });

test("a key is put", async () => {
  await press("New key");
  await dialog().getByLabel("Key").fill("user/ada");
  await dialog().getByLabel("Value").fill('{"name":"Ada","born":1815}');
  await expectAccessible(page, "the dialog of a new key");
  await dialog().getByRole("button", { name: "Store" }).click();
  await list().getByRole("option", { name: "user/ada" }).waitFor();
  expect(await server.get("user/ada")).toBe('{"name":"Ada","born":1815}');
});

test("a key that is there is not overwritten by a new one", async () => {
  await press("New key");
  await dialog().getByLabel("Key").fill("user/ada");
  await dialog().getByRole("button", { name: "Store" }).click();
  await dialog().getByText("There is a key of this name").waitFor();
  await dialog().getByRole("button", { name: "Cancel" }).click();
  expect(await server.get("user/ada")).toContain("Ada");
  // The browser itself tells of an answer of 412.
  faults.errors = faults.errors.filter((text) => !text.includes("412"));
});

test("a key is found by its prefix", async () => {
  await server.put({ "order/1": "tea", "order/2": "coffee", "user/grace": "Grace" });
  await press("Refresh");
  await page.getByLabel("Prefix of the keys").fill("order/");
  await page.getByText("2 keys", { exact: true }).waitFor();
  expect(await list().getByRole("option").allTextContents()).toEqual(["order/1", "order/2"]);
  await page.getByLabel("Prefix of the keys").fill("user/");
  await list().getByRole("option", { name: "user/ada" }).click();
  await value().waitFor();
});

test("a value is seen as JSON, text and hexadecimal digits", async () => {
  expect(await value().innerText()).toContain('{\n  "name": "Ada",\n  "born": 1815\n}');
  await page.getByText("Hex", { exact: true }).click();
  expect(await value().innerText()).toContain("7b 22 6e 61 6d 65 22 3a  22 41 64 61");
  await page.getByText("Text", { exact: true }).click();
  expect(await value().innerText()).toContain('{"name":"Ada","born":1815}');
});

test("a value is edited", async () => {
  await press("Edit");
  const editor = page.getByLabel("Value", { exact: true });
  await editor.fill('{"name":"Ada"');
  await page.getByText(/No longer JSON/).waitFor();
  await editor.fill('{"name":"Ada","born":1816}');
  await press("Save");
  await value().waitFor();
  expect(await server.get("user/ada")).toBe('{"name":"Ada","born":1816}');
});

test("an edit does not overwrite a newer value unasked", async () => {
  await press("Edit");
  await page.getByLabel("Value", { exact: true }).fill("mine");
  await server.put({ "user/ada": "theirs" });
  await press("Save");
  await page.getByRole("button", { name: "Overwrite the newer value" }).waitFor();
  expect(await server.get("user/ada")).toBe("theirs");
  await press("Overwrite the newer value");
  await value().waitFor();
  expect(await server.get("user/ada")).toBe("mine");
  faults.errors = faults.errors.filter((text) => !text.includes("412"));
});

test("an edit is neither lost nor taken for one of the newer value by a look at what is new", async () => {
  await press("Edit");
  const editor = page.getByLabel("Value", { exact: true });
  await editor.fill("still mine");
  await server.put({ "user/ada": "theirs again" });
  const read = page.waitForResponse(/kv\/user%2Fada$/);
  await press("Refresh");
  await read;
  await editor.press("Escape");
  expect(await editor.inputValue()).toBe("still mine");
  await press("Save");
  await page.getByRole("button", { name: "Overwrite the newer value" }).waitFor();
  expect(await server.get("user/ada")).toBe("theirs again");
  await press("Cancel");
  await value().getByText("theirs again").waitFor();
  faults.errors = faults.errors.filter((text) => !text.includes("412"));
});

test("what was typed is not left unsaved without a question", async () => {
  await press("Edit");
  const editor = page.getByLabel("Value", { exact: true });
  await editor.fill("half a thought");
  const stay = page.waitForEvent("dialog").then((dialog) => dialog.dismiss());
  await page.evaluate(() => (location.hash = "overview"));
  await stay;
  expect(await editor.inputValue()).toBe("half a thought");
  expect(page.url()).toContain("#/data");
  await press("Cancel");
  await value().waitFor();
});

test("the ends of lines stay as they are", async () => {
  await server.put({ "user/ada": "one\r\ntwo" });
  await press("Refresh");
  await value().getByText("two").waitFor();
  await press("Edit");
  const editor = page.getByLabel("Value", { exact: true });
  await editor.press("Control+End");
  await editor.pressSequentially("\nthree");
  await press("Save");
  await value().waitFor();
  expect(await server.get("user/ada")).toBe("one\r\ntwo\r\nthree");
});

test("the prefix follows the address", async () => {
  const prefix = page.getByLabel("Prefix of the keys");
  await page.getByRole("link", { name: "Data" }).click();
  await expect.poll(() => prefix.inputValue()).toBe("");
  await page.getByText("4 keys", { exact: true }).waitFor();
  await page.goBack();
  await expect.poll(() => prefix.inputValue()).toBe("user/");
  await list().getByRole("option", { name: "user/ada" }).waitFor();
  await value().getByText("three").waitFor();
});

test("a time to live is set, shown, kept by an edit, and taken away", async () => {
  await press("TTL");
  await dialog().getByLabel("Expire in").fill("1h");
  await dialog().getByRole("button", { name: "Set" }).click();
  await page.getByText(/expires in (59 min|1 h)/).waitFor();
  await press("Edit");
  await page.getByLabel("Value", { exact: true }).fill("still with a life");
  await press("Save");
  await page.getByText(/expires in (59 min|1 h)/).waitFor();
  await press("TTL");
  await dialog().getByRole("button", { name: "Keep for ever" }).click();
  await page.getByText("never expires").waitFor();
});

test("an entry expires before one's eyes", async () => {
  await press("TTL");
  await dialog().getByLabel("Expire in").fill("1s");
  await dialog().getByRole("button", { name: "Set" }).click();
  await page.getByText("expired", { exact: true }).first().waitFor();
  await press("Refresh");
  await page.getByText("This key is absent").waitFor();
  expect(await server.get("user/ada")).toBeNull();
  faults.errors = faults.errors.filter((text) => !text.includes("404"));
});

test("a key is deleted after a question, and put back", async () => {
  await list().getByRole("option", { name: "user/grace" }).click();
  await page.getByText("Grace", { exact: true }).waitFor();
  await press("Delete");
  await dialog().getByText("user/grace").waitFor();
  await dialog().getByRole("button", { name: "Cancel" }).click();
  expect(await server.get("user/grace")).toBe("Grace");
  await press("Delete");
  await dialog().getByRole("button", { name: "Delete" }).click();
  await page.getByText("user/grace was deleted").waitFor();
  expect(await server.get("user/grace")).toBeNull();
  await press("Undo");
  await page.getByText("user/grace is back").waitFor();
  expect(await server.get("user/grace")).toBe("Grace");
});

test("to put back does not overwrite what came since", async () => {
  await list().getByRole("option", { name: "user/grace" }).click();
  await press("Delete");
  await dialog().getByRole("button", { name: "Delete" }).click();
  await page.getByText("user/grace was deleted").waitFor();
  await server.put({ "user/grace": "newer" });
  await press("Undo");
  await page.getByText("The key has a new value by now").waitFor();
  expect(await server.get("user/grace")).toBe("newer");
  faults.errors = faults.errors.filter((text) => !text.includes("412"));
});

test("entries are exported, and imported again", async () => {
  await page.getByLabel("Prefix of the keys").fill("order/");
  await page.getByText("2 keys", { exact: true }).waitFor();
  await press("Export");
  const downloading = page.waitForEvent("download");
  await dialog().getByRole("button", { name: "Export" }).click();
  const file = await (await downloading).path();
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { key_text: string }).key_text)).toEqual([
    "order/1",
    "order/2",
  ]);
  await fetch(`${server.url}/api/v1/range?prefix=order/`, { method: "DELETE" });
  await press("Import");
  await dialog().getByLabel("File to import").setInputFiles(file);
  await dialog().getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText("2 entries were imported").waitFor();
  expect(await server.get("order/2")).toBe("coffee");
});

test("a file that is no export is refused by its line", async () => {
  await press("Import");
  const buffer = Buffer.from('{"key_text":"a","value_text":"b"}\nnonsense\n');
  await dialog()
    .getByLabel("File to import")
    .setInputFiles({ name: "x.ndjson", mimeType: "text/plain", buffer });
  await dialog().getByRole("button", { name: "Import", exact: true }).click();
  await dialog().getByText("line 2 is not JSON").waitFor();
  await dialog().getByRole("button", { name: "Close" }).last().click();
  expect(await server.get("a")).toBeNull();
});

test("a keyspace is created, used, and dropped once its name was typed", async () => {
  await press("New keyspace");
  await dialog().getByLabel("Name").fill("archive");
  await dialog().getByRole("button", { name: "Create" }).click();
  await page.getByText("No keys here.").waitFor();
  await press("Drop the keyspace archive");
  const drop = dialog().getByRole("button", { name: "Drop the keyspace" });
  expect(await drop.isDisabled()).toBe(true);
  await dialog().getByLabel(/^Type/).fill("archive");
  await drop.click();
  await page.getByText("The keyspace archive was dropped").waitFor();
});

test("keys and values that are no text are shown, and found", async () => {
  await fetch(`${server.url}/api/v1/kv/%80%01`, {
    method: "PUT",
    body: Uint8Array.from([0, 255, 254]),
  });
  await page.getByLabel("Prefix of the keys").fill("\\x80");
  await list().getByRole("option", { name: "\\x80\\x01" }).click();
  await value().waitFor();
  expect(await value().innerText()).toContain("00 ff fe");
});

/** How many keys are scrolled through. */
const manyKeys = Number(process.env.MANTISDB_WEB_KEYS ?? 50_000);

test("many keys are scrolled through in bounded memory", async () => {
  for (let from = 0; from < manyKeys; from += 10_000) {
    await server.put(
      Object.fromEntries(
        Array.from({ length: 10_000 }, (_, i) => [
          `many/${String(from + i).padStart(9, "0")}`,
          "v",
        ]),
      ),
    );
  }
  await page.getByLabel("Prefix of the keys").fill("many/");
  await list().getByRole("option", { name: "many/000000000" }).waitFor();
  const told = page.getByText(/^[\d,]+ keys/);
  await expect
    .poll(
      async () => {
        await list().evaluate((element) => element.scrollTo(0, element.scrollHeight));
        return told.textContent();
      },
      { interval: 10, timeout: manyKeys },
    )
    .toBe(`${manyKeys.toLocaleString("en")} keys`);
  const last = `many/${String(manyKeys - 1).padStart(9, "0")}`;
  await list().evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await list().getByRole("option", { name: last }).waitFor();
  expect(await list().getByRole("option").count()).toBeLessThan(100);
  await list().focus();
  await page.keyboard.press("Home");
  await list().getByRole("option", { name: "many/000000000" }).waitFor();
  await page.keyboard.press("End");
  await list().getByRole("option", { name: last }).waitFor();
  await screenshot(page, "data-many", "light");
}, 600_000);

test("nothing else went wrong", () => expect(faults).toEqual({ errors: [], foreign: [] }));
