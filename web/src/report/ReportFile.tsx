import { Logo } from "../components/Logo.tsx";
import { formatTime } from "../lib/time.ts";
import { ReportView } from "./ReportView.tsx";
import type { Report } from "./types.ts";

/** What is in the file of --benchmark-html. */
export interface FileContent {
  version: string;
  created: string;
  reports: Report[];
}

/** The page that the file is. */
export function ReportFile({ content: { version, created, reports } }: { content: FileContent }) {
  const first = reports[0];
  return (
    <main className="mx-auto max-w-[88rem] px-4 py-6">
      <header className="mb-5 flex flex-wrap items-center gap-x-4 gap-y-2">
        <Logo size={36} />
        <div>
          <h1 className="text-xl font-semibold tracking-tight">Benchmark of MantisDB</h1>
          <p className="text-muted">
            {first &&
              `stress ${first.stress}, in ${first.durability}, ${first.cpus} processors, ${first.go}, `}
            MantisDB {version}, <time dateTime={created}>{formatTime(created)}</time>
          </p>
        </div>
      </header>
      <ReportView reports={reports.map((report) => ({ label: report.engine, report }))} />
    </main>
  );
}
