import { useQuery } from "@tanstack/react-query";

import { getJSON } from "./client.ts";

/** Who the page speaks for, and what that user may do. */
export interface Whoami {
  user: string;
  authentication_needed: boolean;
  rights: Partial<Record<Right, boolean>>;
}

export type Right =
  | "console"
  | "read"
  | "write"
  | "figures"
  | "clients"
  | "kill_clients"
  | "slowlog"
  | "reset_slowlog"
  | "config"
  | "configure"
  | "admin";

export const whoamiKey = ["whoami"];

export function useWhoami() {
  return useQuery({
    queryKey: whoamiKey,
    queryFn: ({ signal }) => getJSON<Whoami>("whoami", signal),
    staleTime: 60_000,
  });
}

/** Whether the user may do something; the server decides in the end, this only hides. */
export function useRight(right: Right): boolean {
  return useWhoami().data?.rights[right] ?? false;
}
