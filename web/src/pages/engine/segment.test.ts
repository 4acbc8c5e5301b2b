import { expect, test } from "vitest";

import type { Segment } from "../../api/engine.ts";
import { segmentInWords, shownKey, stretchesOf } from "./segment.ts";

const segment = (id: number, over: Partial<Segment> = {}): Segment => ({
  id,
  bytes: 100,
  raw_bytes: 300,
  entries: 1234,
  tombstones: 0,
  smallest: "YQ==",
  largest: "/w==",
  busy: false,
  ...over,
});

test("keys are shown as they are elsewhere, and cut", () => {
  expect(shownKey("/w==")).toBe("\\xff");
  expect(shownKey(btoa("k".repeat(100)))).toBe(`${"k".repeat(60)}…`);
});

test("a segment in words", () => {
  expect(segmentInWords(segment(7, { tombstones: 5, busy: true }))).toBe(
    "Segment 7 · 100 B · 1,234 entries · 5 tombstones · being compacted · a … \\xff",
  );
});

test("each segment is a stretch while there are few", () => {
  const stretches = stretchesOf([segment(1), segment(2, { busy: true })], 10);
  expect(stretches.map(({ count, busy }) => [count, busy])).toEqual([
    [1, false],
    [1, true],
  ]);
});

test("neighbours are put together, and nothing is lost", () => {
  const many = Array.from({ length: 4096 }, (_, i) => segment(i, { busy: i === 4095 }));
  const stretches = stretchesOf(many, 200);
  expect(stretches.length).toBeLessThanOrEqual(200);
  expect(stretches.reduce((sum, stretch) => sum + stretch.count, 0)).toBe(4096);
  expect(stretches.reduce((sum, stretch) => sum + stretch.bytes, 0)).toBe(409_600);
  expect(stretches.filter((stretch) => stretch.busy).length).toBe(1);
});
