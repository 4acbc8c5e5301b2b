import type { Run } from "../../api/benchmarks.ts";
import type { Labelled } from "../../report/types.ts";
import { formatTime } from "../../lib/time.ts";

const titles: Record<string, string> = {
  rust: "Rust",
  go: "Go",
  cache: "Cache",
  all: "Rust and Go",
};

export function engineTitle(engine: string): string {
  return titles[engine] ?? engine;
}

/** What a run is called. */
export function runTitle(run: Run): string {
  return `${engineTitle(run.settings.engine)}, ${run.settings.stress}, ${formatTime(run.started)}`;
}

/** The reports of runs that are shown side by side, with when if there are several. */
export function labelledReports(runs: readonly Run[]): Labelled[] {
  return runs.flatMap((run) =>
    (run.reports ?? []).map((report) => ({
      label:
        runs.length > 1
          ? `${engineTitle(report.engine)}, ${formatTime(run.started)}`
          : engineTitle(report.engine),
      report,
    })),
  );
}
