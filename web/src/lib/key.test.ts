import { expect, test } from "vitest";

import {
  bytesOfKey,
  compareKeys,
  fitsPath,
  keyBehind,
  keyOfBytes,
  keyOfText,
  readKey,
  showKey,
} from "./key.ts";

const bytes = (...b: number[]) => Uint8Array.from(b);

test("any bytes have one form, which gives them back", () => {
  for (let first = 0; first < 256; first++) {
    for (const second of [0, 0x25, 0x2f, 0x41, 0x7f, 0x80, 0xc3, 0xff]) {
      const key = keyOfBytes(bytes(first, second));
      expect(bytesOfKey(key)).toEqual(bytes(first, second));
      expect(key).toMatch(/^([A-Za-z0-9\-_.!~*'()]|%[0-9A-F]{2})+$/);
    }
  }
});

test("text and its bytes have the same form", () => {
  for (const text of ["user/1", "a b+c&d=e", "grüße", "日本", "😀", "100%", "\ufeffmark"]) {
    expect(keyOfBytes(new TextEncoder().encode(text))).toBe(keyOfText(text));
  }
});

test("what is shown can be written, and means the same", () => {
  for (const of of [
    bytes(0x41, 0xff, 0x42),
    bytes(0x5c, 0x78, 0x34, 0x31),
    bytes(0x5c, 0xfe),
    bytes(0, 9, 10, 13, 0x1f, 0x7f),
    new TextEncoder().encode("grüße \u202e\\ 😀"),
  ]) {
    const key = keyOfBytes(of);
    expect(bytesOfKey(readKey(showKey(key)))).toEqual(of);
  }
});

test("what is shown", () => {
  expect(showKey(keyOfText("user/ada"))).toBe("user/ada");
  expect(showKey(keyOfText("a\\b\nc"))).toBe("a\\\\b\\x0ac");
  expect(showKey(keyOfText("x\u202ey"))).toBe("x\\xe2\\x80\\xaey");
  expect(showKey(keyOfBytes(bytes(0x61, 0xff)))).toBe("a\\xff");
});

test("a lone backslash stands for itself", () => {
  expect(readKey("C:\\dir")).toBe(keyOfText("C:\\dir"));
  expect(readKey("end\\")).toBe(keyOfText("end\\"));
});

test("the key behind", () => {
  expect(bytesOfKey(keyBehind(keyOfText("a")))).toEqual(bytes(0x61, 0));
});

test("steps of a path", () => {
  expect([".", "..", "...", "./a"].map((t) => fitsPath(keyOfText(t)))).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

test("the order is that of the bytes", () => {
  const ordered = [
    bytes(0),
    bytes(0x25),
    bytes(0x25, 0),
    bytes(0x41),
    bytes(0x41, 0x41),
    bytes(0xc3),
    bytes(0xff),
  ].map(keyOfBytes);
  expect(ordered.toReversed().sort(compareKeys)).toEqual(ordered);
});
