import { expect, test } from "vitest";

import { bytesOfText, editableText } from "./text.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test.each(["", "one", "one\ntwo\n", "one\r\ntwo\r\n", "\r\n", "\ufeffmarked"])(
  "%j is stored as it was read",
  (text) => {
    const read = editableText(bytes(text))!;
    expect(read.text).not.toContain("\r");
    expect(bytesOfText(read)).toEqual(bytes(text));
  },
);

test("a line that is added ends as the others do", () => {
  const read = editableText(bytes("one\r\ntwo"))!;
  expect(bytesOfText({ ...read, text: `${read.text}\nthree` })).toEqual(
    bytes("one\r\ntwo\r\nthree"),
  );
});

test.each(["one\rtwo", "one\r\ntwo\n", "one\n\r", "\r\r\n"])("%j is not edited as text", (text) => {
  expect(editableText(bytes(text))).toBeNull();
});

test("what is not UTF-8 is not edited as text", () => {
  expect(editableText(Uint8Array.of(0xff))).toBeNull();
});
