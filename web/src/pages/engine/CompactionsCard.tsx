import type { Compaction } from "../../api/engine.ts";
import { Badge } from "../../components/Badge.tsx";
import { Card } from "../../components/Page.tsx";
import { formatBytes } from "../../lib/bytes.ts";
import { formatNanos } from "../../lib/duration.ts";
import { useNow } from "../../lib/useNow.ts";

/** What the background work does at this moment. */
export function CompactionsCard({ compactions }: { compactions: readonly Compaction[] }) {
  const now = useNow(1000);
  return (
    <Card title="Running flushes and compactions">
      {compactions.length === 0 ? (
        <p className="py-2 text-muted">None is running.</p>
      ) : (
        <ul className="flex flex-col gap-2">
          {compactions.map((compaction, i) => (
            <li key={i} className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <Badge look={compaction.kind === "flush" ? "good" : "warning"}>
                {compaction.kind}
              </Badge>
              <span>{wayOf(compaction)}</span>
              <span className="figures ml-auto text-muted">
                {formatBytes(compaction.input_bytes)}, for {runningFor(compaction.started, now)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function wayOf({ from_level: from, to_level: to }: Compaction): string {
  return `${from < 0 ? "memory" : `level ${from}`} → level ${to}`;
}

function runningFor(started: string, now: number): string {
  return formatNanos(Math.max(0, Math.round((now - Date.parse(started)) / 1000)) * 1e9);
}
