import { useId, useState, type FormEvent } from "react";

import { writeEntry } from "../../api/entries.ts";
import { explain, Problem } from "../../api/problem.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { inputLook, Labelled, TextField } from "../../components/Field.tsx";
import { toast } from "../../components/toasts.ts";
import { classes } from "../../lib/classes.ts";
import { readKey, showKey, type Key } from "../../lib/key.ts";
import { readDuration } from "../../lib/ttl.ts";

interface NewEntryDialogProps {
  keyspace: string;
  prefix: Key;
  onClose(): void;
  onCreated(key: Key): void;
}

/** Asks for a key and its value. What is there already is not overwritten. */
export function NewEntryDialog({ keyspace, prefix, onClose, onCreated }: NewEntryDialogProps) {
  const id = useId();
  const [keyText, setKeyText] = useState(() => showKey(prefix));
  const [value, setValue] = useState("");
  const [life, setLife] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const ttl = readDuration(life);
  const wrongLife = life !== "" && ttl === null;

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (wrongLife) return;
    setBusy(true);
    const key = readKey(keyText);
    try {
      await writeEntry({ keyspace, key }, new TextEncoder().encode(value), ttl, { absent: true });
      toast("The key was stored");
      onCreated(key);
    } catch (failure) {
      const isTaken =
        failure instanceof Problem &&
        (failure.kind === "key-exists" || failure.kind === "condition-failed");
      setError(isTaken ? "There is a key of this name: open it to edit it" : explain(failure));
      setBusy(false);
    }
  }

  return (
    <Dialog title="New key" onClose={onClose} wide>
      <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-3">
        <TextField
          label="Key"
          value={keyText}
          onChange={setKeyText}
          required
          spellCheck={false}
          autoCapitalize="off"
          className="font-mono"
          error={error}
          hint="\xff is a byte, \\ a backslash"
        />
        <Labelled id={id} label="Value">
          <textarea
            id={id}
            rows={8}
            value={value}
            onChange={(event) => setValue(event.target.value)}
            spellCheck={false}
            className={classes(inputLook, "py-2 font-mono text-sm")}
          />
        </Labelled>
        <TextField
          label="Time to live"
          value={life}
          onChange={setLife}
          error={wrongLife ? "Not a duration: write 30s, 15m, 2h or 7d" : ""}
          hint="As 30s, 15m, 2h or 7d; empty for what the keyspace says"
        />
        <div className="flex justify-end gap-2 pt-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy}>
            Store
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
