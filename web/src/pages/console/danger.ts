import { wordsOf } from "./words.ts";

/** What commands do that cannot be undone, by their names. */
const losses: Record<string, string> = {
  FLUSHALL: "removes all keys of all databases",
  FLUSHDB: "removes all keys of the database",
  SHUTDOWN: "ends the server",
  SWAPDB: "exchanges all keys of two databases, under all clients",
};

/** What a line would do that should be asked for first; null if it is harmless enough. */
export function dangerOf(line: string): { name: string; loss: string } | null {
  const { ended, last } = wordsOf(line);
  const name = (ended[0] ?? last).toUpperCase();
  const loss = losses[name];
  return loss ? { name, loss } : null;
}
