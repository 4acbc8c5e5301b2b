import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import {
  defaultKeyspace,
  dropKeyspace,
  keyspacesKey,
  useKeyCounts,
  useKeyspaces,
} from "../../api/keyspaces.ts";
import { explain } from "../../api/problem.ts";
import { useRight } from "../../api/whoami.ts";
import { IconButton } from "../../components/Button.tsx";
import { Confirm } from "../../components/Dialog.tsx";
import { Select } from "../../components/Field.tsx";
import { toast } from "../../components/toasts.ts";
import { formatShort } from "../../lib/number.ts";
import { NewKeyspaceDialog } from "./NewKeyspaceDialog.tsx";

interface KeyspaceBarProps {
  keyspace: string;
  refreshes: number;
  onChange(name: string): void;
}

/** The choice of a keyspace, which can be created and dropped here too. */
export function KeyspaceBar({ keyspace, refreshes, onChange }: KeyspaceBarProps) {
  const queries = useQueryClient();
  const keyspaces = useKeyspaces().data ?? [];
  const counts = useKeyCounts().data;
  const mayAdministrate = useRight("admin");
  const [open, setOpen] = useState<"new" | "drop" | null>(null);
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: keyspacesKey });
  }, [queries, refreshes]);

  const label = (name: string) => {
    const count = counts?.get(name);
    return `${name || "Default keyspace"}${count === undefined ? "" : ` · ${formatShort(count)} ${count === 1 ? "key" : "keys"}`}`;
  };
  // One that was dropped elsewhere stays in sight while it is in the address.
  const names = [...new Set([defaultKeyspace, ...keyspaces.map(({ name }) => name), keyspace])];

  async function drop() {
    setOpen(null);
    try {
      await dropKeyspace(keyspace);
      toast(`The keyspace ${keyspace} was dropped`);
      onChange(defaultKeyspace);
    } catch (error) {
      toast(explain(error), { kind: "error" });
    }
    await queries.invalidateQueries({ queryKey: keyspacesKey });
  }

  return (
    <div className="flex items-center gap-1">
      <div className="min-w-0 flex-1">
        <Select
          label="Keyspace"
          bare
          value={keyspace}
          options={names.map((name) => ({ value: name, label: label(name) }))}
          onChange={onChange}
        />
      </div>
      {mayAdministrate && (
        <IconButton label="New keyspace" icon="plus" onClick={() => setOpen("new")} />
      )}
      {mayAdministrate && keyspace !== defaultKeyspace && (
        <IconButton
          label={`Drop the keyspace ${keyspace}`}
          icon="trash"
          onClick={() => setOpen("drop")}
        />
      )}
      {open === "new" && (
        <NewKeyspaceDialog
          onClose={() => setOpen(null)}
          onCreated={(name) => {
            setOpen(null);
            void queries.invalidateQueries({ queryKey: keyspacesKey });
            onChange(name);
          }}
        />
      )}
      {open === "drop" && (
        <Confirm
          title={`Drop the keyspace ${keyspace}?`}
          action="Drop the keyspace"
          typed={keyspace}
          danger
          onConfirm={() => void drop()}
          onClose={() => setOpen(null)}
        >
          <p>
            The keyspace and all that it holds
            {counts?.get(keyspace) ? `, ${formatShort(counts.get(keyspace)!)} keys,` : ""} are gone
            at once. This cannot be undone.
          </p>
        </Confirm>
      )}
    </div>
  );
}
