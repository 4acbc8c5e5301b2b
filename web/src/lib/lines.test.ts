import { expect, test } from "vitest";

import { linesOf } from "./lines.ts";

function streamOf(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size)
        controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
}

test("lines come whole, in whatever pieces they arrive", async () => {
  for (const end of ["", "\n"]) {
    for (let size = 1; size < 12; size++) {
      const lines: string[] = [];
      for await (const line of linesOf(streamOf(`ä\n\nlonger line${end}`, size))) lines.push(line);
      expect(lines).toEqual(["ä", "", "longer line"]);
    }
  }
});
