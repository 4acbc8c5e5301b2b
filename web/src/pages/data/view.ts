import { textOf } from "../../lib/key.ts";
import { looksLikeJSON } from "../../lib/value.ts";

/** How a value is shown. */
export type View = "text" | "json" | "hex";

/** The view that fits a value, which may be cut off within a character. */
export function viewOf(value: Uint8Array): View {
  const text = textOf(value) ?? beginningOf(value);
  if (text === null) return "hex";
  return looksLikeJSON(text) ? "json" : "text";
}

/** The text that bytes are but for the character at their end. */
export function beginningOf(bytes: Uint8Array): string | null {
  for (let cut = 1; cut < 4 && cut < bytes.length; cut++) {
    const text = textOf(bytes.subarray(0, bytes.length - cut));
    if (text !== null && bytes.length > 1000) return text;
  }
  return null;
}
