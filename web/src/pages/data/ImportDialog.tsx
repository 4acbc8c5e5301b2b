import { useEffect, useRef, useState } from "react";

import { explain } from "../../api/problem.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { toast } from "../../components/toasts.ts";
import { formatCount } from "../../lib/number.ts";
import { importLines, type Imported } from "./import_lines.ts";
import { Progress } from "./Progress.tsx";

interface ImportDialogProps {
  keyspace: string;
  /** Something may have been stored. */
  onClose(changed: boolean): void;
}

/** Asks for a file, and stores its entries. */
export function ImportDialog({ keyspace, onClose }: ImportDialogProps) {
  const [file, setFile] = useState<File | null>(null);
  const [done, setDone] = useState<Imported | null>(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const stopped = useRef(new AbortController());
  useEffect(() => {
    stopped.current = new AbortController();
    return () => stopped.current.abort();
  }, []);

  async function run(from: File) {
    setBusy(true);
    setError("");
    try {
      const { entries } = await importLines(keyspace, from, stopped.current.signal, setDone);
      toast(`${formatCount(entries)} entries were imported`);
      onClose(true);
    } catch (failure) {
      if (stopped.current.signal.aborted) return;
      setError(explain(failure));
      setBusy(false);
    }
  }

  const close = () => onClose(done !== null);
  return (
    <Dialog
      title={`Import into ${keyspace ? `the keyspace ${keyspace}` : "the default keyspace"}`}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{busy ? "Stop" : "Close"}</Button>
          <Button
            variant="primary"
            icon="upload"
            busy={busy}
            disabled={!file}
            onClick={() => file && void run(file)}
          >
            Import
          </Button>
        </>
      }
    >
      <p className="text-muted">
        A file of JSON lines, as Export here or <code>mantisdb export</code> writes it. Keys that
        are there already get the file’s values.
      </p>
      <input
        type="file"
        aria-label="File to import"
        accept=".ndjson,.jsonl,.json,.txt"
        onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        className="text-sm file:mr-3 file:rounded-lg file:border file:border-line file:bg-raised file:px-3 file:py-1.5 file:text-ink"
      />
      {done && (
        <Progress
          label="Import"
          share={file ? done.read / file.size : 0}
          text={`${formatCount(done.entries)} entries stored`}
        />
      )}
      {error && (
        <p role="alert" className="break-words text-danger">
          {error}. {done ? "What was stored before stays." : "Nothing was stored."}
        </p>
      )}
    </Dialog>
  );
}
