import { mkdir } from "node:fs/promises";

import axe from "axe-core";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { expect } from "vitest";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const screenshots = new URL("../../../target/screenshots/", import.meta.url).pathname;

/** The forms in which a page is looked at. */
export const forms = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  phone: {
    colorScheme: "light",
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
    deviceScaleFactor: 2,
  },
} satisfies Record<string, BrowserContextOptions>;

export type Form = keyof typeof forms;

export function launch(): Promise<Browser> {
  // Root has no sandbox there, as in most containers.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args });
}

/** What a page did that it must not. */
export interface Faults {
  /** Errors that it wrote to the console, or did not catch. */
  errors: string[];
  /** Requests to anybody but the server. */
  foreign: string[];
}

/** Opens a tab that notes its faults. */
export async function openTab(
  browser: Browser,
  url: string,
  form: Form = "light",
): Promise<{ page: Page; faults: Faults }> {
  const context = await browser.newContext({ ...forms[form], acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const faults: Faults = { errors: [], foreign: [] };
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      faults.errors.push(message.text());
  });
  page.on("pageerror", (error) => faults.errors.push(String(error)));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (origin !== new URL(url).origin && protocol !== "blob:") faults.foreign.push(request.url());
  });
  return { page, faults };
}

/** Goes to a page of the dashboard, and waits until it shows what it has asked for. */
export async function visit(page: Page, url: string, hash: string, heading: string) {
  await page.goto(`${url}/#/${hash}`);
  await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
  await page.getByText(/^Loading /).waitFor({ state: "detached" });
}

export async function screenshot(page: Page, name: string, form: Form) {
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path: `${screenshots}${name}-${form}.png` });
}

/** Fails if the page has a fault of accessibility that is serious or worse. */
export async function expectAccessible(page: Page, where: string) {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const results = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    return results.violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(
        ({ id, help, nodes }) =>
          `${id}: ${help}: ${nodes.map(({ target, failureSummary }) => `${target.join(" ")} ${failureSummary}`).join("; ")}`,
      );
  });
  expect(found, where).toEqual([]);
}

/** Fails if the page is wider than the window. */
export async function expectFits(page: Page, where: string) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(over, `${where} is wider than the window`).toBeLessThanOrEqual(0);
}
