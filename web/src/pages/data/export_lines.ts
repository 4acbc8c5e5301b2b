import { scanLines } from "../../api/scan.ts";
import type { Key } from "../../lib/key.ts";

/** How many characters are gathered before the browser is given them to keep. */
const chunkLength = 4 << 20;

/**
 * The entries of a keyspace with a prefix as a file, one JSON object a line, as of one moment.
 * The browser keeps it outside of the page's memory, on disk if it is large.
 */
export async function exportLines(
  keyspace: string,
  prefix: Key,
  signal: AbortSignal,
  onProgress: (entries: number) => void,
): Promise<{ file: Blob; entries: number }> {
  const type = "application/x-ndjson";
  const parts: Blob[] = [];
  let chunk: string[] = [];
  let length = 0;
  let entries = 0;
  function keep() {
    parts.push(new Blob(chunk, { type }));
    [chunk, length] = [[], 0];
    onProgress(entries);
  }
  await scanLines(keyspace, { prefix }, signal, (line) => {
    chunk.push(line, "\n");
    length += line.length + 1;
    entries++;
    if (length >= chunkLength) keep();
  });
  keep();
  return { file: new Blob(parts, { type }), entries };
}
