import { useQuery } from "@tanstack/react-query";

import { getJSON, sendJSON } from "./client.ts";

/** What a command replied, as a tree. */
export interface Reply {
  type:
    | "string"
    | "simple"
    | "error"
    | "integer"
    | "null"
    | "array"
    | "map"
    | "set"
    | "double"
    | "boolean"
    | "push"
    | "verbatim"
    | "big";
  /** Of what has no items, in UTF-8; else it is in bytes, in base64. */
  text?: string;
  bytes?: string;
  /** Of a map: the keys, each followed by its value. */
  items?: Reply[];
  /** How much was left out at the end: bytes of a text, or items. */
  cut?: number;
}

export interface Outcome {
  reply: Reply;
  took_nanos: number;
  /** The database in which the next command runs. */
  database: number;
}

/** Runs a command of Redis, written as for redis-cli. */
export function runCommand(command: string, database: number): Promise<Outcome> {
  return sendJSON("POST", "console", { command, database });
}

/** A command that the user may run; of a subcommand the name has that of its command before it. */
export interface Command {
  name: string;
  summary: string;
  since: string;
  group: string;
  complexity: string;
  syntax: string;
  categories: string[];
}

export function useCommands() {
  return useQuery({
    queryKey: ["commands"],
    queryFn: async ({ signal }) =>
      (await getJSON<{ commands: Command[] }>("commands", signal)).commands,
    staleTime: Infinity,
  });
}
