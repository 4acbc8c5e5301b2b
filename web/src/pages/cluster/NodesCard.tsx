import type { Cluster, Node } from "../../api/cluster.ts";
import { Badge } from "../../components/Badge.tsx";
import { Card } from "../../components/Page.tsx";
import { Table, type Column } from "../../components/Table.tsx";
import { formatCount } from "../../lib/number.ts";
import { leadsOf, replicasOf } from "./layout.ts";

/** The nodes, one a row. */
export function NodesCard({ cluster }: { cluster: Cluster }) {
  return (
    <Card
      title="Nodes"
      note={cluster.protocol !== undefined && `protocol ${cluster.protocol}`}
      flush
    >
      <Table
        label="Nodes"
        columns={columnsOf(cluster)}
        rows={cluster.nodes}
        rowKey={(node) => node.id}
        empty="This node has not heard of the list of nodes yet."
      />
    </Card>
  );
}

const looks = { up: "good", draining: "warning", dead: "plain" } as const;

function columnsOf(cluster: Cluster): Column<Node>[] {
  return [
    {
      key: "node",
      header: "Node",
      cell: ({ id }) => (
        <>
          {id} {id === cluster.self && <Badge look="info">this one</Badge>}
        </>
      ),
      order: ({ id }) => id,
      className: "figures whitespace-nowrap",
    },
    {
      key: "state",
      header: "State",
      cell: ({ state }) => <Badge look={looks[state]}>{state}</Badge>,
      order: ({ state }) => state,
    },
    {
      key: "reachable",
      header: "Reachable",
      cell: ({ reachable }) => (reachable ? "yes" : <Badge look="danger">no</Badge>),
      order: ({ reachable }) => Number(reachable),
    },
    {
      key: "version",
      header: "Version",
      cell: ({ version }) => version || "–",
      order: ({ version }) => version,
      className: "whitespace-nowrap",
    },
    {
      key: "zone",
      header: "Zone",
      cell: ({ zone }) => zone || "–",
      order: ({ zone }) => zone ?? "",
      className: "whitespace-nowrap",
    },
    {
      key: "addresses",
      header: "Addresses",
      cell: (node) => <Addresses node={node} />,
    },
    {
      key: "leads",
      header: "Leads",
      cell: ({ id }) => formatCount(leadsOf(cluster, id)),
      order: ({ id }) => leadsOf(cluster, id),
      numeric: true,
    },
    {
      key: "replicas",
      header: "Replicas",
      cell: ({ id }) => formatCount(replicasOf(cluster, id)),
      order: ({ id }) => replicasOf(cluster, id),
      numeric: true,
    },
  ];
}

/** Where a node is reached, each address with who reaches it there. */
function Addresses({ node }: { node: Node }) {
  const all = [
    ["clients", node.client],
    ["Redis Cluster", node.redis],
    ["nodes", node.peer],
    ["consensus", node.raft],
  ] as const;
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-3 text-xs">
      {all.map(
        ([who, address]) =>
          address && (
            <div key={who} className="contents">
              <dt className="text-muted">{who}</dt>
              <dd className="font-mono whitespace-nowrap">{address}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
