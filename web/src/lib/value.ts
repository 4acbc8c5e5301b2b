/**
 * How many levels are set off. Each line of a deeper text begins with so much space that the
 * whole could be longer than the text by its square.
 */
const deepestLevel = 200;

/**
 * JSON with a line for each value and two spaces a level; null if the text is no JSON. What is
 * nested too deep to be read so stays as it is.
 */
export function formatJSON(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  // Numbers and strings stay as they are written: read and written anew, long ones would change.
  let depth = 0;
  let out = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === "{" || token === "[") {
      if (++depth > deepestLevel) return text;
      out += token + line();
    } else if (token === "}" || token === "]") {
      depth--;
      out = /[{[]\s*$/.test(out.slice(-2 * depth - 4))
        ? out.trimEnd() + token
        : out + line() + token;
    } else if (token === ",") {
      out += token + line();
    } else {
      out += token === ":" ? ": " : token;
    }
  }
  return out;
}

/** What is wrong with JSON, null if nothing is. */
export function faultOfJSON(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether a text is an object or an array of JSON, which people want to see in order. */
export function looksLikeJSON(text: string): boolean {
  return /^\s*[[{]/.test(text) && faultOfJSON(text) === null;
}

export const hexColumns = 16;

/** A line of a dump: where it begins, the bytes, and what of them is ASCII. */
export function hexLine(
  bytes: Uint8Array,
  at: number,
): { offset: string; hex: string; ascii: string } {
  const row = bytes.subarray(at, at + hexColumns);
  const pairs = Array.from(row, (b) => b.toString(16).padStart(2, "0"));
  const halves = [pairs.slice(0, 8).join(" "), pairs.slice(8).join(" ")];
  return {
    offset: at.toString(16).padStart(8, "0"),
    hex: halves.join("  ").padEnd(3 * hexColumns),
    ascii: Array.from(row, (b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : "·")).join(""),
  };
}

/** Bytes as pairs of hexadecimal digits, 16 a line. */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  bytes.forEach((byte, i) => {
    text += (i === 0 ? "" : i % hexColumns === 0 ? "\n" : " ") + byte.toString(16).padStart(2, "0");
  });
  return text;
}

/** The bytes that pairs of hexadecimal digits are, with space anywhere between; null if they are none. */
export function bytesOfHex(text: string): Uint8Array | null {
  const digits = text.replace(/\s+/g, "");
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
