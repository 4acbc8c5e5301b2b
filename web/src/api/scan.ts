import type { Key } from "../lib/key.ts";
import { linesOf } from "../lib/lines.ts";
import { request } from "./client.ts";
import { clockDifference } from "./clock.ts";
import { keyOf, type EntryJSON } from "./entry_json.ts";
import { keyspacePath } from "./keyspaces.ts";
import { Problem } from "./problem.ts";

/** A key without its value. */
export interface KeyInfo {
  key: Key;
  /** Unix milliseconds by the clock here; null for never. */
  expiresAt: number | null;
}

export interface ScanBounds {
  keyspace: string;
  prefix: Key;
}

/** The last line of a scan, which says how it ended. */
interface ScanEnd {
  end?: boolean;
  count?: number;
  next_cursor?: string | null;
  error?: { type: string; title: string; status: number; detail?: string };
}

/** Reads at most `limit` keys from `start` on and before `end`, and says whether there are more. */
export async function scanKeys(
  bounds: ScanBounds & { start?: Key; end?: Key; limit: number },
  signal?: AbortSignal,
): Promise<{ keys: KeyInfo[]; more: boolean }> {
  const asked = { prefix: bounds.prefix, start: bounds.start, end: bounds.end };
  const query = { ...asked, keysOnly: true, limit: bounds.limit };
  const entries: EntryJSON[] = [];
  const { more, difference } = await scanLines(bounds.keyspace, query, signal, (line) => {
    entries.push(JSON.parse(line) as EntryJSON);
  });
  const keys = entries.map((entry) => ({
    key: keyOf(entry),
    expiresAt: entry.expires_at === undefined ? null : entry.expires_at + difference,
  }));
  return { keys, more };
}

interface ScanQuery {
  prefix: Key;
  start?: Key;
  end?: Key;
  limit?: number;
  keysOnly?: boolean;
}

/** How a scan that is whole has ended. */
interface Scanned {
  more: boolean;
  /** What to add to the times in it: see clockDifference. */
  difference: number;
}

/** Calls a function for each entry of a scan, as a line of JSON. */
export async function scanLines(
  keyspace: string,
  query: ScanQuery,
  signal: AbortSignal | undefined,
  onLine: (line: string) => void,
): Promise<Scanned> {
  const response = await request(`${keyspacePath(keyspace)}scan?${searchOf(query)}`, { signal });
  const difference = clockDifference(response);
  let last: string | undefined;
  for await (const line of linesOf(response.body!)) {
    if (last !== undefined) onLine(last);
    last = line;
  }
  const end = (last === undefined ? {} : JSON.parse(last)) as ScanEnd;
  if (end.error) {
    const { type, title, status, detail } = end.error;
    throw new Problem(status, type.split("#")[1] ?? "", title, detail ?? "");
  }
  if (!end.end) throw new Error("the server broke off before the end of the scan");
  return { more: end.next_cursor != null, difference };
}

/** Keys are percent-encoded already. */
function searchOf({ prefix, start, end, limit, keysOnly }: ScanQuery): string {
  const parts = ["encoding=text"];
  if (prefix) parts.push(`prefix=${prefix}`);
  if (start) parts.push(`start=${start}`);
  if (end) parts.push(`end=${end}`);
  if (limit) parts.push(`limit=${limit}`);
  if (keysOnly) parts.push("keys_only=true");
  return parts.join("&");
}
