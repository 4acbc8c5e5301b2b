import type { Point } from "../../api/figures.ts";
import { Meter } from "../../components/Meter.tsx";
import { Sparkline } from "../../components/Sparkline.tsx";
import { Tile } from "../../components/Tile.tsx";
import { formatBytes } from "../../lib/bytes.ts";
import { formatNanos } from "../../lib/duration.ts";
import { formatCount, formatShare, formatShort } from "../../lib/number.ts";
import { allOps, column, diskShare, hitRatio, measured, opsOf } from "./columns.ts";

/** How many of the newest points the small lines show. */
const recent = 120;

/** The figures of the moment that matter most. */
export function Tiles({ points }: { points: readonly Point[] }) {
  const now = points.at(-1);
  if (!now) return null;
  const course = points.slice(-recent);
  return (
    <div className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
      <OpsTile now={now} course={course} />
      <LatencyTile now={now} course={course} />
      <MemoryTile now={now} />
      <DiskTile now={now} />
      <CacheTile now={now} course={course} />
      <ClientsTile now={now} course={course} />
    </div>
  );
}

function OpsTile({ now, course }: { now: Point; course: Point[] }) {
  const { reads, writes } = opsOf(now);
  return (
    <Tile
      label="Operations"
      value={`${formatShort(allOps(now))}/s`}
      note={`${formatShort(reads)} reads, ${formatShort(writes)} writes`}
    >
      <Sparkline values={column(course, allOps)} />
    </Tile>
  );
}

function LatencyTile({ now, course }: { now: Point; course: Point[] }) {
  const protocol = now.redis_commands > now.http_requests ? "redis" : "http";
  const latency = now.latency[protocol];
  const any = latency.p99_nanos > 0;
  return (
    <Tile
      label={`Latency, ${protocol === "redis" ? "Redis" : "HTTP"} p99`}
      value={any ? formatNanos(latency.p99_nanos) : "–"}
      note={any ? `half within ${formatNanos(latency.p50_nanos)}` : "nothing was asked"}
    >
      <Sparkline values={column(course, (p) => measured(p.latency[protocol].p99_nanos))} />
    </Tile>
  );
}

function MemoryTile({ now }: { now: Point }) {
  const { used_bytes: used, limit_bytes: limit, resident_bytes: resident } = now.memory;
  return (
    <Tile
      label="Memory"
      value={formatBytes(used)}
      note={limit > 0 ? `of ${formatBytes(limit)}` : `no limit; ${formatBytes(resident)} resident`}
    >
      {limit > 0 && <Meter label="Memory used of the limit" share={used / limit} />}
    </Tile>
  );
}

function DiskTile({ now }: { now: Point }) {
  const share = diskShare(now);
  if (share === null) return <Tile label="Disk" value="None" note="all data is in memory" />;
  return (
    <Tile
      label="Disk"
      value={formatBytes(now.disk.used_bytes)}
      note={`${formatBytes(now.disk.free_bytes)} free`}
    >
      <Meter label="Disk used, by anything" share={share} />
    </Tile>
  );
}

function CacheTile({ now, course }: { now: Point; course: Point[] }) {
  const ratio = hitRatio(now);
  return (
    <Tile
      label="Cache hits"
      value={ratio === null ? "–" : formatShare(ratio)}
      note={ratio === null ? "no reads of blocks" : `${formatShort(now.cache.misses)} misses/s`}
    >
      <Sparkline values={column(course, hitRatio)} />
    </Tile>
  );
}

function ClientsTile({ now, course }: { now: Point; course: Point[] }) {
  return (
    <Tile
      label="Connections"
      value={formatCount(now.clients)}
      note={
        now.http_connections === undefined
          ? "of the Redis protocol"
          : `Redis, and ${formatCount(now.http_connections)} of HTTP`
      }
    >
      <Sparkline values={column(course, (p) => p.clients)} />
    </Tile>
  );
}
