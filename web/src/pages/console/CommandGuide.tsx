import { useState } from "react";

import type { Command } from "../../api/console.ts";
import { Button } from "../../components/Button.tsx";
import { TextField } from "../../components/Field.tsx";

interface CommandGuideProps {
  commands: readonly Command[];
  /** The one that is being typed. */
  current: Command | undefined;
  onChoose(name: string): void;
}

/** What the command does that is being typed, or all commands to look through. */
export function CommandGuide({ commands, current, onChoose }: CommandGuideProps) {
  const [filter, setFilter] = useState("");
  const wanted = filter.toLowerCase();
  const found = commands.filter(({ name, summary }) =>
    `${name} ${summary}`.toLowerCase().includes(wanted),
  );
  return (
    <section
      aria-label="Commands"
      className="card flex min-h-0 flex-col overflow-hidden max-lg:max-h-96"
    >
      {current && <Described command={current} />}
      <div className="border-b border-line p-3">
        <TextField
          label="Find a command"
          bare
          type="search"
          placeholder="Find a command"
          value={filter}
          onChange={setFilter}
        />
      </div>
      {/* What scrolls is reached by keyboard: by the buttons in it. */}
      <ul className="min-h-0 flex-1 overflow-y-auto p-2">
        {groupsOf(found).map(([group, members]) => (
          <li key={group}>
            <h2 className="px-2 pt-2 pb-1 text-xs font-semibold text-muted capitalize">{group}</h2>
            <ul className="flex flex-wrap gap-1 px-1">
              {members.map(({ name, summary }) => (
                <li key={name}>
                  <Button
                    small
                    variant="quiet"
                    title={summary}
                    onClick={() => onChoose(name)}
                    className="font-mono"
                  >
                    {name}
                  </Button>
                </li>
              ))}
            </ul>
          </li>
        ))}
        {found.length === 0 && (
          <li className="p-4 text-center text-muted">No command like that.</li>
        )}
      </ul>
    </section>
  );
}

function Described({ command }: { command: Command }) {
  return (
    <div className="flex flex-col gap-2 border-b border-line p-4" role="status">
      <h2 className="font-mono font-semibold">{command.name}</h2>
      <p>{command.summary}</p>
      <p className="rounded-lg bg-canvas px-3 py-2 font-mono text-xs leading-5 break-words">
        {command.name} {command.syntax}
      </p>
      <p className="text-xs text-muted">
        {command.complexity} · since Redis {command.since} ·{" "}
        {command.categories.map((c) => `@${c}`).join(" ")}
      </p>
    </div>
  );
}

function groupsOf(commands: readonly Command[]): [string, Command[]][] {
  const groups = new Map<string, Command[]>();
  for (const command of commands) {
    const members = groups.get(command.group);
    if (members) members.push(command);
    else groups.set(command.group, [command]);
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}
