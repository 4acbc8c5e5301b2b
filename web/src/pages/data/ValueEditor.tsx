import { useEffect, useId, useState, type KeyboardEvent } from "react";

import { writeEntry, type Entry, type EntryName } from "../../api/entries.ts";
import { explain, Problem } from "../../api/problem.ts";
import { askBeforeLeaving, useRoute, type Route } from "../../app/route.ts";
import { Button } from "../../components/Button.tsx";
import { toast } from "../../components/toasts.ts";
import { bytesOfText, editableText } from "../../lib/text.ts";
import { bytesOfHex, faultOfJSON, formatJSON, hexOf, looksLikeJSON } from "../../lib/value.ts";

interface ValueEditorProps {
  name: EntryName;
  entry: Entry;
  /** As hexadecimal digits, which any bytes can be edited as. */
  asHex: boolean;
  onSaved(): void;
  onClose(): void;
}

/** Edits a value, and stores it in place of the one that was read, and of no newer one. */
export function ValueEditor({ name, entry, asHex, onSaved, onClose }: ValueEditorProps) {
  const id = useId();
  const before = asHex ? null : editableText(entry.value);
  const isHex = before === null;
  const [unchanged] = useState(() => before?.text ?? hexOf(entry.value));
  const [text, setText] = useState(unchanged);
  const [wasJSON] = useState(() => before !== null && looksLikeJSON(before.text));
  const [busy, setBusy] = useState(false);
  const [isStale, setStale] = useState(false);
  const [error, setError] = useState("");
  const fault = isHex
    ? bytesOfHex(text)
      ? null
      : "These are no pairs of hexadecimal digits"
    : null;
  const warning = wasJSON ? faultOfJSON(text) : null;
  useUnsaved(text !== unchanged);

  async function save(overwrite: boolean) {
    const value = before ? bytesOfText({ ...before, text }) : bytesOfHex(text);
    if (!value || busy) return;
    setBusy(true);
    setError("");
    const left = entry.expiresAt === null ? null : entry.expiresAt - Date.now();
    try {
      if (left !== null && left <= 0) throw new Error("the entry has expired meanwhile");
      await writeEntry(name, value, left, { tag: overwrite ? null : entry.tag });
      toast("The value was saved");
      onSaved();
    } catch (failure) {
      setStale(failure instanceof Problem && failure.kind === "version-differs");
      setError(explain(failure));
      setBusy(false);
    }
  }

  function press(event: KeyboardEvent) {
    if (event.key === "Escape") {
      // What was typed is given up by Cancel alone.
      if (text === unchanged) onClose();
    } else if (
      (event.key === "s" || event.key === "Enter") &&
      (event.ctrlKey || event.metaKey) &&
      !fault
    ) {
      void save(false);
    } else return;
    event.preventDefault();
  }

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <label htmlFor={id} className="sr-only">
        {isHex ? "Value as hexadecimal digits" : "Value"}
      </label>
      <textarea
        id={id}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={press}
        spellCheck={false}
        autoCapitalize="off"
        // eslint-disable-next-line jsx-a11y/no-autofocus -- to edit was asked for
        autoFocus
        className="min-h-60 flex-1 resize-none bg-canvas p-4 font-mono text-[0.8125rem] focus-visible:-outline-offset-2"
      />
      <footer className="flex flex-wrap items-center gap-2 border-t border-line px-4 py-2">
        <p
          role="alert"
          className={
            error || fault
              ? "min-w-0 flex-1 text-sm text-danger"
              : "min-w-0 flex-1 text-sm text-warning"
          }
        >
          {error || fault || (warning && `No longer JSON: ${warning}`)}
        </p>
        {wasJSON && (
          <Button
            small
            disabled={warning !== null}
            onClick={() => setText(formatJSON(text) ?? text)}
          >
            Format
          </Button>
        )}
        {isStale && (
          <Button small variant="danger" onClick={() => void save(true)}>
            Overwrite the newer value
          </Button>
        )}
        <Button small onClick={onClose}>
          Cancel
        </Button>
        <Button
          small
          variant="primary"
          busy={busy}
          disabled={fault !== null}
          title="Ctrl+S"
          onClick={() => void save(false)}
        >
          Save
        </Button>
      </footer>
    </div>
  );
}

/** Asks before another entry or page is shown, or the tab is closed, while there is something unsaved. */
function useUnsaved(unsaved: boolean) {
  const here = useRoute();
  useEffect(() => {
    if (!unsaved) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    const end = askBeforeLeaving(
      (to) => isSameEntry(here, to) || confirm("Leave the value without saving what was typed?"),
    );
    return () => {
      removeEventListener("beforeunload", ask);
      end();
    };
  }, [unsaved, here]);
}

function isSameEntry(one: Route, other: Route): boolean {
  return (
    one.page === other.page &&
    ["keyspace", "key"].every((name) => one.query.get(name) === other.query.get(name))
  );
}
