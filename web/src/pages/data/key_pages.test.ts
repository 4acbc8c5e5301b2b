import { expect, test } from "vitest";

import type { scanKeys } from "../../api/scan.ts";
import { keyOfText, type Key } from "../../lib/key.ts";
import { KeyPages } from "./key_pages.ts";

const bounds = { keyspace: "", prefix: "" as Key };

function keysUpTo(count: number): Key[] {
  return Array.from({ length: count }, (_, i) => keyOfText(String(i).padStart(7, "0")));
}

/** Scans a sorted list, as the server would. */
function scanOf(all: Key[]): typeof scanKeys {
  return async ({ start, end, limit }) => {
    const found = all.filter((k) => (!start || k >= start) && (!end || k < end));
    return {
      keys: found.slice(0, limit).map((key) => ({ key, expiresAt: null })),
      more: found.length > limit,
    };
  };
}

async function settle() {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

/** Looks at the last rows until there are no more. */
async function readAll(pages: KeyPages) {
  while (pages.hasMore) {
    pages.look(pages.count, pages.count);
    await settle();
  }
}

test("all keys come in order, and few are kept", async () => {
  const all = keysUpTo(60_500);
  const pages = new KeyPages(bounds, scanOf(all));
  await readAll(pages);
  expect(pages.count).toBe(all.length);
  expect(pages.kept).toBeLessThanOrEqual(24_000);
  for (const row of [60_499, 0, 30_000, 999, 1000, 59_999]) {
    pages.look(row, row);
    await settle();
    expect(pages.at(row)?.key).toBe(all[row]);
  }
});

test("what was written meanwhile is neither skipped nor repeated", async () => {
  const all = keysUpTo(40_000);
  const pages = new KeyPages(bounds, scanOf(all));
  await readAll(pages);
  const added = Array.from({ length: 3500 }, (_, i) =>
    keyOfText(`0000500+${String(i).padStart(4, "0")}`),
  );
  all.splice(501, 0, ...added);
  all.splice(20_000, 10);
  all.sort();
  const seen: Key[] = [];
  for (let row = 0; row < pages.count; row++) {
    pages.look(row, row);
    if (!pages.at(row)) await settle();
    seen.push(pages.at(row)!.key);
    if (row > 12_000) break;
  }
  expect(seen).toEqual(all.slice(0, seen.length));
});

test("an error is told, and tried again", async () => {
  let broken = true;
  const scan = scanOf(keysUpTo(10));
  const pages = new KeyPages(bounds, (...args) =>
    broken ? Promise.reject(new Error("no")) : scan(...args),
  );
  pages.look(0, 0);
  await settle();
  expect(String(pages.error)).toContain("no");
  broken = false;
  pages.retry();
  pages.look(0, 0);
  await settle();
  expect(pages.error).toBeNull();
  expect(pages.count).toBe(10);
});
