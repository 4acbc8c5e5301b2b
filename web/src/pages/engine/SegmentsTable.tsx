import type { Level, Segment } from "../../api/engine.ts";
import { Badge } from "../../components/Badge.tsx";
import { Table, type Column } from "../../components/Table.tsx";
import { formatBytes } from "../../lib/bytes.ts";
import { formatCount } from "../../lib/number.ts";
import { shownKey } from "./segment.ts";

const columns: Column<Segment>[] = [
  { key: "id", header: "Segment", cell: (s) => s.id, order: (s) => s.id, numeric: true },
  {
    key: "bytes",
    header: "Size",
    cell: (s) => formatBytes(s.bytes),
    order: (s) => s.bytes,
    numeric: true,
  },
  {
    key: "raw",
    header: "Before compression",
    cell: (s) => (s.raw_bytes > 0 ? formatBytes(s.raw_bytes) : "–"),
    order: (s) => s.raw_bytes,
    numeric: true,
  },
  {
    key: "entries",
    header: "Entries",
    cell: (s) => formatCount(s.entries),
    order: (s) => s.entries,
    numeric: true,
  },
  {
    key: "tombstones",
    header: "Tombstones",
    cell: (s) => formatCount(s.tombstones),
    order: (s) => s.tombstones,
    numeric: true,
  },
  { key: "smallest", header: "First key", cell: (s) => <Key of={s.smallest} /> },
  { key: "largest", header: "Last key", cell: (s) => <Key of={s.largest} /> },
  {
    key: "busy",
    header: "State",
    cell: (s) => s.busy && <Badge look="warning">being compacted</Badge>,
    order: (s) => Number(s.busy),
  },
];

/** The segments of a level, one a row. */
export function SegmentsTable({ level }: { level: Level }) {
  return (
    <div className="mt-3 max-h-96 overflow-y-auto border-t border-line">
      <Table
        label={`Segments of level ${level.level}`}
        columns={columns}
        rows={level.segments}
        rowKey={(segment) => segment.id}
        empty="The level is empty."
      />
    </div>
  );
}

function Key({ of }: { of: string }) {
  return <code className="font-mono text-xs break-all">{shownKey(of)}</code>;
}
