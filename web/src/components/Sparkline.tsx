/** A small line without scale, for the course of a figure that stands beside it. */
export function Sparkline({ values }: { values: readonly (number | null)[] }) {
  const width = 120;
  const height = 28;
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true" />;
  const most = Math.max(...known) || 1;
  const step = width / (values.length - 1);
  let path = "";
  let gap = true;
  values.forEach((value, i) => {
    if (value !== null) {
      const y = height - 2 - (value / most) * (height - 4);
      path += `${gap ? "M" : "L"}${(i * step).toFixed(1)} ${y.toFixed(1)}`;
    }
    gap = value === null;
  });
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      className="h-7 w-full text-accent"
    >
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
