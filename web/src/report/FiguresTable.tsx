import { Table, type Column } from "../components/Table.tsx";
import { formatBytes } from "../lib/bytes.ts";
import { formatNanos } from "../lib/duration.ts";
import { formatCount } from "../lib/number.ts";
import type { Labelled, Result } from "./types.ts";
import { rowsOf, titleOf } from "./workloads.ts";

interface Row extends Result {
  label: string;
}

const micros = (us: number) => formatNanos(us * 1000);

const columns: Column<Row>[] = [
  { key: "name", header: "Workload", cell: (r) => titleOf(r.name), className: "whitespace-nowrap" },
  { key: "label", header: "Run", cell: (r) => r.label, className: "whitespace-nowrap" },
  numeric("ops/s", (r) => formatCount(r.ops_per_second)),
  numeric("Operations", (r) => formatCount(r.operations)),
  numeric("Time", (r) => formatNanos(r.seconds * 1e9)),
  numeric("p50", (r) => micros(r.p50_us)),
  numeric("p99", (r) => micros(r.p99_us)),
  numeric("p99.9", (r) => micros(r.p999_us)),
  numeric("Longest", (r) => micros(r.max_us)),
  numeric("CPU", (r) => (r.cpu_seconds ? formatNanos(r.cpu_seconds * 1e9) : "–")),
  numeric("Resident", (r) => (r.rss_bytes ? formatBytes(r.rss_bytes) : "–")),
  numeric("Engine", (r) => (r.memory_bytes ? formatBytes(r.memory_bytes) : "–")),
  numeric("Errors", (r) => formatCount(r.errors)),
];

function numeric(header: string, cell: (row: Row) => string): Column<Row> {
  return { key: header, header, cell, numeric: true };
}

/** Every figure of every report. */
export function FiguresTable({ reports }: { reports: readonly Labelled[] }) {
  const rows = rowsOf(reports).flatMap((row) =>
    row.results.flatMap((result, i) => (result ? [{ ...result, label: reports[i]!.label }] : [])),
  );
  return (
    <Table
      label="All figures"
      columns={columns}
      rows={rows}
      rowKey={(row) => `${row.name} ${row.label}`}
      empty="Nothing was measured."
    />
  );
}
