import { expect, test } from "vitest";

import { formatBytes } from "./bytes.ts";
import { formatNanos } from "./duration.ts";
import { formatShare, formatShort } from "./number.ts";
import { formatAgo } from "./time.ts";

test.each([
  [0, "0"],
  [0.25, "0.25"],
  [7, "7"],
  [12.34, "12.3"],
  [999, "999"],
  [999.6, "1k"],
  [1234, "1.23k"],
  [999_600, "1M"],
  [1_500_000, "1.5M"],
  [-1234, "-1.23k"],
  [NaN, "–"],
])("%d in short is %s", (n, text) => expect(formatShort(n)).toBe(text));

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "0.98 KiB"],
  [1536, "1.5 KiB"],
  [1 << 20, "1 MiB"],
  [1023 * 1024, "1 MiB"],
  [5.5 * 2 ** 40, "5.5 TiB"],
])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [0, "0"],
  [12, "12 ns"],
  [999.9, "1 µs"],
  [1250, "1.25 µs"],
  [3.5e6, "3.5 ms"],
  [59.94e9, "59.9 s"],
  [59.96e9, "1 min"],
  [95e9, "1 min 35 s"],
  [3599e9, "59 min"],
  [3900e9, "1 h 5 min"],
  [7200e9, "2 h"],
  [100 * 3600e9, "4 d 4 h"],
])("%d ns are %s", (nanos, text) => expect(formatNanos(nanos)).toBe(text));

test.each([
  [0, "0 %"],
  [0.5, "50.0 %"],
  [0.99999, "> 99.9 %"],
  [1, "100 %"],
  [NaN, "–"],
])("the share %d is %s", (share, text) => expect(formatShare(share)).toBe(text));

test("a time ago is told in whole seconds", () => {
  const now = Date.parse("2026-01-01T00:01:35.700Z");
  expect(formatAgo("2026-01-01T00:00:00Z", now)).toBe("1 min 35 s ago");
  expect(formatAgo("2026-01-01T00:01:35Z", now)).toBe("just now");
});
