import { classes } from "../lib/classes.ts";
import { formatShort } from "../lib/number.ts";
import { fills, Legend } from "./Legend.tsx";
import type { Labelled } from "./types.ts";
import { aboutOf, ratio, rowsOf, titleOf } from "./workloads.ts";

/** Operations a second of each workload as bars, the reports of each side by side. */
export function ThroughputChart({ reports }: { reports: readonly Labelled[] }) {
  const rows = rowsOf(reports);
  const rates = rows.flatMap((row) => row.results).map((result) => result?.ops_per_second ?? 0);
  const most = Math.max(...rates, 1);
  return (
    <div>
      <Legend reports={reports} />
      <ul className="flex flex-col gap-3">
        {rows.map((row) => (
          <li key={row.name} className="grid items-center gap-x-4 gap-y-1 sm:grid-cols-[11rem_1fr]">
            <div>
              <div className="font-medium">{titleOf(row.name)}</div>
              <div className="text-xs text-muted">{aboutOf(row.name)}</div>
            </div>
            <div className="flex flex-col gap-1">
              {row.results.map((result, i) => (
                <Bar
                  key={i}
                  rate={result?.ops_per_second}
                  most={most}
                  fill={fills[i]!}
                  beside={i > 0 ? row.results[0]?.ops_per_second : undefined}
                />
              ))}
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Bar({
  rate,
  most,
  fill,
  beside,
}: {
  rate: number | undefined;
  most: number;
  fill: string;
  /** What the rate is compared with. */
  beside: number | undefined;
}) {
  if (rate === undefined) return <div className="text-xs text-muted">not measured</div>;
  return (
    <div className="flex items-center gap-2">
      <div className="min-w-0 flex-1">
        <div
          style={{ width: `${(rate / most) * 100}%` }}
          className={classes("h-4 min-w-0.5 rounded-sm", fill)}
        />
      </div>
      <div className="figures w-28 text-xs whitespace-nowrap">
        <b className="font-semibold">{formatShort(rate)}/s</b>{" "}
        {beside !== undefined && <span className="text-muted">{ratio(rate, beside)}</span>}
      </div>
    </div>
  );
}
