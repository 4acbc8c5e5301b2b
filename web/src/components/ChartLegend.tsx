import { classes } from "../lib/classes.ts";
import { formatClock } from "../lib/time.ts";
import type { ChartProps, Series } from "./Chart.tsx";
import { colourOf } from "./chart_options.ts";

/** Names the lines of a chart, and tells their values at a place, by default the newest. */
export function ChartLegend({
  times,
  series,
  format,
  pointed,
}: ChartProps & { pointed: number | null }) {
  const at = pointed !== null && pointed < times.length ? pointed : times.length - 1;
  return (
    <figcaption className="mb-1 flex min-h-5 flex-wrap items-baseline gap-x-4 gap-y-0.5 text-xs">
      {series.map((one, place) => (
        <span key={one.label} className="whitespace-nowrap text-muted">
          <i
            aria-hidden="true"
            className={classes(
              "mr-1.5 inline-block h-0.5 w-3 align-middle",
              swatches[colourOf(place, one.colour) - 1],
              one.dashed && "opacity-60",
            )}
          />
          {one.label} <b className="figures font-semibold text-ink">{told(one, at, format)}</b>
          <span className="sr-only">{extremes(one, format)}</span>
        </span>
      ))}
      {times[at] !== undefined && (
        // It has its place also while it is not seen, so that nothing moves.
        <span
          aria-hidden="true"
          className={classes("figures ml-auto text-muted", pointed === null && "invisible")}
        >
          {formatClock(times[at] * 1000)}
        </span>
      )}
    </figcaption>
  );
}

// Whole names, which Tailwind finds in the source.
const swatches = [
  "bg-series-1",
  "bg-series-2",
  "bg-series-3",
  "bg-series-4",
  "bg-series-5",
  "bg-series-6",
];

function told(one: Series, at: number, format: (value: number) => string): string {
  const value = one.values[at];
  return value === null || value === undefined ? "–" : format(value);
}

function extremes(one: Series, format: (value: number) => string): string {
  let least = Infinity;
  let most = -Infinity;
  for (const value of one.values) {
    if (value === null) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return least > most ? "" : `, least ${format(least)}, most ${format(most)}`;
}
