import { expect, test } from "vitest";

import type { Point } from "../../api/figures.ts";
import { allOps, opsOf } from "./columns.ts";

test("what a batch holds is counted once", () => {
  const ops = { get: 70, put: 20, delete: 5, scan: 5, batch: 10 };
  const point = { ops } as Point;
  expect(opsOf(point)).toEqual({ reads: 75, writes: 25 });
  expect(allOps(point)).toBe(100);
});
