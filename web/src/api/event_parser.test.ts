import { expect, test } from "vitest";

import { EventParser } from "./event_parser.ts";

const stream = 'id: 8\n\n: a comment\nevent: put\ndata: {"a":1}\n\ndata: two\ndata:lines\n\n';
const events = [
  { type: "put", data: '{"a":1}' },
  { type: "message", data: "two\nlines" },
];

test("a stream is read whole", () => {
  expect(new EventParser().feed(stream)).toEqual(events);
});

test.each(["\n", "\r\n", "\r"])(
  "a stream is read in any pieces, with lines that end by %j",
  (end) => {
    const text = stream.replaceAll("\n", end) + (end === "\r" ? ":" : "");
    for (let size = 1; size < text.length; size++) {
      const parser = new EventParser();
      const seen = [];
      for (let at = 0; at < text.length; at += size) {
        seen.push(...parser.feed(text.slice(at, at + size)));
      }
      expect(seen).toEqual(events);
    }
  },
);

test("an event that has not ended is none", () => {
  expect(new EventParser().feed("event: put\ndata: 1\n")).toEqual([]);
});
