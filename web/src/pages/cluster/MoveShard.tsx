import { useState } from "react";

import type { Cluster, Shard } from "../../api/cluster.ts";
import { moveShard } from "../../api/cluster_changes.ts";
import { Select } from "../../components/Field.tsx";
import { membersOf, targetsOf } from "./layout.ts";
import { ShardDialog } from "./ShardDialog.tsx";
import { useChange } from "./useChange.ts";

/** Asks from which node to which one a replica of a shard is to go, and moves it. */
export function MoveShard({
  cluster,
  shard,
  onClose,
}: {
  cluster: Cluster;
  shard: Shard;
  onClose(): void;
}) {
  const members = membersOf(shard);
  const [targets] = useState(() => targetsOf(cluster, shard)); // what is chosen of must not change
  const [from, setFrom] = useState(String(members[0] ?? ""));
  const [to, setTo] = useState(String(targets[0]?.id ?? ""));
  const move = useChange(
    () => moveShard(shard.shard, Number(from), Number(to)),
    `The replica of shard ${shard.shard} is on node ${to} now`,
    onClose,
  );
  return (
    <ShardDialog
      title={`Move a replica of shard ${shard.shard}`}
      action="Move"
      hindrance={
        from === "" || to === ""
          ? "No other node could have a replica: one would have to be up, be reachable, and have none of this shard."
          : undefined
      }
      busy={move.isPending}
      error={move.error}
      onSubmit={() => move.mutate()}
      onClose={onClose}
    >
      <p>
        All data of the shard is copied to the other node, and only then removed from the first. The
        shard is served meanwhile. It may take minutes, and goes on if this is closed, but not if
        the tab is.
      </p>
      <Select
        label="From"
        value={from}
        onChange={setFrom}
        options={members.map((id) => ({
          value: String(id),
          label: `Node ${id}${id === shard.leader ? ", which leads" : ""}`,
        }))}
      />
      <Select
        label="To"
        value={to}
        onChange={setTo}
        options={targets.map(({ id, zone }) => ({
          value: String(id),
          label: `Node ${id}${zone ? `, zone ${zone}` : ""}`,
        }))}
      />
    </ShardDialog>
  );
}
