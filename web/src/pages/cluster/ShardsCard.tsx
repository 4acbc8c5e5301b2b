import { useState } from "react";

import type { Cluster } from "../../api/cluster.ts";
import { Badge } from "../../components/Badge.tsx";
import { Card } from "../../components/Page.tsx";
import { Segmented } from "../../components/Segmented.tsx";
import { Table, type Column } from "../../components/Table.tsx";
import { failedOf, inTrouble, membersOf, rowsOf, type Row } from "./layout.ts";

const kinds = [
  { value: "all", label: "All" },
  { value: "trouble", label: "In trouble" },
] as const;

type Kind = (typeof kinds)[number]["value"];

/** The shards, one a row, and where the list of nodes is kept. */
export function ShardsCard({ cluster }: { cluster: Cluster }) {
  const [kind, setKind] = useState<Kind>("all");
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
        columns={columns}
        rows={kind === "all" ? rows : rows.filter(inTrouble)}
        rowKey={({ shard }) => shard ?? "list of nodes"}
        empty="All have a leader, and all their replicas run."
      />
    </Card>
  );
}

const columns: Column<Row>[] = [
  {
    key: "shard",
    header: "Shard",
    cell: ({ shard }) => shard ?? "list of nodes",
    order: ({ shard }) => shard ?? Infinity,
    className: "figures whitespace-nowrap",
  },
  {
    key: "slots",
    header: "Slots",
    cell: ({ slots }) => slots || "–",
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
