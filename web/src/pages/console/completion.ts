import type { Command } from "../../api/console.ts";
import { wordsOf } from "./words.ts";

const mostOffered = 8;

/** The commands that what was typed may become, none once it is one with arguments. */
export function completions(commands: readonly Command[], line: string): Command[] {
  const typed = line.trimStart().toUpperCase().replace(/\s+/g, " ");
  if (typed === "" || /["']/.test(typed)) return [];
  const fitting = commands.filter(({ name }) => name.startsWith(typed));
  // There is nothing to complete in what is whole and has nothing longer.
  return fitting.length === 1 && fitting[0]!.name === typed ? [] : fitting.slice(0, mostOffered);
}

/** The command that a line is of: that of its first two words if there is one, else of the first. */
export function commandOf(commands: readonly Command[], line: string): Command | undefined {
  const { ended, last } = wordsOf(line);
  const [first = "", second = ""] = [...ended, last].map((word) => word.toUpperCase());
  const find = (name: string) => commands.find((command) => command.name === name);
  return find(`${first} ${second}`) ?? find(first);
}
