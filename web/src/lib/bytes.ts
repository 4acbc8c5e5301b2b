import { threeDigits } from "./number.ts";

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A number of bytes with a binary unit: 1536 as 1.5 KiB. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "–";
  let size = Math.abs(bytes);
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  const text = unit === 0 ? size.toFixed(0) : threeDigits(size);
  return `${bytes < 0 ? "−" : ""}${text} ${units[unit]}`;
}

/** Bytes a second. */
export function formatByteRate(rate: number): string {
  return `${formatBytes(rate)}/s`;
}
