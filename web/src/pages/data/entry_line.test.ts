import { expect, test } from "vitest";

import { entryOf } from "./entry_line.ts";

test("an entry of an export", () => {
  const entry = { key_text: "a", value: "AA==", version: 7, expires_at: 1795415353383 };
  expect(entryOf(JSON.stringify(entry), 1)).toEqual(entry);
});

test.each([
  ["{", "line 3 is not JSON"],
  ["[]", "line 3 is not a JSON object"],
  ["null", "line 3 is not a JSON object"],
  ['{"op":"delete","key_text":"a"}', 'line 3 has an unknown member "op"'],
])("%s is refused", (text, message) => {
  expect(() => entryOf(text, 3)).toThrow(message);
});
