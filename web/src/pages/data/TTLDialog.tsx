import { useState, type FormEvent } from "react";

import { setTTL, type EntryName } from "../../api/entries.ts";
import { explain } from "../../api/problem.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { TextField } from "../../components/Field.tsx";
import { toast } from "../../components/toasts.ts";
import { formatTime } from "../../lib/time.ts";
import { readDuration } from "../../lib/ttl.ts";

const usual = ["1m", "10m", "1h", "1d", "7d"];

interface TTLDialogProps {
  name: EntryName;
  expiresAt: number | null;
  onSaved(): void;
  onClose(): void;
}

/** Asks how long an entry shall live from now on. */
export function TTLDialog({ name, expiresAt, onSaved, onClose }: TTLDialogProps) {
  const [life, setLife] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  async function save(ttl: number | null) {
    setBusy(true);
    try {
      await setTTL(name, ttl);
      toast(ttl === null ? "The entry stays for ever" : "The time to live was set");
      onSaved();
    } catch (failure) {
      setError(explain(failure));
      setBusy(false);
    }
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const ttl = readDuration(life);
    if (ttl === null) setError("Not a duration: write 30s, 15m, 2h or 7d");
    else void save(ttl);
  }

  return (
    <Dialog title="Time to live" onClose={onClose}>
      <p className="text-muted">
        {expiresAt === null
          ? "This entry never expires."
          : `This entry expires ${formatTime(expiresAt)}.`}
      </p>
      <form onSubmit={submit} className="flex flex-col gap-3">
        <TextField
          label="Expire in"
          value={life}
          onChange={setLife}
          error={error}
          hint="As 30s, 15m, 2h or 7d"
        />
        <div className="flex flex-wrap gap-1.5">
          {usual.map((one) => (
            <Button key={one} small onClick={() => setLife(one)}>
              {one}
            </Button>
          ))}
        </div>
        <div className="flex flex-wrap justify-end gap-2 pt-2">
          {expiresAt !== null && (
            <Button busy={busy} onClick={() => void save(null)}>
              Keep for ever
            </Button>
          )}
          <Button type="submit" variant="primary" busy={busy}>
            Set
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
