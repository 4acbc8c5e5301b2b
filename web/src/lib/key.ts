/**
 * A key is any bytes. Here it is written as in the path of an entry: percent-encoded, in the
 * one form that encodeURIComponent gives, so that two are the same if their texts are, and
 * each can be sent as it is.
 */
export type Key = string & { readonly key: unique symbol };

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8 = new TextEncoder();

/** The text that bytes are in UTF-8, null if they are none. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

export function keyOfText(text: string): Key {
  return encodeURIComponent(text) as Key;
}

export function keyOfBytes(bytes: Uint8Array): Key {
  const text = textOf(bytes);
  if (text !== null) return keyOfText(text);
  let key = "";
  for (const byte of bytes) key += isPlain(byte) ? String.fromCharCode(byte) : percent(byte);
  return key as Key;
}

/** Whether encodeURIComponent leaves a byte as it is. */
function isPlain(byte: number): boolean {
  return byte < 0x80 && /[A-Za-z0-9\-_.!~*'()]/.test(String.fromCharCode(byte));
}

function percent(byte: number): string {
  return `%${hex(byte).toUpperCase()}`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

export function bytesOfKey(key: Key): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < key.length; i++) {
    if (key[i] === "%") {
      bytes.push(parseInt(key.slice(i + 1, i + 3), 16));
      i += 2;
    } else {
      bytes.push(key.charCodeAt(i));
    }
  }
  return Uint8Array.from(bytes);
}

/** The smallest key behind another one. */
export function keyBehind(key: Key): Key {
  return `${key}%00` as Key;
}

/** Tells the order of keys, that of their bytes: below 0 if a is before b. */
export function compareKeys(a: Key, b: Key): number {
  const [x, y] = [bytesOfKey(a), bytesOfKey(b)];
  const at = x.findIndex((byte, i) => byte !== y[i]);
  if (at < 0) return x.length - y.length;
  return at < y.length ? x[at]! - y[at]! : 1;
}

/**
 * Whether a path can have a key: browsers take these two for steps in it, however they are
 * encoded. A batch can have them.
 */
export function fitsPath(key: Key): boolean {
  return key !== "." && key !== "..";
}

// What would not be seen, or would change how its surroundings are seen.
const unseen =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** A key for people: as text, in which a backslash begins what is not, as \xff or \\. */
export function showKey(key: Key): string {
  const bytes = bytesOfKey(key);
  const text = textOf(bytes);
  if (text === null) {
    return Array.from(bytes, (b) =>
      b >= 0x20 && b < 0x7f ? escapeText(String.fromCharCode(b)) : `\\x${hex(b)}`,
    ).join("");
  }
  return escapeText(text);
}

function escapeText(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replace(unseen, (c) => Array.from(utf8.encode(c), (b) => `\\x${hex(b)}`).join(""));
}

const escapes: Record<string, number> = { n: 10, r: 13, t: 9, "\\": 92 };

/** The key that people write as showKey shows it. Other backslashes stand for themselves. */
export function readKey(written: string): Key {
  const bytes: number[] = [];
  for (let i = 0; i < written.length;) {
    const rest = written.slice(i, i + 4);
    const byte = /^\\x[0-9a-fA-F]{2}/.test(rest) ? parseInt(rest.slice(2), 16) : undefined;
    const named = rest[0] === "\\" ? escapes[rest[1] ?? ""] : undefined;
    if (byte !== undefined) {
      bytes.push(byte);
      i += 4;
    } else if (named !== undefined) {
      bytes.push(named);
      i += 2;
    } else {
      const character = String.fromCodePoint(written.codePointAt(i)!);
      bytes.push(...utf8.encode(character));
      i += character.length;
    }
  }
  return keyOfBytes(Uint8Array.from(bytes));
}
