import { useQuery } from "@tanstack/react-query";

import { getJSON, request } from "./client.ts";

/** A command that took long. */
export interface SlowCommand {
  id: number;
  time: string;
  took_nanos: number;
  args: string[];
  client: string;
  name: string;
}

export const slowLogKey = ["slowlog"];

export function useSlowLog() {
  return useQuery({
    queryKey: slowLogKey,
    queryFn: ({ signal }) => getJSON<{ entries: SlowCommand[] }>("slowlog?limit=500", signal),
    select: (answer) => answer.entries,
    refetchInterval: 5000,
  });
}

export async function resetSlowLog(): Promise<void> {
  await request("slowlog", { method: "DELETE" });
}
