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

test("what is not UTF-8 is not taken for other text", async () => {
  const latin1 = Uint8Array.of(0x61, 0x0a, 0xe9, 0x0a);
  const read = async () => {
    for await (const line of linesOf(new Blob([latin1]).stream())) expect(line).toBe("a");
  };
  await expect(read()).rejects.toThrow("not UTF-8");
});
