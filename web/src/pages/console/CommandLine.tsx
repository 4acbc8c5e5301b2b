import { useId, useState, type KeyboardEvent, type Ref } from "react";

import type { Command } from "../../api/console.ts";
import { Button } from "../../components/Button.tsx";
import { classes } from "../../lib/classes.ts";
import { commandOf, completions } from "./completion.ts";

interface CommandLineProps {
  ref: Ref<HTMLInputElement>;
  line: string;
  commands: readonly Command[];
  history: readonly string[];
  prompt: string;
  busy: boolean;
  onLine(line: string): void;
  onSubmit(line: string): void;
  onClear(): void;
}

/** The line in which a command is typed: with what it may become, and what was run before. */
export function CommandLine(props: CommandLineProps) {
  const { ref, line, commands, history, prompt, busy, onLine, onSubmit, onClear } = props;
  const id = useId();
  const [closed, setClosed] = useState(false);
  const [active, setActive] = useState(-1);
  /** Which line of the history is shown; null if what is typed is. */
  const [place, setPlace] = useState<number | null>(null);
  const [typed, setTyped] = useState("");
  const offered = closed || place !== null ? [] : completions(commands, line);
  const command = commandOf(commands, line);

  function type(text: string) {
    onLine(text);
    setClosed(false);
    setActive(-1);
    setPlace(null);
  }

  function choose(chosen: Command) {
    type(`${chosen.name} `);
  }

  function recall(step: number) {
    const to = (place ?? history.length) + step;
    if (to < 0 || to > history.length) return;
    if (place === null) setTyped(line);
    setPlace(to === history.length ? null : to);
    onLine(history[to] ?? typed);
  }

  function submit() {
    setPlace(null);
    setActive(-1);
    setClosed(true);
    onSubmit(line);
  }

  function press(event: KeyboardEvent) {
    const chosen = offered[active];
    const isOpen = offered.length > 0;
    switch (event.key) {
      case "Tab":
        if (!isOpen || event.shiftKey) return; // to the next field
        choose(chosen ?? offered[0]!);
        break;
      case "Enter":
        if (chosen) choose(chosen);
        else submit();
        break;
      case "ArrowDown":
        if (isOpen) setActive((active + 1) % offered.length);
        else recall(1);
        break;
      case "ArrowUp":
        // From the line itself it is the history that lies above.
        if (isOpen && active >= 0) setActive(active - 1);
        else recall(-1);
        break;
      case "Escape":
        setClosed(true);
        setActive(-1);
        break;
      case "l":
        if (!event.ctrlKey) return;
        onClear();
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  return (
    <div className="relative border-t border-line bg-canvas">
      {offered.length > 0 && (
        <div
          id={`${id}-offered`}
          role="listbox"
          aria-label="Commands"
          className="absolute inset-x-2 bottom-full z-10 mb-1 overflow-hidden rounded-lg border border-line bg-surface shadow-float"
        >
          {offered.map((one, i) => (
            // The keyboard is the input's, which owns the list.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <div
              key={one.name}
              id={`${id}-${i}`}
              role="option"
              tabIndex={-1}
              aria-selected={i === active}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(one)}
              className={classes(
                "flex cursor-pointer gap-3 px-3 py-1.5 text-sm",
                i === active ? "bg-accent-soft" : "hover:bg-raised",
              )}
            >
              <span className="shrink-0 font-mono font-semibold">{one.name}</span>
              <span className="min-w-0 truncate text-muted">{one.summary}</span>
            </div>
          ))}
        </div>
      )}
      <div className="flex items-center gap-2 px-4 py-2">
        <span aria-hidden="true" className="font-mono text-accent select-none">
          {prompt}
        </span>
        <input
          ref={ref}
          role="combobox"
          aria-label="Command"
          aria-expanded={offered.length > 0}
          aria-controls={`${id}-offered`}
          aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
          aria-autocomplete="list"
          aria-describedby={`${id}-syntax`}
          value={line}
          onChange={(event) => type(event.target.value)}
          onKeyDown={press}
          placeholder="Type a command, as SET greeting hello"
          autoCapitalize="off"
          autoComplete="off"
          autoCorrect="off"
          spellCheck={false}
          enterKeyHint="go"
          className="min-h-9 min-w-0 flex-1 bg-transparent font-mono text-sm outline-none"
        />
        <Button small variant="primary" busy={busy} onClick={submit}>
          Run
        </Button>
      </div>
      <p
        id={`${id}-syntax`}
        className="min-h-6 truncate px-4 pb-2 font-mono text-xs text-muted"
        title={command && `${command.name} ${command.syntax}`}
      >
        {command && `${command.name} ${command.syntax}`}
      </p>
    </div>
  );
}
