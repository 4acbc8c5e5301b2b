import { connectionFailed, connectionWorked } from "../app/connection.ts";
import { authorization, refused } from "../app/session.ts";
import { ConnectionLost, Problem } from "./problem.ts";

/** Where the API is, as seen from the page, which may lie under a path of a proxy. */
const base = "api/v1/";

/**
 * Sends a request to the API as the user who is logged in, or as its own header says. An answer other than 2xx is
 * thrown as a Problem, none at all as ConnectionLost.
 */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const sent = headers.get("Authorization") ?? authorization();
  if (sent) headers.set("Authorization", sent);
  let response: Response;
  try {
    // Without credentials of the browser's own, it does not ask for a password by itself.
    response = await fetch(base + path, { ...init, headers, credentials: "omit" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    connectionFailed();
    throw new ConnectionLost(error);
  }
  connectionWorked();
  if (response.ok) return response;
  const problem = await Problem.of(response);
  if (problem.status === 401) refused(sent);
  throw problem;
}

export async function getJSON<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await request(path, { signal, headers: { Accept: "application/json" } });
  return (await response.json()) as T;
}

/** Sends JSON, and returns the JSON of the answer, undefined if there is none. */
export async function sendJSON<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await request(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}
