import { useState } from "react";

import type { Cluster, Node } from "../../api/cluster.ts";
import { useRight } from "../../api/whoami.ts";
import { Badge } from "../../components/Badge.tsx";
import { Button } from "../../components/Button.tsx";
import { Card } from "../../components/Page.tsx";
import { Table, type Column } from "../../components/Table.tsx";
import { formatCount } from "../../lib/number.ts";
import { DrainNode } from "./DrainNode.tsx";
import { leadsOf, replicasOf } from "./layout.ts";
import { RemoveNode } from "./RemoveNode.tsx";

/** The nodes, one a row, each of which may be drained and removed. */
export function NodesCard({ cluster }: { cluster: Cluster }) {
  const [draining, setDraining] = useState<Node | null>(null);
  const [removing, setRemoving] = useState<Node | null>(null);
  const columns = columnsOf(cluster);
  return (
    <Card
      title="Nodes"
      note={cluster.protocol !== undefined && `protocol ${cluster.protocol}`}
      flush
    >
      <Table
        label="Nodes"
        columns={useRight("admin") ? [...columns, changeColumn(setDraining, setRemoving)] : columns}
        rows={cluster.nodes}
        rowKey={(node) => node.id}
        empty="This node has not heard of the list of nodes yet."
      />
      {draining && (
        <DrainNode cluster={cluster} node={draining} onClose={() => setDraining(null)} />
      )}
      {removing && (
        <RemoveNode cluster={cluster} node={removing} onClose={() => setRemoving(null)} />
      )}
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

/** What may be done with a node that is not dead; one is drained only once. */
function changeColumn(onDrain: (node: Node) => void, onRemove: (node: Node) => void): Column<Node> {
  return {
    key: "change",
    header: <span className="sr-only">Actions</span>,
    cell: (node) => (
      <span className="inline-flex gap-1">
        {node.state === "up" && (
          <Button
            small
            className="-my-1"
            aria-label={`Drain node ${node.id}`}
            onClick={() => onDrain(node)}
          >
            Drain
          </Button>
        )}
        {node.state !== "dead" && (
          <Button
            small
            className="-my-1"
            aria-label={`Remove node ${node.id}`}
            onClick={() => onRemove(node)}
          >
            Remove
          </Button>
        )}
      </span>
    ),
    numeric: true,
  };
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
