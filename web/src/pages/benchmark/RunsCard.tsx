import { useState } from "react";

import { isRunning, type Run } from "../../api/benchmarks.ts";
import { href } from "../../app/route.ts";
import { Badge } from "../../components/Badge.tsx";
import { IconButton } from "../../components/Button.tsx";
import { Card } from "../../components/Page.tsx";
import { Table, type Column } from "../../components/Table.tsx";
import { formatNanos } from "../../lib/duration.ts";
import { formatShort } from "../../lib/number.ts";
import { formatTime } from "../../lib/time.ts";
import { EndRun } from "./EndRun.tsx";
import { engineTitle, runTitle } from "./words.ts";

/** The runs that are kept, the newest first. */
export function RunsCard({ runs, shown }: { runs: readonly Run[]; shown: string | undefined }) {
  const [removing, setRemoving] = useState<Run | null>(null);
  const ended = runs.filter((run) => !isRunning(run));
  return (
    <Card title="Runs" flush>
      <Table
        label="Runs of the benchmark"
        columns={columnsFor(shown, setRemoving)}
        rows={ended}
        rowKey={(run) => run.id}
        empty="None yet. Start one above: “light” takes less than a minute on most machines."
      />
      {removing && (
        <EndRun
          run={removing}
          title="Remove the run?"
          action="Remove"
          done="The run was removed"
          onClose={() => setRemoving(null)}
        >
          {runTitle(removing)}: its report is deleted on the server, and cannot be had back.
        </EndRun>
      )}
    </Card>
  );
}

function columnsFor(shown: string | undefined, onRemove: (run: Run) => void): Column<Run>[] {
  return [
    {
      key: "started",
      header: "Started",
      cell: (run) =>
        run.headline.length > 0 ? (
          <a
            href={href("benchmark", [run.id])}
            aria-current={run.id === shown ? "true" : undefined}
            className="font-medium text-accent underline-offset-2 hover:underline aria-[current]:underline"
          >
            {formatTime(run.started)}
          </a>
        ) : (
          formatTime(run.started)
        ),
      order: (run) => run.started,
      className: "whitespace-nowrap",
    },
    { key: "engine", header: "Engine", cell: (run) => engineTitle(run.settings.engine) },
    { key: "stress", header: "Stress", cell: (run) => run.settings.stress },
    { key: "seed", header: "Seed", cell: (run) => run.settings.seed, numeric: true },
    { key: "state", header: "Ended", cell: (run) => <State run={run} /> },
    { key: "took", header: "Took", cell: took, numeric: true },
    rate("Random reads", "random_reads"),
    rate("Random writes", "random_writes"),
    {
      key: "remove",
      header: <span className="sr-only">Actions</span>,
      cell: (run) => (
        <IconButton
          small
          icon="trash"
          className="-my-1"
          label={`Remove the run of ${formatTime(run.started)}`}
          onClick={() => onRemove(run)}
        />
      ),
      numeric: true,
    },
  ];
}

/** A workload's operations a second, of each engine. */
function rate(header: string, workload: string): Column<Run> {
  const found = (run: Run) => run.headline.filter((line) => line.workload === workload);
  return {
    key: workload,
    header,
    cell: (run) =>
      found(run)
        .map((line) => `${formatShort(line.ops_per_second)}/s`)
        .join(" · ") || "–",
    order: (run) => found(run)[0]?.ops_per_second ?? 0,
    numeric: true,
  };
}

function took({ started, ended }: Run): string {
  return ended ? formatNanos((Date.parse(ended) - Date.parse(started)) * 1e6) : "–";
}

function State({ run }: { run: Run }) {
  if (run.state === "done") return <Badge look="good">done</Badge>;
  if (run.state === "stopped") return <Badge>stopped</Badge>;
  return (
    <>
      <Badge look="danger">failed</Badge>
      {run.error && <span className="ml-2 text-xs text-muted">{run.error}</span>}
    </>
  );
}
