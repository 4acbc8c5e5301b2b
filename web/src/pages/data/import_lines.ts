import { sendJSON } from "../../api/client.ts";
import { keyspacePath } from "../../api/keyspaces.ts";
import { explain } from "../../api/problem.ts";
import { linesOf } from "../../lib/lines.ts";
import { entryOf } from "./entry_line.ts";

/** How many entries go in one batch, and how many characters of lines, at most. */
const batchEntries = 1000;
const batchLength = 4 << 20;

/** What an import has done so far. */
export interface Imported {
  entries: number;
  /** Of the file, in bytes; an estimate. */
  read: number;
}

/**
 * Stores the entries of a file, one JSON object a line, as the exports here and of the command
 * line write them. Each batch is stored whole or not at all.
 */
export async function importLines(
  keyspace: string,
  file: Blob,
  signal: AbortSignal,
  onProgress: (done: Imported) => void,
): Promise<Imported> {
  const done: Imported = { entries: 0, read: 0 };
  let operations: object[] = [];
  let length = 0;
  let first = 1;
  let line = 0;
  async function store() {
    signal.throwIfAborted();
    if (operations.length === 0) return;
    try {
      await sendJSON("POST", `${keyspacePath(keyspace)}kv/batch`, { operations });
    } catch (error) {
      throw new Error(`lines ${first} to ${line}: ${explain(error)}`, { cause: error });
    }
    done.entries += operations.length;
    done.read += length;
    onProgress({ ...done });
    [operations, length, first] = [[], 0, line + 1];
  }
  for await (const text of linesOf(file.stream())) {
    line++;
    length += text.length + 1;
    if (text.trim() === "") continue;
    operations.push({ op: "put", ...entryOf(text, line) });
    if (operations.length === batchEntries || length >= batchLength) await store();
  }
  await store();
  return done;
}
