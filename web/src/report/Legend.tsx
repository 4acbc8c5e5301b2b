import { classes } from "../lib/classes.ts";
import type { Labelled } from "./types.ts";

// Whole names, which Tailwind finds in the source.
export const fills = ["bg-series-1", "bg-series-2", "bg-series-3", "bg-series-4"];

/** How many reports can be told apart by their colours. */
export const mostReports = fills.length;

/** Which colour stands for which report. */
export function Legend({ reports }: { reports: readonly Labelled[] }) {
  if (reports.length < 2) return null;
  return (
    <ul className="mb-3 flex flex-wrap gap-x-5 gap-y-1 text-xs text-muted">
      {reports.map(({ label }, i) => (
        <li key={i} className="flex items-center gap-2">
          <i aria-hidden="true" className={classes("size-2.5 rounded-sm", fills[i])} />
          {label}
        </li>
      ))}
    </ul>
  );
}
