import type { BlockCache } from "../../api/engine.ts";
import { Card } from "../../components/Page.tsx";
import { formatBytes } from "../../lib/bytes.ts";
import { classes } from "../../lib/classes.ts";
import { formatCount, formatShare } from "../../lib/number.ts";

const colours = ["bg-series-2", "bg-series-1", "bg-series-6", "bg-series-4", "bg-series-3"];

/** The cache of blocks: its queues as parts of its limit, and how well it answers. */
export function CacheCard({ cache, engine }: { cache: BlockCache; engine: string }) {
  const what = engine === "cache" ? "entries" : "blocks";
  const whole = Math.max(cache.limit_bytes, cache.bytes, 1);
  const reads = cache.hits + cache.misses;
  return (
    <Card
      title={`Cache of ${what}`}
      note={`${formatBytes(cache.bytes)}${cache.limit_bytes > 0 ? ` of ${formatBytes(cache.limit_bytes)}` : ""}`}
    >
      <div aria-hidden="true" className="mb-3 flex h-3 overflow-hidden rounded-full bg-raised">
        {cache.queues.map((queue, i) => (
          <div
            key={queue.name}
            style={{ width: `${(queue.bytes / whole) * 100}%` }}
            className={colours[i % colours.length]}
          />
        ))}
      </div>
      <ul className="figures grid gap-x-6 sm:grid-cols-2 gap-y-1">
        {cache.queues.map((queue, i) => (
          <li key={queue.name} className="flex flex-wrap items-center gap-x-2">
            <i
              aria-hidden="true"
              className={classes("size-2 rounded-full", colours[i % colours.length])}
            />
            {queue.name}
            <span className="ml-auto text-muted">
              {queue.bytes > 0 && `${formatBytes(queue.bytes)}, `}
              {formatCount(queue.entries)} {queue.name === "ghost" ? "keys" : what}
            </span>
          </li>
        ))}
      </ul>
      <p className="figures mt-3 text-muted">
        {reads > 0
          ? `${formatShare(cache.hits / reads)} of ${formatCount(reads)} reads were answered by it since the start.`
          : "Nothing has been read through it yet."}
      </p>
    </Card>
  );
}
