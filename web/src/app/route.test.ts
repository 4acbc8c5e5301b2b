import { expect, test } from "vitest";

import { href, parseRoute } from "./route.ts";

test("an address is read as it was made", () => {
  const hash = href("data", ["a/b", "ü %"], { prefix: "user/ &", sort: "asc" });
  const route = parseRoute(hash);
  expect(route.page).toBe("data");
  expect(route.rest).toEqual(["a/b", "ü %"]);
  expect(route.query.get("prefix")).toBe("user/ &");
  expect(route.query.get("sort")).toBe("asc");
});

test.each(["", "#", "#/"])("%j is no page", (hash) => {
  expect(parseRoute(hash)).toMatchObject({ page: "", rest: [] });
});

test("what is not encoded rightly is taken as it is", () => {
  expect(parseRoute("#/data/%zz").rest).toEqual(["%zz"]);
});
