import { useEffect, useRef, useState } from "react";

import { Button, IconButton } from "../../components/Button.tsx";
import { toast } from "../../components/toasts.ts";
import { formatNanos } from "../../lib/duration.ts";
import { formatCount } from "../../lib/number.ts";
import type { ReplyLine } from "./reply_lines.ts";

/** A command that was run, and what came of it. */
export interface Exchange {
  id: number;
  command: string;
  database: number;
  lines: ReplyLine[];
  /** Absent if it was not run. */
  tookNanos?: number;
}

/** How many lines of a reply are shown at first. */
const linesAtFirst = 200;

const looks: Record<ReplyLine["kind"], string> = {
  string: "text-ink",
  number: "text-info",
  error: "text-danger",
  status: "text-accent",
  none: "text-muted",
  note: "text-muted",
};

/** The commands with their replies, the newest at the bottom, which stays in sight. */
export function Transcript({ exchanges }: { exchanges: readonly Exchange[] }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    ref.current?.scrollTo(0, ref.current.scrollHeight);
  }, [exchanges]);
  return (
    <div
      ref={ref}
      role="log"
      aria-label="Replies"
      // What scrolls is reached by keyboard.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      className="min-h-0 flex-1 overflow-y-auto p-4 font-mono text-[0.8125rem] leading-5 focus-visible:-outline-offset-2"
    >
      {exchanges.length === 0 && <Welcome />}
      {exchanges.map((exchange) => (
        <Shown key={exchange.id} exchange={exchange} />
      ))}
    </div>
  );
}

function Welcome() {
  return (
    <p className="font-sans text-muted">
      Commands of Redis, with quotes as in redis-cli. Tab completes, the arrows bring back what was
      run, Ctrl+L clears.
    </p>
  );
}

function Shown({ exchange }: { exchange: Exchange }) {
  const { command, database, lines, tookNanos } = exchange;
  const [shown, setShown] = useState(linesAtFirst);
  async function copy() {
    try {
      await navigator.clipboard.writeText(
        lines.map(({ indent, text }) => indent + text).join("\n"),
      );
      toast("The reply was copied");
    } catch {
      toast("The browser does not let the page copy", { kind: "error" });
    }
  }
  return (
    <article aria-label={command} className="group mb-4">
      <header className="flex items-baseline gap-2">
        <span aria-hidden="true" className="text-accent select-none">
          {database === 0 ? "›" : `[${database}] ›`}
        </span>
        <span className="min-w-0 flex-1 font-semibold break-all">{command}</span>
        {tookNanos !== undefined && (
          <span className="figures shrink-0 text-xs text-muted">{formatNanos(tookNanos)}</span>
        )}
        <IconButton
          label="Copy the reply"
          icon="copy"
          small
          onClick={() => void copy()}
          className="self-center opacity-0 group-hover:opacity-100 focus-visible:opacity-100"
        />
      </header>
      <pre className="font-mono wrap-anywhere whitespace-pre-wrap">
        {lines.slice(0, shown).map(({ indent, text, kind }, i) => (
          <div key={i}>
            {indent && <span className="text-muted">{indent}</span>}
            <span className={looks[kind]}>{text}</span>
          </div>
        ))}
      </pre>
      {shown < lines.length && (
        <Button small className="mt-1 font-sans" onClick={() => setShown(shown + 1000)}>
          Show more of {formatCount(lines.length)} lines
        </Button>
      )}
    </article>
  );
}
