import { useQuery } from "@tanstack/react-query";

import { getJSON } from "./client.ts";

export interface Version {
  version: string;
  engine: string;
  go: string;
}

export function useVersion() {
  return useQuery({
    queryKey: ["version"],
    queryFn: ({ signal }) => getJSON<Version>("version", signal),
    staleTime: Infinity,
  });
}
