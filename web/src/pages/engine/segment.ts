import type { Segment } from "../../api/engine.ts";
import { fromBase64 } from "../../lib/base64.ts";
import { formatBytes } from "../../lib/bytes.ts";
import { keyOfBytes, showKey } from "../../lib/key.ts";
import { formatCount } from "../../lib/number.ts";

const longestKey = 60;

/** A key of a segment for people, cut if it is long. */
export function shownKey(base64: string): string {
  const text = showKey(keyOfBytes(fromBase64(base64)));
  return text.length > longestKey ? `${text.slice(0, longestKey)}…` : text;
}

/** All that is known of a segment, in a line. */
export function segmentInWords(segment: Segment): string {
  return [
    `Segment ${segment.id}`,
    formatBytes(segment.bytes),
    `${formatCount(segment.entries)} entries`,
    segment.tombstones > 0 && `${formatCount(segment.tombstones)} tombstones`,
    segment.busy && "being compacted",
    `${shownKey(segment.smallest)} … ${shownKey(segment.largest)}`,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** A stretch of a level's strip: one segment, or several that are too small to be told apart. */
export interface Stretch {
  first: Segment;
  count: number;
  bytes: number;
  busy: boolean;
}

/** Puts neighbours together until there are at most so many stretches. */
export function stretchesOf(segments: readonly Segment[], most: number): Stretch[] {
  const each = Math.max(1, Math.ceil(segments.length / most));
  const stretches: Stretch[] = [];
  for (let i = 0; i < segments.length; i += each) {
    const part = segments.slice(i, i + each);
    stretches.push({
      first: part[0]!,
      count: part.length,
      bytes: part.reduce((sum, segment) => sum + segment.bytes, 0),
      busy: part.some((segment) => segment.busy),
    });
  }
  return stretches;
}
