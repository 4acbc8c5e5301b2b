import { expect, test } from "vitest";

import type { Labelled, Result } from "./types.ts";
import { decadesOf, position, ratio, rowsOf, titleOf } from "./workloads.ts";

function labelled(label: string, ...results: Partial<Result>[]): Labelled {
  return { label, report: { results } as Labelled["report"] };
}

const one = { name: "scan", p50_us: 0.25, max_us: 830 };
const two = { name: "random_reads", p50_us: 1, max_us: 10_000 };

test("workloads of all reports stand side by side", () => {
  const rows = rowsOf([labelled("a", one), labelled("b", two, one)]);
  expect(rows.map((row) => [row.name, row.results.map((r) => r !== null)])).toEqual([
    ["scan", [true, true]],
    ["random_reads", [false, true]],
  ]);
});

test("the scale has all latencies", () => {
  expect(decadesOf(rowsOf([labelled("a", one, two)]))).toEqual([0.1, 10_000]);
  expect(decadesOf(rowsOf([labelled("a", { name: "x", p50_us: 10, max_us: 10 })]))).toEqual([
    10, 100,
  ]);
  expect(decadesOf([])).toEqual([0.1, 10]);
});

test("the place on the scale", () => {
  expect(position(1, [0.1, 10])).toBeCloseTo(0.5);
  expect(position(0, [0.1, 10])).toBe(0);
  expect(position(100, [0.1, 10])).toBe(1);
});

test("ratios and titles", () => {
  expect(ratio(3, 2)).toBe("×1.50");
  expect(ratio(3, 0)).toBe("");
  expect(titleOf("scan")).toBe("Scan");
  expect(titleOf("a_new_one")).toBe("a new one");
});
