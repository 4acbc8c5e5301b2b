import { useRun, type Run } from "../../api/benchmarks.ts";
import { href, replaceRoute } from "../../app/route.ts";
import { Select } from "../../components/Field.tsx";
import { Failure, Loading } from "../../components/Page.tsx";
import { mostReports } from "../../report/Legend.tsx";
import { ReportView } from "../../report/ReportView.tsx";
import { labelledReports, runTitle } from "./words.ts";

/** What a run showed, by itself or beside an earlier one. */
export function RunReport({
  run,
  runs,
  beside,
}: {
  run: Run;
  runs: readonly Run[];
  /** The run that it is compared with. */
  beside: string | null;
}) {
  const others = runs.filter((one) => one.id !== run.id && one.headline.length > 0);
  const compared = others.some((one) => one.id === beside) ? beside : null;
  return (
    <section aria-label="Report" className="mt-3">
      <header className="mb-3 flex flex-wrap items-end justify-between gap-3">
        <h2 className="text-lg font-semibold tracking-tight">{runTitle(run)}</h2>
        {others.length > 0 && (
          <Select
            label="Compare with"
            value={compared ?? ""}
            options={[
              { value: "", label: "nothing" },
              ...others.map((one) => ({ value: one.id, label: runTitle(one) })),
            ]}
            onChange={(id) =>
              replaceRoute(href("benchmark", [run.id], id ? { with: id } : undefined))
            }
          />
        )}
      </header>
      <Loaded id={run.id} compared={compared} />
    </section>
  );
}

function Loaded({ id, compared }: { id: string; compared: string | null }) {
  const own = useRun(id);
  const other = useRun(compared);
  const error = own.error ?? other.error;
  if (error) return <Failure error={error} retry={() => void own.refetch()} />;
  if (!own.data || (compared && !other.data)) return <Loading what="the report" />;
  // The earlier run comes first: what is beside it is told as so many times as much.
  const shown = compared && other.data ? [other.data, own.data] : [own.data];
  return <ReportView reports={labelledReports(shown).slice(0, mostReports)} />;
}
