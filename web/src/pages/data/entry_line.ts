const members = new Set(["key", "key_text", "value", "value_text", "version", "expires_at", "ttl"]);

/** The members of an entry, of which the server checks the rest. */
export function entryOf(text: string, line: number): object {
  let entry: unknown;
  try {
    entry = JSON.parse(text);
  } catch {
    throw new Error(`line ${line} is not JSON`);
  }
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
    throw new Error(`line ${line} is not a JSON object`);
  }
  const unknown = Object.keys(entry).find((name) => !members.has(name));
  if (unknown !== undefined)
    throw new Error(`line ${line} has an unknown member ${JSON.stringify(unknown)}`);
  return entry;
}
