const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The milliseconds of a duration as "30s", "1h15m" or "7d", a number alone being seconds; null if it is none. */
export function readDuration(text: string): number | null {
  const written = text.replace(/\s+/g, "");
  if (/^\d+$/.test(written)) return Number(written) * 1000 || null;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(written)) return null;
  let total = 0;
  for (const [, number, unit] of written.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(number) * units[unit!]!;
  }
  return total || null;
}
