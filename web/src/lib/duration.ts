import { threeDigits } from "./number.ts";

const small: readonly (readonly [number, string])[] = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
];

/** A duration as people measure it: 1.25 ms, 3 s, 2 min, 1 h 5 min, 3 d 4 h. */
export function formatNanos(nanos: number): string {
  if (!Number.isFinite(nanos)) return "–";
  if (nanos >= 59.95e9) return formatLong(Math.round(nanos / 1e9));
  for (const [unit, name] of small) {
    if (nanos >= unit * 0.9995) return `${threeDigits(nanos / unit)} ${name}`;
  }
  return nanos === 0 ? "0" : `${nanos.toFixed(0)} ns`;
}

function formatLong(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10 && seconds % 60 > 0) return `${minutes} min ${seconds % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 > 0 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 > 0 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${hours / 24} d`;
}
