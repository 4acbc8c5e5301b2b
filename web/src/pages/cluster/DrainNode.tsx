import type { Cluster, Node } from "../../api/cluster.ts";
import { drainNode } from "../../api/cluster_changes.ts";
import { Confirm } from "../../components/Dialog.tsx";
import { Failure } from "../../components/Page.tsx";
import { livingOf, replicasOf } from "./layout.ts";
import { useChange } from "./useChange.ts";
import { counted } from "./words.ts";

/** Asks, and has a node give its replicas to others. */
export function DrainNode({
  cluster,
  node,
  onClose,
}: {
  cluster: Cluster;
  node: Node;
  onClose(): void;
}) {
  const drain = useChange(() => drainNode(node.id), `Node ${node.id} is being drained`, onClose);
  const others = livingOf(cluster).filter(({ id, state }) => id !== node.id && state === "up");
  return (
    <Confirm
      title={`Drain node ${node.id}?`}
      action="Drain"
      danger
      busy={drain.isPending}
      onConfirm={() => drain.mutate()}
      onClose={onClose}
    >
      <p>
        It gives its {counted(replicasOf(cluster, node.id), "replica")} of shards to other nodes,
        one after the other, and gets no more. It cannot be taken back into use: what is left to do
        then is to remove it.
      </p>
      {others.length === 0 && (
        <p className="text-warning">No other node is up: nobody could take the replicas.</p>
      )}
      {drain.error && <Failure error={drain.error} />}
    </Confirm>
  );
}
