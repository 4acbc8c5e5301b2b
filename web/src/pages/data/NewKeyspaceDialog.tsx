import { useState, type FormEvent } from "react";

import { createKeyspace } from "../../api/keyspaces.ts";
import { explain } from "../../api/problem.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { TextField } from "../../components/Field.tsx";
import { readDuration } from "../../lib/ttl.ts";

interface NewKeyspaceDialogProps {
  onClose(): void;
  onCreated(name: string): void;
}

export function NewKeyspaceDialog({ onClose, onCreated }: NewKeyspaceDialogProps) {
  const [name, setName] = useState("");
  const [life, setLife] = useState("");
  const [memoryOnly, setMemoryOnly] = useState(false);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const ttl = readDuration(life);
  const wrongLife = life !== "" && ttl === null;

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (wrongLife) return;
    setBusy(true);
    try {
      await createKeyspace({
        name,
        ...(ttl !== null && { ttl: `${ttl}ms` }),
        ...(memoryOnly && { memory_only: true }),
      });
      onCreated(name);
    } catch (failure) {
      setError(explain(failure));
      setBusy(false);
    }
  }

  return (
    <Dialog title="New keyspace" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-3">
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          required
          maxLength={255}
          error={error}
        />
        <TextField
          label="Time to live of its entries"
          hint="As 30s, 15m, 2h or 7d; empty for ever. A write may say otherwise."
          value={life}
          onChange={setLife}
          error={wrongLife ? "Not a duration: write 30s, 15m, 2h or 7d" : ""}
        />
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            checked={memoryOnly}
            onChange={(event) => setMemoryOnly(event.target.checked)}
            className="size-4 accent-accent"
          />
          In memory only: empty whenever the server starts
        </label>
        <div className="flex justify-end gap-2 pt-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
