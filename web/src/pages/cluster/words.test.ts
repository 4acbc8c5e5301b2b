import { expect, test } from "vitest";

import { counted, listed, named } from "./words.ts";

test("names are listed as in a sentence, and many are counted", () => {
  expect(listed([])).toBe("");
  expect(listed([3])).toBe("3");
  expect(listed([3, 4])).toBe("3 and 4");
  expect(listed([3, 4, 5])).toBe("3, 4 and 5");
  expect(listed([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toBe("1, 2, 3, 4, 5, 6, 7, 8 and 2 more");
});

test("one is not many", () => {
  expect(counted(1, "replica")).toBe("1 replica");
  expect(counted(0, "replica")).toBe("0 replicas");
  expect(named("Shard", [7])).toBe("Shard 7");
  expect(named("Shard", [7, 9])).toBe("Shards 7 and 9");
});
