import type { Cluster } from "../../api/cluster.ts";
import { Tile } from "../../components/Tile.tsx";
import { formatCount } from "../../lib/number.ts";
import { failedOf, leadsOf, livingOf, membersOf } from "./layout.ts";
import { listed } from "./words.ts";

/** How the cluster fares, in four figures. */
export function SummaryTiles({ cluster }: { cluster: Cluster }) {
  return (
    <div className="grid grid-cols-2 gap-3 xl:grid-cols-4">
      <NodesTile cluster={cluster} />
      <ShardsTile cluster={cluster} />
      <ReplicasTile cluster={cluster} />
      <LeadsTile cluster={cluster} />
    </div>
  );
}

function NodesTile({ cluster }: { cluster: Cluster }) {
  const living = livingOf(cluster);
  const silent = living.filter((node) => !node.reachable).map(({ id }) => id);
  return (
    <Tile
      label="Nodes"
      value={formatCount(living.length)}
      note={silent.length === 0 ? "all reachable" : `not reachable: ${listed(silent)}`}
    />
  );
}

function ShardsTile({ cluster: { shards } }: { cluster: Cluster }) {
  const without = shards.filter((shard) => shard.leader === 0).map(({ shard }) => shard);
  return (
    <Tile
      label="Shards"
      value={formatCount(shards.length)}
      note={without.length === 0 ? "all have a leader" : `without a leader: ${listed(without)}`}
    />
  );
}

function ReplicasTile({ cluster: { shards } }: { cluster: Cluster }) {
  const all = shards.reduce((sum, shard) => sum + membersOf(shard).length, 0);
  const failed = shards.reduce((sum, shard) => sum + failedOf(shard).length, 0);
  return (
    <Tile
      label="Replicas of shards"
      value={formatCount(all)}
      note={failed === 0 ? "none failed" : `${formatCount(failed)} failed`}
    />
  );
}

function LeadsTile({ cluster }: { cluster: Cluster }) {
  const leads = livingOf(cluster).map(({ id }) => ({ id, count: leadsOf(cluster, id) }));
  const counts = leads.map(({ count }) => count);
  const [least, most] = counts.length > 0 ? [Math.min(...counts), Math.max(...counts)] : [0, 0];
  return (
    <Tile
      label="Leads of a node"
      value={least === most ? formatCount(most) : `${formatCount(least)} to ${formatCount(most)}`}
      note={listed(leads.map(({ id, count }) => `node ${id}: ${count}`))}
    />
  );
}
