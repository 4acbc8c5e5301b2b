import { href, useRoute } from "../../app/route.ts";
import { keyOfText, type Key } from "../../lib/key.ts";

/** What the page of data shows, all of which is in its address. */
export interface Place {
  keyspace: string;
  prefix: Key;
  /** The entry that is open; null if none. */
  key: Key | null;
}

export function usePlace(): Place {
  const { query } = useRoute();
  return {
    keyspace: query.get("keyspace") ?? "",
    prefix: (query.get("prefix") ?? keyOfText("")) as Key,
    key: query.get("key") as Key | null,
  };
}

export function placeHref({ keyspace, prefix, key }: Place): string {
  const query: Record<string, string> = {};
  if (keyspace) query.keyspace = keyspace;
  if (prefix) query.prefix = prefix;
  if (key !== null) query.key = key;
  return href("data", [], query);
}
