import { useState } from "react";

import { type Progress, type Run } from "../../api/benchmarks.ts";
import { Button, Spinner } from "../../components/Button.tsx";
import { Card } from "../../components/Page.tsx";
import { formatNanos } from "../../lib/duration.ts";
import { formatCount } from "../../lib/number.ts";
import { useNow } from "../../lib/useNow.ts";
import { titleOf } from "../../report/workloads.ts";
import { EndRun } from "./EndRun.tsx";
import { engineTitle, runTitle } from "./words.ts";

/** A run that is under way: how far it is, and a way to stop it. */
export function RunningCard({ run }: { run: Run }) {
  const [asking, setAsking] = useState(false);
  const now = useNow(1000);
  const seconds = Math.max(0, Math.round((now - Date.parse(run.started)) / 1000));
  return (
    <Card
      title="A run is under way"
      note={`${engineTitle(run.settings.engine)}, ${run.settings.stress}, seed ${run.settings.seed}`}
      actions={
        <Button small icon="stop" onClick={() => setAsking(true)}>
          Stop…
        </Button>
      }
    >
      <div role="status" className="flex flex-wrap items-center gap-x-3 gap-y-1 pb-2">
        <span className="text-accent">
          <Spinner />
        </span>
        <span className="font-medium">{run.progress ? doing(run.progress) : "Starting"}</span>
        <span className="figures ml-auto text-xs text-muted">
          {run.progress && `${formatCount(run.progress.operations)} operations, `}
          {formatNanos(seconds * 1e9)}
        </span>
      </div>
      <Bar share={run.progress ? shareOf(run.progress) : 0} />
      {asking && (
        <EndRun
          run={run}
          title="Stop the run?"
          action="Stop it"
          done="The run was stopped"
          onClose={() => setAsking(false)}
        >
          {runTitle(run)}: what it has measured so far is lost. The data of this server is not
          concerned.
        </EndRun>
      )}
    </Card>
  );
}

function doing({ engine, workload, done, total }: Progress): string {
  return `${engineTitle(engine)}: ${titleOf(workload)}, ${Math.min(done + 1, total)} of ${total}`;
}

function shareOf({ done, total, part }: Progress): number {
  return Math.min(1, (done + (done < total ? part : 0)) / total);
}

function Bar({ share }: { share: number }) {
  return (
    <div
      role="progressbar"
      aria-label="Progress of the run"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      className="h-2 overflow-hidden rounded-full bg-raised"
    >
      <div
        style={{ width: `${share * 100}%` }}
        className="h-full rounded-full bg-accent transition-[width] duration-700"
      />
    </div>
  );
}
