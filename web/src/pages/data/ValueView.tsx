import { useMemo, useState } from "react";

import { Button } from "../../components/Button.tsx";
import { Segmented } from "../../components/Segmented.tsx";
import { formatBytes } from "../../lib/bytes.ts";
import { textOf } from "../../lib/key.ts";
import { faultOfJSON, formatJSON, hexColumns, hexLine } from "../../lib/value.ts";
import { JSONText } from "./JSONText.tsx";
import { beginningOf, type View } from "./view.ts";

const views = [
  { value: "text", label: "Text" },
  { value: "json", label: "JSON" },
  { value: "hex", label: "Hex" },
] as const;

interface ValueViewProps {
  value: Uint8Array;
  /** Of the whole value, in bytes. */
  size: number;
  view: View;
  onView(view: View): void;
}

/** A value, in the form that is chosen. */
export function ValueView({ value, size, view, onView }: ValueViewProps) {
  const isCut = size > value.length;
  const text = useMemo(() => textOf(value) ?? (isCut ? beginningOf(value) : null), [value, isCut]);
  return (
    <>
      <div className="flex flex-wrap items-center gap-3 px-4 py-2">
        <Segmented label="Show the value as" value={view} options={views} onChange={onView} />
        {isCut && (
          <span className="text-xs text-warning">
            the first {formatBytes(value.length)} of {formatBytes(size)}
          </span>
        )}
      </div>
      {/* What scrolls is reached by keyboard. */}
      <div
        role="region"
        aria-label="Value"
        tabIndex={0}
        className="min-h-0 flex-1 overflow-auto border-t border-line bg-canvas focus-visible:-outline-offset-2"
      >
        {view === "hex" ? (
          <Hex value={value} />
        ) : (
          <Readable text={text} size={size} asJSON={view === "json"} />
        )}
      </div>
    </>
  );
}

function Readable({ text, size, asJSON }: { text: string | null; size: number; asJSON: boolean }) {
  const formatted = useMemo(
    () => (asJSON && text !== null ? formatJSON(text) : null),
    [asJSON, text],
  );
  if (text === null) return <Note>These bytes are not UTF-8: look at them as Hex.</Note>;
  if (size === 0) return <Note>The value is empty.</Note>;
  if (!asJSON)
    return (
      <pre className="p-4 font-mono text-[0.8125rem] break-all whitespace-pre-wrap">{text}</pre>
    );
  if (formatted === null) return <Note>This is not JSON: {faultOfJSON(text)}</Note>;
  return <JSONText text={formatted} />;
}

function Note({ children }: { children: React.ReactNode }) {
  return <p className="px-4 py-8 text-center break-words text-muted">{children}</p>;
}

/** How many bytes of a dump are drawn at once. */
const dumpStep = 8 << 10;

function Hex({ value }: { value: Uint8Array }) {
  const [shown, setShown] = useState(dumpStep);
  const lines = [];
  for (let at = 0; at < Math.min(shown, value.length); at += hexColumns)
    lines.push(hexLine(value, at));
  if (value.length === 0) return <Note>The value is empty.</Note>;
  return (
    <div className="min-w-max p-4 font-mono text-xs leading-5">
      {lines.map(({ offset, hex, ascii }) => (
        <div key={offset} className="flex gap-4 whitespace-pre">
          <span className="text-muted select-none">{offset}</span>
          <span>{hex}</span>
          <span className="text-muted">{ascii}</span>
        </div>
      ))}
      {shown < value.length && (
        <Button small className="mt-3" onClick={() => setShown(shown + 4 * dumpStep)}>
          Show more
        </Button>
      )}
    </div>
  );
}
