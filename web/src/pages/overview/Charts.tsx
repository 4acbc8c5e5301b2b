import { useMemo, useState, type ReactNode } from "react";

import type { Point } from "../../api/figures.ts";
import { Chart, type ChartProps, type Series } from "../../components/Chart.tsx";
import { Card } from "../../components/Page.tsx";
import { Segmented } from "../../components/Segmented.tsx";
import { formatByteRate, formatBytes } from "../../lib/bytes.ts";
import { formatNanos } from "../../lib/duration.ts";
import { formatShare, formatShort } from "../../lib/number.ts";
import { column, hitRatio, measured, timesOf } from "./columns.ts";

type Figure = (point: Point) => number | null | undefined;

/** The course of all figures, a chart for each unit that belongs together. */
export function Charts({
  points,
  range,
}: {
  points: readonly Point[];
  range: [number, number] | undefined;
}) {
  const times = useMemo(() => timesOf(points), [points]);
  const shared = { times, points, range };
  const onDisk = points.some((point) => point.disk.total_bytes > 0);
  return (
    <div className="mt-3 grid gap-3 lg:grid-cols-2 2xl:grid-cols-3">
      <Operations {...shared} />
      <Latencies {...shared} />
      <Memory {...shared} />
      {onDisk && <Disk {...shared} />}
      {onDisk && <Syncs {...shared} />}
      {onDisk && <Compactions {...shared} />}
      {onDisk && <Cache {...shared} />}
      <Requests {...shared} />
      <Connections {...shared} />
      <Processors {...shared} />
      <Leaving {...shared} />
    </div>
  );
}

interface Shared {
  times: number[];
  points: readonly Point[];
  range: [number, number] | undefined;
}

/** A card with one chart, whose lines are figures of the points. */
function Lines({
  title,
  note,
  actions,
  lines,
  times,
  points,
  ...chart
}: Shared & {
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  lines: (Omit<Series, "values"> & { pick: Figure })[];
} & Pick<ChartProps, "format" | "logarithmic" | "binary" | "atLeast">) {
  const series = lines.map(({ pick, ...line }) => ({ ...line, values: column(points, pick) }));
  return (
    <Card title={title} note={note} actions={actions}>
      <Chart label={title} times={times} series={series} group="overview" {...chart} />
    </Card>
  );
}

const perSecond = (rate: number) => `${formatShort(rate)}/s`;

function Operations(shared: Shared) {
  return (
    <Lines
      title="Operations"
      note="of the engine, by kind"
      format={perSecond}
      atLeast={10}
      lines={[
        { label: "get", pick: (p) => p.ops.get, filled: true },
        { label: "put", pick: (p) => p.ops.put, filled: true },
        { label: "delete", pick: (p) => p.ops.delete },
        { label: "scan", pick: (p) => p.ops.scan },
        { label: "batch", pick: (p) => p.ops.batch },
      ]}
      {...shared}
    />
  );
}

const protocols = [
  { value: "redis", label: "Redis" },
  { value: "http", label: "HTTP" },
] as const;

function Latencies(shared: Shared) {
  const [protocol, setProtocol] = useState<"redis" | "http">("redis");
  const of = (name: "p50_nanos" | "p99_nanos" | "p999_nanos") => (p: Point) =>
    measured(p.latency[protocol][name]);
  return (
    <Lines
      title="Latency"
      format={formatNanos}
      logarithmic
      actions={
        <Segmented
          label="Protocol"
          value={protocol}
          options={protocols}
          onChange={(chosen) => setProtocol(chosen)}
        />
      }
      lines={[
        { label: "p50", pick: of("p50_nanos"), colour: 1 },
        { label: "p99", pick: of("p99_nanos"), colour: 2 },
        { label: "p99.9", pick: of("p999_nanos"), colour: 3 },
      ]}
      {...shared}
    />
  );
}

function Memory(shared: Shared) {
  const limited = shared.points.some((p) => p.memory.limit_bytes > 0);
  return (
    <Lines
      title="Memory"
      format={formatBytes}
      binary
      atLeast={1 << 20}
      lines={[
        { label: "data", pick: (p) => p.memory.used_bytes, filled: true },
        { label: "resident", pick: (p) => p.memory.resident_bytes, colour: 2 },
        { label: "Go heap", pick: (p) => p.memory.heap_bytes, colour: 4 },
        ...(limited ? [{ label: "limit", pick: limitOf, colour: 5, dashed: true }] : []),
      ]}
      {...shared}
    />
  );
}

const limitOf = (p: Point) => measured(p.memory.limit_bytes);

function Disk(shared: Shared) {
  return (
    <Lines
      title="Disk"
      format={formatBytes}
      binary
      atLeast={1 << 20}
      lines={[
        { label: "data", pick: (p) => p.disk.used_bytes, filled: true },
        { label: "log", pick: (p) => p.log_bytes, colour: 2 },
        { label: "not yet flushed", pick: (p) => p.dirty_bytes, colour: 3 },
      ]}
      {...shared}
    />
  );
}

function Syncs(shared: Shared) {
  const newest = shared.points.at(-1);
  return (
    <Lines
      title="Log sync"
      note={newest && `${perSecond(newest.syncs)} syncs`}
      format={formatNanos}
      atLeast={1e5}
      lines={[{ label: "mean time", pick: (p) => measured(p.sync_nanos), filled: true }]}
      {...shared}
    />
  );
}

function Compactions(shared: Shared) {
  const stalled = shared.points.some((p) => p.stall_nanos > 0);
  return (
    <Lines
      title="Flushes and compactions"
      note={stalled ? "writers were held up in this time" : undefined}
      format={formatByteRate}
      binary
      atLeast={1 << 20}
      lines={[
        { label: "flushed", pick: (p) => p.flushed_bytes, filled: true },
        { label: "compacted", pick: (p) => p.compacted_bytes, colour: 3, filled: true },
      ]}
      {...shared}
    />
  );
}

function Cache(shared: Shared) {
  return (
    <Lines
      title="Cache of blocks"
      format={formatShare}
      atLeast={1}
      lines={[{ label: "hits", pick: hitRatio, filled: true }]}
      {...shared}
    />
  );
}

function Requests(shared: Shared) {
  return (
    <Lines
      title="Requests"
      note="by protocol"
      format={perSecond}
      atLeast={10}
      lines={[
        { label: "Redis", pick: (p) => p.redis_commands, filled: true },
        { label: "HTTP", pick: (p) => p.http_requests, filled: true },
      ]}
      {...shared}
    />
  );
}

function Connections(shared: Shared) {
  return (
    <Lines
      title="Connections"
      format={formatShort}
      atLeast={4}
      lines={[
        { label: "Redis", pick: (p) => p.clients, filled: true },
        { label: "HTTP", pick: (p) => p.http_connections },
      ]}
      {...shared}
    />
  );
}

function Processors(shared: Shared) {
  return (
    <Lines
      title="Processors"
      note="in cores"
      format={formatShort}
      atLeast={1}
      lines={[
        { label: "user", pick: (p) => p.cpu.user, filled: true },
        { label: "system", pick: (p) => p.cpu.system, colour: 3 },
      ]}
      {...shared}
    />
  );
}

function Leaving(shared: Shared) {
  return (
    <Lines
      title="Keys that left by themselves"
      format={perSecond}
      atLeast={1}
      lines={[
        { label: "expired", pick: (p) => p.expired, filled: true },
        { label: "evicted", pick: (p) => p.evicted, colour: 3 },
      ]}
      {...shared}
    />
  );
}
