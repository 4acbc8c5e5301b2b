import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { readEntry, type Entry, type EntryName } from "../../api/entries.ts";
import { Problem } from "../../api/problem.ts";
import { IconButton } from "../../components/Button.tsx";
import { Icon } from "../../components/Icon.tsx";
import { Failure, Loading } from "../../components/Page.tsx";
import { toast } from "../../components/toasts.ts";
import { formatBytes } from "../../lib/bytes.ts";
import { showKey, type Key } from "../../lib/key.ts";
import { useNow } from "../../lib/useNow.ts";
import { EntryActions } from "./EntryActions.tsx";
import { Expiry } from "./Expiry.tsx";
import { ValueEditor } from "./ValueEditor.tsx";
import { ValueView } from "./ValueView.tsx";
import { viewOf, type View } from "./view.ts";

/** How much of a value is shown, in bytes. */
export const shownBytes = 256 << 10;

interface EntryPaneProps {
  name: EntryName | null;
  refreshes: number;
  /** The entry was written or removed here. */
  onChanged(key: Key): void;
  onClose(): void;
}

/** An entry, to look at and to change. */
export function EntryPane({ name, refreshes, onChanged, onClose }: EntryPaneProps) {
  if (!name) return <Nothing />;
  return <OpenEntry name={name} refreshes={refreshes} onChanged={onChanged} onClose={onClose} />;
}

function Nothing() {
  return (
    <div className="grid h-full place-items-center p-8 text-center text-muted">
      <p>Choose a key to see its value.</p>
    </div>
  );
}

function OpenEntry({ name, refreshes, onChanged, onClose }: EntryPaneProps & { name: EntryName }) {
  const queries = useQueryClient();
  const queryKey = ["entry", name.keyspace, name.key];
  const entry = useQuery({
    queryKey,
    queryFn: ({ signal }) => readEntry(name, shownBytes, signal),
  });
  useEffect(() => {
    if (refreshes > 0) void queries.invalidateQueries({ queryKey: ["entry"] });
  }, [queries, refreshes]);
  const isAbsent = entry.error instanceof Problem && entry.error.kind === "key-not-found";
  const [chosen, setChosen] = useState<View | null>(null);
  // What is edited stays as it was read, whatever is read meanwhile: it is what a save may replace.
  const [edited, setEdited] = useState<Entry | null>(null);
  const viewed = edited ?? entry.data;
  const view = chosen ?? (viewed ? viewOf(viewed.value) : "text");

  async function changed() {
    onChanged(name.key);
    await queries.invalidateQueries({ queryKey });
  }

  return (
    <div className="flex h-full min-h-0 flex-col">
      <EntryHeader name={name} onClose={onClose} />
      {edited ? (
        <ValueEditor
          name={name}
          entry={edited}
          asHex={view === "hex"}
          onSaved={() => {
            setEdited(null);
            void changed();
          }}
          onClose={() => setEdited(null)}
        />
      ) : isAbsent ? (
        <p className="p-6 text-center text-muted">
          This key is absent: it was deleted, or has expired.
        </p>
      ) : entry.data ? (
        <EntryBody
          name={name}
          entry={entry.data}
          view={view}
          onView={setChosen}
          onEdit={() => setEdited(entry.data)}
          onChanged={() => void changed()}
          onRemoved={() => {
            onChanged(name.key);
            onClose();
          }}
        />
      ) : entry.isError ? (
        <div className="p-3">
          <Failure error={entry.error} retry={() => void entry.refetch()} />
        </div>
      ) : (
        <Loading what="the value" />
      )}
    </div>
  );
}

function EntryHeader({ name, onClose }: { name: EntryName; onClose(): void }) {
  const text = showKey(name.key);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      toast("The key was copied");
    } catch {
      toast("The browser does not let the page copy", { kind: "error" });
    }
  }
  return (
    <header className="flex items-start gap-1 border-b border-line p-2 pl-4">
      <button
        type="button"
        onClick={onClose}
        className="-ml-2 rotate-180 rounded-lg p-2 text-muted md:hidden"
        aria-label="Back to the keys"
      >
        <Icon name="chevron" />
      </button>
      <h2 className="max-h-24 min-w-0 flex-1 overflow-y-auto py-1.5 font-mono text-sm font-semibold break-all">
        {text}
      </h2>
      <IconButton label="Copy the key" icon="copy" onClick={() => void copy()} />
      <IconButton label="Close" icon="close" onClick={onClose} className="max-md:hidden" />
    </header>
  );
}

interface EntryBodyProps {
  name: EntryName;
  entry: Entry;
  view: View;
  onView(view: View): void;
  onEdit(): void;
  onChanged(): void;
  onRemoved(): void;
}

function EntryBody({ name, entry, view, onView, onEdit, onChanged, onRemoved }: EntryBodyProps) {
  const now = useNow(1000);
  const isCut = entry.size > entry.value.length;
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-2">
        <span className="figures text-xs text-muted">{formatBytes(entry.size)}</span>
        {entry.tag && (
          <span className="figures text-xs text-muted">
            version {entry.tag.replaceAll('"', "")}
          </span>
        )}
        {entry.expiresAt === null ? (
          <span className="text-xs text-muted">never expires</span>
        ) : (
          <Expiry at={entry.expiresAt} now={now} />
        )}
        <EntryActions
          name={name}
          entry={entry}
          isCut={isCut}
          onEdit={onEdit}
          onChanged={onChanged}
          onRemoved={onRemoved}
        />
      </div>
      <ValueView value={entry.value} size={entry.size} view={view} onView={onView} />
    </>
  );
}
