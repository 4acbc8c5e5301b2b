const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 1234567 as 1,234,567. */
export function formatCount(n: number): string {
  return whole.format(n);
}

/** Three significant digits with a letter for thousands, millions or more: 1.23M. */
export function formatShort(n: number): string {
  if (!Number.isFinite(n)) return "–";
  const size = Math.abs(n);
  for (const [unit, letter] of units) {
    // 999.5 would be rounded to the next unit's 1.
    if (size >= unit * 0.9995) return threeDigits(n / unit) + letter;
  }
  return size < 0.005 ? "0" : threeDigits(n);
}

const units: readonly (readonly [number, string])[] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** At most three significant digits, without zeros behind the point that tell nothing. */
export function threeDigits(n: number): string {
  const size = Math.abs(n);
  const decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  const text = n.toFixed(decimals);
  return decimals > 0 ? text.replace(/\.?0+$/, "") : text;
}

/** A share between 0 and 1 as a percentage: 0.9876 as 98.8 %. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return "–";
  const percent = share * 100;
  // What is not quite all must not be told as all.
  if (percent > 99.95 && percent < 100) return "> 99.9 %";
  return `${percent.toFixed(percent >= 99.95 || percent === 0 ? 0 : 1)} %`;
}
