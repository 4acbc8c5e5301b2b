import { useEffect, useRef, useState } from "react";

import { explain } from "../../api/problem.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { toast } from "../../components/toasts.ts";
import { download, fileName } from "../../lib/download.ts";
import { showKey, type Key } from "../../lib/key.ts";
import { formatCount } from "../../lib/number.ts";
import { exportLines } from "./export_lines.ts";
import { Progress } from "./Progress.tsx";

interface ExportDialogProps {
  keyspace: string;
  prefix: Key;
  onClose(): void;
}

/** Says what will be exported, and makes a file of it. */
export function ExportDialog({ keyspace, prefix, onClose }: ExportDialogProps) {
  const [entries, setEntries] = useState<number | null>(null);
  const [error, setError] = useState("");
  const stopped = useRef(new AbortController());
  useEffect(() => {
    stopped.current = new AbortController();
    return () => stopped.current.abort();
  }, []);

  async function run() {
    setError("");
    setEntries(0);
    try {
      const done = await exportLines(keyspace, prefix, stopped.current.signal, setEntries);
      download(
        fileName(
          [keyspace || "mantisdb", prefix && showKey(prefix)].filter(Boolean).join("-"),
          "ndjson",
        ),
        done.file,
      );
      toast(`${formatCount(done.entries)} entries were exported`);
      onClose();
    } catch (failure) {
      if (stopped.current.signal.aborted) return;
      setError(explain(failure));
      setEntries(null);
    }
  }

  return (
    <Dialog
      title="Export"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            icon="download"
            busy={entries !== null}
            onClick={() => void run()}
          >
            Export
          </Button>
        </>
      }
    >
      <p>
        {prefix ? (
          <>
            All entries that begin with{" "}
            <span className="font-mono font-semibold break-all">{showKey(prefix)}</span>
          </>
        ) : (
          "All entries"
        )}{" "}
        of {keyspace ? `the keyspace ${keyspace}` : "the default keyspace"}, as of one moment, in a
        file of JSON lines that Import here and <code>mantisdb import</code> read.
      </p>
      {entries !== null && (
        <Progress label="Export" text={`${formatCount(entries)} entries so far`} />
      )}
      {error && (
        <p role="alert" className="text-danger">
          {error}
        </p>
      )}
    </Dialog>
  );
}
