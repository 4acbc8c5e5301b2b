import { expect, test, vi } from "vitest";

import type { Point } from "./figures.ts";

vi.stubGlobal("sessionStorage", { getItem: () => null });
const { merge } = await import("./live.ts");

const start = Date.parse("2026-01-01T00:00:00Z");

/** A point so many seconds after the start, told by one of the two sources. */
function at(second: number, source = 0): Point {
  const time = new Date(start + second * 1000).toISOString();
  return { time, span_nanos: 1e9, clients: source } as Point;
}

function seconds(points: readonly Point[]): number[] {
  return points.map((point) => (Date.parse(point.time) - start) / 1000);
}

test("points come into their order", () => {
  expect(seconds(merge([at(3)], [at(1), at(2)], 100))).toEqual([1, 2, 3]);
});

test("of two at about one time the first stays", () => {
  const merged = merge([at(1), at(2)], [at(1.2, 1), at(3, 1)], 100);
  expect(seconds(merged)).toEqual([1, 2, 3]);
  expect(merged.map((point) => point.clients)).toEqual([0, 0, 1]);
});

test("what is too old is dropped", () => {
  expect(seconds(merge([at(0), at(1), at(2)], [at(12)], 10))).toEqual([2, 12]);
});
