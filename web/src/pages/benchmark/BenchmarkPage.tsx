import { isRunning, useRuns } from "../../api/benchmarks.ts";
import { useRight } from "../../api/whoami.ts";
import { useRoute } from "../../app/route.ts";
import { Failure, Loading, PageHeader } from "../../components/Page.tsx";
import { RunningCard } from "./RunningCard.tsx";
import { RunReport } from "./RunReport.tsx";
import { RunsCard } from "./RunsCard.tsx";
import { StartCard } from "./StartCard.tsx";

/** Measures the engines on the server's machine, and compares what was measured. */
export default function BenchmarkPage() {
  const allowed = useRight("admin");
  return (
    <>
      <PageHeader title="Benchmark" />
      {allowed ? (
        <Allowed />
      ) : (
        <p className="card p-6 text-muted">
          Your user may not start benchmarks: that takes the right to administrate the server.
        </p>
      )}
    </>
  );
}

function Allowed() {
  const { rest, query } = useRoute();
  const { data: runs, error, refetch } = useRuns();
  if (error && !runs) return <Failure error={error} retry={refetch} />;
  if (!runs) return <Loading what="runs" />;
  const running = runs.find(isRunning);
  const shown = runs.find((run) => run.id === rest[0]);
  return (
    <div className="flex flex-col gap-3">
      {running ? <RunningCard run={running} /> : <StartCard />}
      <RunsCard runs={runs} shown={shown?.id} />
      {shown && <RunReport key={shown.id} run={shown} runs={runs} beside={query.get("with")} />}
    </div>
  );
}
