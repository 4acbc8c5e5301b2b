import { QueryClient } from "@tanstack/react-query";

import { ConnectionLost } from "../api/problem.ts";
import { onRestored } from "./connection.ts";

/** The cache of what the server told. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The server may well be this machine, which it takes no network to reach.
      networkMode: "always",
      // A refusal does not change by asking again; a lost connection is asked for elsewhere.
      retry: (count, error) => !(error instanceof ConnectionLost) && isFault(error) && count < 2,
      refetchOnWindowFocus: false,
      staleTime: 1000,
      gcTime: 60_000,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

onRestored(() => void queries.invalidateQueries());

function isFault(error: Error): boolean {
  return !("status" in error) || (error.status as number) >= 500;
}
