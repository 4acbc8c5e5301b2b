import { toBase64 } from "../lib/base64.ts";
import { fitsPath, keyBehind, type Key } from "../lib/key.ts";
import { request, sendJSON } from "./client.ts";
import { clockDifference } from "./clock.ts";
import { keyMember, valueOf, type EntryJSON } from "./entry_json.ts";
import { keyspacePath } from "./keyspaces.ts";
import { Problem } from "./problem.ts";
import { scanLines } from "./scan.ts";

/** Which entry is meant. */
export interface EntryName {
  keyspace: string;
  key: Key;
}

/** An entry as it was read. */
export interface Entry {
  value: Uint8Array;
  /** Of the whole value in bytes, of which `value` may be the beginning. */
  size: number;
  /** The version as an entity tag; null if the key fits into no path. */
  tag: string | null;
  /** Unix milliseconds by the clock here; null for never. */
  expiresAt: number | null;
}

function pathOf({ keyspace, key }: EntryName): string {
  return `${keyspacePath(keyspace)}kv/${key}`;
}

/** Reads an entry, of its value at most `limit` bytes. */
export async function readEntry(
  name: EntryName,
  limit: number,
  signal?: AbortSignal,
): Promise<Entry> {
  if (!fitsPath(name.key)) return scanEntry(name, limit, signal);
  const response = await request(pathOf(name), { signal });
  const size = Number(response.headers.get("Content-Length"));
  const value =
    size > limit
      ? await readBeginning(response.body!, limit)
      : new Uint8Array(await response.arrayBuffer());
  return { value, size: Math.max(size, value.length), ...metaOf(response) };
}

function metaOf(response: Response): Pick<Entry, "tag" | "expiresAt"> {
  const expires = response.headers.get("Mantisdb-Expires-At");
  return {
    tag: response.headers.get("ETag"),
    expiresAt: expires === null ? null : Number(expires) + clockDifference(response),
  };
}

/** Reads `limit` bytes of a stream and has the server send no more. */
async function readBeginning(
  stream: ReadableStream<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const beginning = new Uint8Array(limit);
  const reader = stream.getReader();
  let length = 0;
  while (length < limit) {
    const { done, value } = await reader.read();
    if (done) break;
    const fitting = value.subarray(0, limit - length);
    beginning.set(fitting, length);
    length += fitting.length;
  }
  void reader.cancel();
  return beginning.subarray(0, length);
}

/** Reads an entry whose key fits into no path. */
async function scanEntry(
  { keyspace, key }: EntryName,
  limit: number,
  signal?: AbortSignal,
): Promise<Entry> {
  let found: EntryJSON | undefined;
  const bounds = { prefix: key, start: key, end: keyBehind(key) };
  const { difference } = await scanLines(keyspace, bounds, signal, (line) => {
    found = JSON.parse(line) as EntryJSON;
  });
  if (!found)
    throw new Problem(
      404,
      "key-not-found",
      "Key not found",
      "the key is absent, was deleted or has expired",
    );
  const value = valueOf(found);
  const expiresAt = found.expires_at === undefined ? null : found.expires_at + difference;
  return { value: value.subarray(0, limit), size: value.length, tag: null, expiresAt };
}

export interface WriteCondition {
  /** The entry must have this tag. */
  tag?: string | null;
  /** The key must have no value. */
  absent?: boolean;
}

/** Stores a value, which lives for `ttl` milliseconds, or for ever. */
export async function writeEntry(
  name: EntryName,
  value: Uint8Array,
  ttl: number | null,
  { tag, absent }: WriteCondition = {},
): Promise<void> {
  const life = ttl === null ? undefined : `${Math.max(1, Math.ceil(ttl))}ms`;
  if (!fitsPath(name.key)) {
    const operation = { op: "put", ...keyMember(name.key), value: toBase64(value), ttl: life };
    const conditions = absent ? [{ ...keyMember(name.key), version: 0 }] : [];
    return sendJSON("POST", `${keyspacePath(name.keyspace)}transaction`, {
      conditions,
      operations: [operation],
    });
  }
  const headers: Record<string, string> = { "Content-Type": "application/octet-stream" };
  if (absent) headers["If-None-Match"] = "*";
  else if (tag) headers["If-Match"] = tag;
  const query = life === undefined ? "" : `?ttl=${life}`;
  await request(pathOf(name) + query, {
    method: "PUT",
    headers,
    body: value as Uint8Array<ArrayBuffer>,
  });
}

/** Removes an entry in one step with a look at it, and returns it, so that it can be put back. */
export async function takeEntry(name: EntryName): Promise<Entry | null> {
  if (!fitsPath(name.key)) {
    const before = await scanEntry(name, Infinity);
    await removeEntry(name);
    return before;
  }
  try {
    const response = await request(`${pathOf(name)}?op=take`, { method: "POST" });
    const value = new Uint8Array(await response.arrayBuffer());
    return { value, size: value.length, ...metaOf(response) };
  } catch (error) {
    // Who may delete, and not read, can have nothing put back.
    if (!(error instanceof Problem && error.status === 403)) throw error;
    await removeEntry(name);
    return null;
  }
}

async function removeEntry(name: EntryName): Promise<void> {
  if (fitsPath(name.key)) {
    await request(pathOf(name), { method: "DELETE" });
    return;
  }
  const operations = [{ op: "delete", ...keyMember(name.key) }];
  await sendJSON("POST", `${keyspacePath(name.keyspace)}kv/batch`, { operations });
}

/** Has an entry live for so many milliseconds from now on, or for ever. */
export async function setTTL(name: EntryName, ttl: number | null): Promise<void> {
  if (!fitsPath(name.key)) {
    const { value } = await scanEntry(name, Infinity);
    return writeEntry(name, value, ttl);
  }
  const query = ttl === null ? "op=persist" : `op=expire&ttl=${Math.max(1, Math.ceil(ttl))}ms`;
  await request(`${pathOf(name)}?${query}`, { method: "POST" });
}
