import { expect, test } from "vitest";

import { bytesOfHex, formatJSON, hexLine, hexOf, looksLikeJSON } from "./value.ts";

test.each([
  "null",
  "[]",
  "{}",
  '{"a":[],"b":{},"c":[{}],"d":[[1,2],{"e":null}]}',
  '[1,-2.5,true,"x, [y] {z}: \\"q\\" \\\\"]',
  '{"deep":{"deeper":{"deepest":[1,{"x":[]}]}}}',
])("%s is formatted as JSON.stringify would", (text) => {
  expect(formatJSON(text)).toBe(JSON.stringify(JSON.parse(text), null, 2));
});

test("long numbers stay as they are", () => {
  expect(formatJSON('{"id":12345678901234567890,"x":1.10}')).toBe(
    '{\n  "id": 12345678901234567890,\n  "x": 1.10\n}',
  );
});

test("what is nested very deep stays as it is", () => {
  const text = "[".repeat(100_000) + "]".repeat(100_000);
  expect(formatJSON(text)).toBe(text);
});

test("what is no JSON", () => {
  for (const text of ["", "{", "[1,]", "abc"]) expect(formatJSON(text)).toBeNull();
  expect(looksLikeJSON("12")).toBe(false);
  expect(looksLikeJSON(' {"a":1}')).toBe(true);
});

test("a line of a dump", () => {
  const bytes = new TextEncoder().encode("0123456789abcdefgh\n");
  expect(hexLine(bytes, 16)).toEqual({
    offset: "00000010",
    hex: "67 68 0a".padEnd(48),
    ascii: "gh·",
  });
  expect(hexLine(bytes, 0).hex).toBe("30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66");
});

test("hexadecimal digits are read as they are written", () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i * 6);
  expect(bytesOfHex(hexOf(bytes))).toEqual(bytes);
  expect(bytesOfHex("")).toEqual(new Uint8Array());
  for (const wrong of ["0", "0g", "00 1"]) expect(bytesOfHex(wrong)).toBeNull();
});
