import { useState } from "react";

import type { Cluster, Shard } from "../../api/cluster.ts";
import { useRight } from "../../api/whoami.ts";
import { Badge } from "../../components/Badge.tsx";
import { Button } from "../../components/Button.tsx";
import { Card } from "../../components/Page.tsx";
import { Segmented } from "../../components/Segmented.tsx";
import { Table, type Column } from "../../components/Table.tsx";
import { failedOf, inTrouble, membersOf, rowsOf, type Row } from "./layout.ts";
import { LeadShard } from "./LeadShard.tsx";
import { MoveShard } from "./MoveShard.tsx";

const kinds = [
  { value: "all", label: "All" },
  { value: "trouble", label: "In trouble" },
] as const;

type Kind = (typeof kinds)[number]["value"];

/**
 * The shards, one a row, which may be given other leaders and nodes; and where the list of nodes
 * is kept.
 */
export function ShardsCard({ cluster }: { cluster: Cluster }) {
  const [kind, setKind] = useState<Kind>("all");
  const [leading, setLeading] = useState<Shard | null>(null);
  const [moving, setMoving] = useState<Shard | null>(null);
  const rows = rowsOf(cluster);
  return (
    <Card
      title="Shards"
      actions={
        <Segmented
          label="Which shards"
          value={kind}
          options={kinds}
          onChange={(chosen) => setKind(chosen)}
        />
      }
      flush
    >
      <Table
        label="Shards"
        columns={useRight("admin") ? [...columns, changeColumn(setLeading, setMoving)] : columns}
        rows={kind === "all" ? rows : rows.filter(inTrouble)}
        rowKey={({ shard }) => shard?.shard ?? "list of nodes"}
        empty="All have a leader, and all their replicas run."
      />
      {leading && <LeadShard shard={leading} onClose={() => setLeading(null)} />}
      {moving && <MoveShard cluster={cluster} shard={moving} onClose={() => setMoving(null)} />}
    </Card>
  );
}

const columns: Column<Row>[] = [
  {
    key: "shard",
    header: "Shard",
    cell: ({ shard }) => shard?.shard ?? "list of nodes",
    order: ({ shard }) => shard?.shard ?? Infinity,
    className: "figures whitespace-nowrap",
  },
  {
    key: "slots",
    header: "Slots",
    cell: ({ shard }) => (shard ? `${shard.first_slot}–${shard.last_slot}` : "–"),
    className: "figures whitespace-nowrap",
  },
  {
    key: "leader",
    header: "Leader",
    cell: ({ leader }) => (leader > 0 ? `node ${leader}` : <Badge look="danger">none</Badge>),
    order: ({ leader }) => leader,
    className: "figures whitespace-nowrap",
  },
  {
    key: "term",
    header: "Term",
    cell: ({ term }) => term,
    order: ({ term }) => term,
    numeric: true,
  },
  {
    key: "replicas",
    header: "Replicas on nodes",
    cell: (row) => <Replicas row={row} />,
    className: "w-full",
  },
];

/** What may be done with a shard; the list of nodes is placed by the cluster alone. */
function changeColumn(onLead: (shard: Shard) => void, onMove: (shard: Shard) => void): Column<Row> {
  return {
    key: "change",
    header: <span className="sr-only">Actions</span>,
    cell: ({ shard }) =>
      shard && (
        <span className="inline-flex gap-1">
          <Button
            small
            className="-my-1"
            aria-label={`Lead shard ${shard.shard}`}
            onClick={() => onLead(shard)}
          >
            Lead
          </Button>
          <Button
            small
            className="-my-1"
            aria-label={`Move shard ${shard.shard}`}
            onClick={() => onMove(shard)}
          >
            Move
          </Button>
        </span>
      ),
    numeric: true,
  };
}

/** The nodes that have a replica, and which of these do not run. */
function Replicas({ row }: { row: Row }) {
  const failed = failedOf(row);
  const members = membersOf(row);
  if (members.length === 0) return "–";
  return (
    <ul className="flex flex-wrap gap-1">
      {members.map((id) => (
        <li key={id}>
          <Badge look={failed.includes(id) ? "danger" : "plain"}>
            {id}
            {failed.includes(id) && " failed"}
          </Badge>
        </li>
      ))}
    </ul>
  );
}
