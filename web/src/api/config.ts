import { useQuery } from "@tanstack/react-query";

import { getJSON, sendJSON } from "./client.ts";

/** Something that is configured. */
export interface Parameter {
  name: string;
  value: string;
  /** It may be changed while the server runs. */
  live: boolean;
  about: string;
  type: "size" | "duration" | "number" | "choice" | "text";
  choices?: string[];
}

export const configKey = ["config"];

export function useConfig() {
  return useQuery({
    queryKey: configKey,
    queryFn: ({ signal }) => getJSON<{ parameters: Parameter[] }>("config", signal),
    select: (answer) => answer.parameters,
  });
}

export function changeConfig(name: string, value: string): Promise<void> {
  return sendJSON("PATCH", "config", { [name]: value });
}
