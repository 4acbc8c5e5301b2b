import { useRef, useState } from "react";

import { runCommand, useCommands } from "../../api/console.ts";
import { explain } from "../../api/problem.ts";
import { Button } from "../../components/Button.tsx";
import { Confirm } from "../../components/Dialog.tsx";
import { Select } from "../../components/Field.tsx";
import { PageHeader } from "../../components/Page.tsx";
import { CommandGuide } from "./CommandGuide.tsx";
import { CommandLine } from "./CommandLine.tsx";
import { commandOf } from "./completion.ts";
import { dangerOf } from "./danger.ts";
import { addToHistory, readHistory } from "./history.ts";
import { replyLines } from "./reply_lines.ts";
import { Transcript, type Exchange } from "./Transcript.tsx";

/** How many commands with their replies stay in sight. */
const mostExchanges = 100;
const databases = Array.from({ length: 16 }, (_, i) => ({
  value: String(i),
  label: `Database ${i}`,
}));

/** Runs commands of Redis as the user who is logged in. */
export default function ConsolePage() {
  const commands = useCommands().data ?? [];
  const [line, setLine] = useState("");
  const [database, setDatabase] = useState(0);
  const [exchanges, setExchanges] = useState<readonly Exchange[]>([]);
  const [history, setHistory] = useState(readHistory);
  const [busy, setBusy] = useState(false);
  const [asked, setAsked] = useState<string | null>(null);
  const lastId = useRef(0);
  const input = useRef<HTMLInputElement>(null);

  function submit(text: string) {
    if (text.trim() === "" || busy) return;
    if (dangerOf(text)) setAsked(text);
    else void run(text);
  }

  async function run(text: string) {
    setAsked(null);
    setLine("");
    setHistory(addToHistory(history, text));
    if (/^\s*clear\s*$/i.test(text)) {
      setExchanges([]);
      return;
    }
    setBusy(true);
    const id = ++lastId.current;
    const add = (exchange: Omit<Exchange, "id" | "command" | "database">) =>
      setExchanges((before) =>
        [...before, { id, command: text, database, ...exchange }].slice(-mostExchanges),
      );
    try {
      const outcome = await runCommand(text, database);
      add({ lines: replyLines(outcome.reply), tookNanos: outcome.took_nanos });
      setDatabase(outcome.database);
    } catch (error) {
      add({ lines: [{ indent: "", text: explain(error), kind: "error" }] });
    }
    setBusy(false);
    input.current?.focus();
  }

  const danger = asked === null ? null : dangerOf(asked);
  return (
    <div className="flex flex-col md:h-[calc(100dvh-2rem)]">
      <PageHeader title="Console">
        <Select
          label="Database"
          bare
          value={String(database)}
          options={databases}
          onChange={(value) => setDatabase(Number(value))}
        />
        <Button onClick={() => setExchanges([])} disabled={exchanges.length === 0}>
          Clear
        </Button>
      </PageHeader>
      <div className="grid min-h-0 flex-1 gap-4 lg:grid-cols-[1fr_22rem]">
        <section
          aria-label="Console"
          className="card flex min-h-0 min-w-0 flex-col overflow-hidden max-md:h-[calc(100dvh-13.5rem)]"
        >
          <Transcript exchanges={exchanges} />
          <CommandLine
            ref={input}
            line={line}
            commands={commands}
            history={history}
            prompt={database === 0 ? "›" : `[${database}] ›`}
            busy={busy}
            onLine={setLine}
            onSubmit={submit}
            onClear={() => setExchanges([])}
          />
        </section>
        <CommandGuide
          commands={commands}
          current={commandOf(commands, line)}
          onChoose={(name) => {
            setLine(`${name} `);
            input.current?.focus();
          }}
        />
      </div>
      {asked !== null && danger && (
        <Confirm
          title={`Run ${danger.name}?`}
          action={`Run ${danger.name}`}
          typed={danger.name}
          danger
          onConfirm={() => void run(asked)}
          onClose={() => setAsked(null)}
        >
          <p>This {danger.loss}. It cannot be undone.</p>
          <pre className="rounded-lg bg-canvas p-3 font-mono text-sm break-all whitespace-pre-wrap">
            {asked}
          </pre>
        </Confirm>
      )}
    </div>
  );
}
