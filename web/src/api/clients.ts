import { useQuery } from "@tanstack/react-query";

import { getJSON, request } from "./client.ts";

/** A connection of the Redis protocol. */
export interface Client {
  id: number;
  address: string;
  name: string;
  user: string;
  protocol: 2 | 3;
  database: number;
  age_nanos: number;
  idle_nanos: number;
  command: string;
  query_bytes: number;
  reply_bytes: number;
  subscriptions: number;
  blocked: boolean;
}

export const clientsKey = ["clients"];

export function useClients() {
  return useQuery({
    queryKey: clientsKey,
    queryFn: ({ signal }) => getJSON<{ clients: Client[] }>("clients", signal),
    select: (answer) => answer.clients,
    refetchInterval: 2000,
  });
}

export async function killClient(id: number): Promise<void> {
  await request(`clients/${id}`, { method: "DELETE" });
}
