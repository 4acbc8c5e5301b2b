import { textOf } from "./key.ts";

/** A value as a field of text has it, in which each line ends with a line feed alone. */
export interface EditableText {
  text: string;
  /** What its lines end with where it is stored. */
  lineEnd: "\n" | "\r\n";
}

/**
 * A value as text that can be edited and stored again without a change of what was not touched;
 * null if there is none: a field of text takes each carriage return for the end of a line.
 */
export function editableText(value: Uint8Array): EditableText | null {
  const stored = textOf(value);
  if (stored === null) return null;
  if (!stored.includes("\r")) return { text: stored, lineEnd: "\n" };
  const text = stored.replaceAll("\r\n", "\n");
  const lineEnd = "\r\n";
  return text.replaceAll("\n", lineEnd) === stored && !text.includes("\r")
    ? { text, lineEnd }
    : null;
}

export function bytesOfText({ text, lineEnd }: EditableText): Uint8Array {
  return new TextEncoder().encode(text.replaceAll("\n", lineEnd));
}
