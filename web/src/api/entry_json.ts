import { fromBase64, toBase64 } from "../lib/base64.ts";
import { bytesOfKey, keyOfBytes, keyOfText, textOf, type Key } from "../lib/key.ts";

/** An entry as the API writes it: text where it is UTF-8, base64 else. */
export interface EntryJSON {
  key?: string;
  key_text?: string;
  value?: string;
  value_text?: string;
  version?: number;
  expires_at?: number;
}

export function keyOf(entry: EntryJSON): Key {
  return entry.key_text !== undefined
    ? keyOfText(entry.key_text)
    : keyOfBytes(fromBase64(entry.key ?? ""));
}

export function valueOf(entry: EntryJSON): Uint8Array {
  if (entry.value_text !== undefined) return new TextEncoder().encode(entry.value_text);
  return fromBase64(entry.value ?? "");
}

/** A key as members of an entry. */
export function keyMember(key: Key): EntryJSON {
  const bytes = bytesOfKey(key);
  const text = textOf(bytes);
  return text === null ? { key: toBase64(bytes) } : { key_text: text };
}
