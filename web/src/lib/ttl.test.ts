import { expect, test } from "vitest";

import { readDuration } from "./ttl.ts";

test.each([
  ["30", 30_000],
  ["30s", 30_000],
  ["250ms", 250],
  ["1h15m", 4_500_000],
  ["1.5h", 5_400_000],
  ["2 d 3 h", 183_600_000],
])("%s", (text, millis) => expect(readDuration(text)).toBe(millis));

test.each(["", "0", "0s", "-1s", "h", "1x", "1h2", "soon"])("%s is no duration", (text) => {
  expect(readDuration(text)).toBeNull();
});
