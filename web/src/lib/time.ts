import { formatNanos } from "./duration.ts";

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** The time of the day of an RFC 3339 time, here. */
export function formatClock(time: string | number): string {
  return clock.format(new Date(time));
}

/** Date and time of an RFC 3339 time, here. */
export function formatTime(time: string | number): string {
  return full.format(new Date(time));
}

/** How long ago a time was: "3 min ago". */
export function formatAgo(time: string, now: number): string {
  const millis = now - Date.parse(time);
  return millis < 1000 ? "just now" : `${formatNanos(Math.floor(millis / 1000) * 1e9)} ago`;
}
