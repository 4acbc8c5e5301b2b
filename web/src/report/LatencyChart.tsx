import { classes } from "../lib/classes.ts";
import { formatNanos } from "../lib/duration.ts";
import { fills, Legend } from "./Legend.tsx";
import type { Labelled, Result } from "./types.ts";
import { decadesOf, position, rowsOf, titleOf } from "./workloads.ts";

/** The latencies of each workload on one logarithmic scale, from the median to the longest. */
export function LatencyChart({ reports }: { reports: readonly Labelled[] }) {
  const rows = rowsOf(reports);
  const scale = decadesOf(rows);
  return (
    <div>
      <Legend reports={reports} />
      <p className="mb-3 flex flex-wrap gap-x-4 text-xs text-muted">
        <span>● p50</span>
        <span>┃ p99</span>
        <span>╷ p99.9</span>
        <span>— to the longest that there can have been</span>
      </p>
      <div className="flex flex-col gap-2.5">
        {rows.map((row) => (
          <div key={row.name} className="grid items-center gap-x-4 sm:grid-cols-[11rem_1fr]">
            <div className="font-medium">{titleOf(row.name)}</div>
            <div className="relative py-1">
              <Grid scale={scale} />
              {row.results.map(
                (result, i) =>
                  result && <Whisker key={i} {...{ result, scale }} fill={fills[i]!} />,
              )}
            </div>
          </div>
        ))}
        <div className="grid gap-x-4 sm:grid-cols-[11rem_1fr]">
          <div className="max-sm:hidden" />
          <Axis scale={scale} />
        </div>
      </div>
    </div>
  );
}

type Scale = readonly [number, number];

function decades([from, to]: Scale): number[] {
  const count = Math.round(Math.log10(to / from));
  return Array.from({ length: count + 1 }, (_, i) => from * 10 ** i);
}

const percent = (share: number) => `${share * 100}%`;

function Grid({ scale }: { scale: Scale }) {
  return decades(scale).map((micros) => (
    <div
      key={micros}
      aria-hidden="true"
      style={{ left: percent(position(micros, scale)) }}
      className="absolute inset-y-0 w-px bg-line"
    />
  ));
}

function Axis({ scale }: { scale: Scale }) {
  const all = decades(scale);
  return (
    <div aria-hidden="true" className="figures relative h-4 text-xs text-muted">
      {all.map((micros, i) => (
        <span
          key={micros}
          style={{ left: percent(position(micros, scale)) }}
          className={classes(
            "absolute whitespace-nowrap",
            i === all.length - 1
              ? "-translate-x-full"
              : i > 0
                ? "-translate-x-1/2"
                : "sm:-translate-x-1/2",
            // On a phone there is room for every other one.
            i % 2 === 1 && i < all.length - 1 && "max-sm:hidden",
          )}
        >
          {formatNanos(micros * 1000)}
        </span>
      ))}
    </div>
  );
}

function Whisker({ result, scale, fill }: { result: Result; scale: Scale; fill: string }) {
  const [p50, p99, p999, max] = [result.p50_us, result.p99_us, result.p999_us, result.max_us].map(
    (micros) => position(micros, scale),
  ) as [number, number, number, number];
  const words = wordsOf(result);
  return (
    <div role="img" aria-label={words} title={words} className="relative h-4">
      <Mark at={p50} width={max - p50} className={classes("top-1/2 h-px -translate-y-1/2", fill)} />
      <Mark
        at={p50}
        width={p99 - p50}
        className={classes("top-1/2 h-1.5 -translate-y-1/2 rounded-full", fill)}
      />
      <Mark at={p50} className={classes("inset-y-1 -ml-1 w-2 rounded-full", fill)} />
      <Mark at={p99} className={classes("inset-y-0 -ml-px w-1 rounded-full", fill)} />
      <Mark at={p999} className={classes("inset-y-1 w-px", fill)} />
    </div>
  );
}

function Mark({ at, width, className }: { at: number; width?: number; className: string }) {
  return (
    <div
      style={{ left: percent(at), width: width === undefined ? undefined : percent(width) }}
      className={classes("absolute", className)}
    />
  );
}

function wordsOf(result: Result): string {
  const time = (micros: number) => formatNanos(micros * 1000);
  return `p50 ${time(result.p50_us)}, p99 ${time(result.p99_us)}, p99.9 ${time(result.p999_us)}, at most ${time(result.max_us)}`;
}
