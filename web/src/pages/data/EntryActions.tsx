import { useState } from "react";

import { readEntry, type Entry, type EntryName } from "../../api/entries.ts";
import { explain } from "../../api/problem.ts";
import { useRight } from "../../api/whoami.ts";
import { Button } from "../../components/Button.tsx";
import { Confirm } from "../../components/Dialog.tsx";
import { toast } from "../../components/toasts.ts";
import { formatBytes } from "../../lib/bytes.ts";
import { download, fileName } from "../../lib/download.ts";
import { showKey } from "../../lib/key.ts";
import { removeWithUndo } from "./remove.ts";
import { TTLDialog } from "./TTLDialog.tsx";

interface EntryActionsProps {
  name: EntryName;
  entry: Entry;
  /** Only the beginning of the value was read. */
  isCut: boolean;
  onEdit(): void;
  onChanged(): void;
  onRemoved(): void;
}

/** What can be done to an entry, by who may. */
export function EntryActions({
  name,
  entry,
  isCut,
  onEdit,
  onChanged,
  onRemoved,
}: EntryActionsProps) {
  const [open, setOpen] = useState<"ttl" | "delete" | null>(null);
  const [busy, setBusy] = useState(false);
  const mayWrite = useRight("write");

  async function remove() {
    setBusy(true);
    try {
      await removeWithUndo(name, onChanged);
      onRemoved();
    } catch (error) {
      toast(explain(error), { kind: "error" });
      setOpen(null);
    }
    setBusy(false);
  }

  async function save() {
    try {
      const { value } = isCut ? await readEntry(name, Infinity) : entry;
      download(fileName(showKey(name.key), "bin"), new Blob([value as Uint8Array<ArrayBuffer>]));
    } catch (error) {
      toast(explain(error), { kind: "error" });
    }
  }

  return (
    <div className="flex flex-wrap gap-1.5 sm:ml-auto">
      {mayWrite && (
        <>
          <Button
            small
            icon="edit"
            onClick={onEdit}
            disabled={isCut}
            title={
              isCut
                ? `A value of more than ${formatBytes(entry.value.length)} cannot be edited here`
                : undefined
            }
          >
            Edit
          </Button>
          <Button small icon="timer" onClick={() => setOpen("ttl")}>
            TTL
          </Button>
        </>
      )}
      <Button small icon="download" onClick={() => void save()}>
        Download
      </Button>
      {mayWrite && (
        <Button small icon="trash" onClick={() => setOpen("delete")}>
          Delete
        </Button>
      )}
      {open === "ttl" && (
        <TTLDialog
          name={name}
          expiresAt={entry.expiresAt}
          onSaved={() => {
            setOpen(null);
            onChanged();
          }}
          onClose={() => setOpen(null)}
        />
      )}
      {open === "delete" && (
        <Confirm
          title="Delete this key?"
          action="Delete"
          danger
          busy={busy}
          onConfirm={() => void remove()}
          onClose={() => setOpen(null)}
        >
          <p>
            <span className="font-mono text-sm font-semibold break-all">{showKey(name.key)}</span>{" "}
            and its value of {formatBytes(entry.size)} are removed. For a short time afterwards it
            can be put back.
          </p>
        </Confirm>
      )}
    </div>
  );
}
