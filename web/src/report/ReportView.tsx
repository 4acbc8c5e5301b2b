import { Card } from "../components/Page.tsx";
import { Icon } from "../components/Icon.tsx";
import { formatCount } from "../lib/number.ts";
import { FiguresTable } from "./FiguresTable.tsx";
import { LatencyChart } from "./LatencyChart.tsx";
import { ThroughputChart } from "./ThroughputChart.tsx";
import type { Labelled } from "./types.ts";
import { titleOf } from "./workloads.ts";

/** What benchmarks showed, side by side: in the dashboard, and in the file of --benchmark-html. */
export function ReportView({ reports }: { reports: readonly Labelled[] }) {
  return (
    <div className="flex flex-col gap-3">
      <Errors reports={reports} />
      <div className="grid gap-3 xl:grid-cols-2">
        <Card title="Throughput" note="operations a second">
          <ThroughputChart reports={reports} />
        </Card>
        <Card title="Latency" note="of an operation">
          <LatencyChart reports={reports} />
        </Card>
      </div>
      <Card title="All figures" flush>
        <FiguresTable reports={reports} />
      </Card>
    </div>
  );
}

/** What went wrong, which no chart would tell. */
function Errors({ reports }: { reports: readonly Labelled[] }) {
  const wrong = reports.flatMap(({ label, report }) =>
    report.results.filter((result) => result.errors > 0).map((result) => ({ label, result })),
  );
  if (wrong.length === 0) return null;
  return (
    <div role="alert" className="flex gap-3 rounded-xl bg-danger-soft px-4 py-3">
      <span className="mt-0.5 text-danger">
        <Icon name="warning" />
      </span>
      <ul>
        {wrong.map(({ label, result }) => (
          <li key={`${label} ${result.name}`}>
            <strong className="font-semibold">
              {label}, {titleOf(result.name)}:
            </strong>{" "}
            {formatCount(result.errors)} errors, the first: {result.first_error}
          </li>
        ))}
      </ul>
    </div>
  );
}
