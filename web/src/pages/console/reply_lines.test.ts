import { expect, test } from "vitest";

import type { Reply } from "../../api/console.ts";
import { replyLines } from "./reply_lines.ts";

const string = (text: string): Reply => ({ type: "string", text });
const shown = (reply: Reply) => replyLines(reply).map(({ indent, text }) => indent + text);

test.each<[Reply, string]>([
  [{ type: "null" }, "(nil)"],
  [{ type: "simple", text: "OK" }, "OK"],
  [{ type: "error", text: "ERR no" }, "(error) ERR no"],
  [{ type: "integer", text: "7" }, "(integer) 7"],
  [{ type: "double", text: "1.5" }, "(double) 1.5"],
  [string('a "b"\n'), '"a \\"b\\"\\n"'],
  [{ type: "string", bytes: "AP8i" }, '"\\x00\\xff\\""'],
  [{ type: "string", text: "ab", cut: 1200 }, '"ab" … 1,200 bytes more'],
  [{ type: "array", items: [] }, "(empty array)"],
])("%j", (reply, text) => expect(shown(reply)).toEqual([text]));

test("what has items is numbered and indented", () => {
  const inner: Reply = { type: "array", items: [string("x"), { type: "null" }] };
  expect(shown({ type: "array", items: [string("0"), inner, string("z")], cut: 5 })).toEqual([
    '1) "0"',
    '2) 1) "x"',
    "   2) (nil)",
    '3) "z"',
    "… 5 more were left out",
  ]);
});

test("a map has its keys before the values", () => {
  const items = [
    string("a"),
    string("1"),
    string("b"),
    { type: "array", items: [string("2"), string("3")] } as Reply,
  ];
  expect(shown({ type: "map", items })).toEqual([
    '1# "a" => "1"',
    '2# "b" => 1) "2"',
    '     2) "3"',
  ]);
});
