import type { Reply } from "../../api/console.ts";
import { fromBase64 } from "../../lib/base64.ts";
import { formatCount } from "../../lib/number.ts";

/** A part of a line: what comes before the value, the value, and what it is. */
export interface ReplyLine {
  indent: string;
  text: string;
  kind: "string" | "number" | "error" | "status" | "none" | "note";
}

/** A reply as redis-cli prints it: a line for each value, items numbered and indented. */
export function replyLines(reply: Reply): ReplyLine[] {
  const lines: ReplyLine[] = [];
  append(lines, reply, "", "");
  return lines;
}

function append(lines: ReplyLine[], reply: Reply, first: string, rest: string) {
  if (!reply.items) {
    lines.push({ indent: first, ...scalar(reply) });
    return;
  }
  if (reply.items.length === 0 && !reply.cut) {
    lines.push({ indent: first, text: `(empty ${reply.type})`, kind: "none" });
    return;
  }
  const isMap = reply.type === "map";
  const count = isMap ? Math.ceil(reply.items.length / 2) : reply.items.length;
  const width = String(count).length;
  const mark = { map: "#", set: "~" }[reply.type as string] ?? ")";
  for (let i = 0; i < count; i++) {
    const number = `${String(i + 1).padStart(width)}${mark} `;
    const before = (i === 0 ? first : rest) + number;
    const under = rest + " ".repeat(number.length);
    if (isMap) appendPair(lines, reply.items[2 * i]!, reply.items[2 * i + 1], before, under);
    else append(lines, reply.items[i]!, before, under);
  }
  if (reply.cut) {
    const text = `… ${formatCount(reply.cut)} more were left out`;
    lines.push({ indent: rest, text, kind: "note" });
  }
}

function appendPair(
  lines: ReplyLine[],
  key: Reply,
  value: Reply | undefined,
  before: string,
  under: string,
) {
  const name = scalar(key).text;
  if (value) append(lines, value, `${before}${name} => `, `${under}  `);
  else lines.push({ indent: before, text: name, kind: "note" });
}

function scalar(reply: Reply): Omit<ReplyLine, "indent"> {
  const text = reply.text ?? "";
  switch (reply.type) {
    case "null":
      return { text: "(nil)", kind: "none" };
    case "error":
      return { text: `(error) ${text}`, kind: "error" };
    case "simple":
      return { text, kind: "status" };
    case "integer":
    case "double":
    case "big":
    case "boolean":
      return {
        text: `(${reply.type === "big" ? "big number" : reply.type}) ${text}`,
        kind: "number",
      };
    case "verbatim":
      return { text, kind: "string" };
  }
  const quoted =
    reply.bytes === undefined ? JSON.stringify(text) : quoteBytes(fromBase64(reply.bytes));
  const cut = reply.cut ? ` … ${formatCount(reply.cut)} bytes more` : "";
  return { text: quoted + cut, kind: "string" };
}

/** Bytes in quotes, those that are no visible ASCII as \xff. */
function quoteBytes(bytes: Uint8Array): string {
  const inner = Array.from(bytes, (byte) => {
    const c = String.fromCharCode(byte);
    if (c === '"' || c === "\\") return `\\${c}`;
    return byte >= 0x20 && byte < 0x7f ? c : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `"${inner.join("")}"`;
}
