import { useState } from "react";

import type { Shard } from "../../api/cluster.ts";
import { leadShard } from "../../api/cluster_changes.ts";
import { Select } from "../../components/Field.tsx";
import { successorsOf } from "./layout.ts";
import { ShardDialog } from "./ShardDialog.tsx";
import { useChange } from "./useChange.ts";

/** Asks which node is to lead a shard, and has it do so. */
export function LeadShard({ shard, onClose }: { shard: Shard; onClose(): void }) {
  const successors = successorsOf(shard);
  const [to, setTo] = useState(String(successors[0] ?? ""));
  const lead = useChange(
    () => leadShard(shard.shard, Number(to)),
    `Node ${to} leads shard ${shard.shard} now`,
    onClose,
  );
  return (
    <ShardDialog
      title={`Give shard ${shard.shard} another leader`}
      action="Hand over"
      hindrance={
        to === "" ? "No other node has a replica of this shard that could lead it." : undefined
      }
      busy={lead.isPending}
      error={lead.error}
      onSubmit={() => lead.mutate()}
      onClose={onClose}
    >
      <p>Writes to the shard wait for a moment, until the other node has all that was written.</p>
      <Select
        label="Leader"
        value={to}
        onChange={setTo}
        options={successors.map((id) => ({ value: String(id), label: `Node ${id}` }))}
      />
    </ShardDialog>
  );
}
