import { useState } from "react";

import type { Cluster, Node } from "../../api/cluster.ts";
import { removeNode } from "../../api/cluster_changes.ts";
import { Confirm } from "../../components/Dialog.tsx";
import { Failure } from "../../components/Page.tsx";
import { replicasOf } from "./layout.ts";
import { useChange } from "./useChange.ts";
import { counted } from "./words.ts";

/** Asks, and removes a node that was drained, or one that is dead. */
export function RemoveNode({
  cluster,
  node,
  onClose,
}: {
  cluster: Cluster;
  node: Node;
  onClose(): void;
}) {
  const [dead, setDead] = useState(false);
  const remove = useChange(() => removeNode(node.id, dead), `Node ${node.id} was removed`, onClose);
  return (
    <Confirm
      title={`Remove node ${node.id}?`}
      action="Remove"
      typed={`node ${node.id}`}
      danger
      busy={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>
        It has {counted(replicasOf(cluster, node.id), "replica")} of shards. A node that runs is to
        be drained first, until it has none. It cannot come back: its number is not given again.
      </p>
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          checked={dead}
          onChange={(event) => setDead(event.target.checked)}
          className="size-4 accent-accent"
        />
        It is dead: it will never be started again
      </label>
      {dead && (
        <p className="text-danger">
          Replicas that it has are made anew on other nodes. A shard of which it has the only
          replica, or half of them, stays without a leader: its keys cannot be had any more.
        </p>
      )}
      {remove.error && <Failure error={remove.error} />}
    </Confirm>
  );
}
