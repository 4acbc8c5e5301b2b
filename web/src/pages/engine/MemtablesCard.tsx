import type { Memtable } from "../../api/engine.ts";
import { Card } from "../../components/Page.tsx";
import { formatBytes } from "../../lib/bytes.ts";
import { formatCount } from "../../lib/number.ts";
import { Blocks } from "./Blocks.tsx";

/** What was written and is in memory, in the order in which it goes to disk. */
export function MemtablesCard({ memtables }: { memtables: readonly Memtable[] }) {
  const bytes = memtables.reduce((sum, memtable) => sum + memtable.bytes, 0);
  return (
    <Card title="Memtables" note={formatBytes(bytes)}>
      <Blocks
        label="Memtables"
        blocks={memtables.map((memtable, i) => ({
          key: i,
          bytes: memtable.bytes,
          look: memtable.state === "active" ? "strong" : "busy",
          title: memtable.state,
          note: memtable.entries > 0 ? `${formatCount(memtable.entries)} entries` : undefined,
          detail:
            memtable.dirty_bytes > 0
              ? `${formatBytes(memtable.dirty_bytes)} not yet flushed`
              : undefined,
        }))}
      />
    </Card>
  );
}
