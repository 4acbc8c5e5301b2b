import { createStore, useStore } from "../lib/store.ts";

/**
 * The session is the Authorization header that requests carry. It is kept in the tab alone:
 * it is gone when that is closed, and no other page can read it.
 */
const key = "mantisdb.authorization";

const current = createStore<string | null>(sessionStorage.getItem(key));
/** Whether the server asked for a login that it has not got. */
const wanted = createStore(false);

/** The header's value, null without a login. */
export function authorization(): string | null {
  return current.get();
}

/** What a user and a password are as a header. */
export function basic(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

export function logIn(header: string) {
  sessionStorage.setItem(key, header);
  current.set(header);
  wanted.set(false);
}

export function logOut() {
  sessionStorage.removeItem(key);
  current.set(null);
  wanted.set(true);
}

/** Notes that the server did not take a header; one that is no longer in use says nothing. */
export function refused(header: string | null) {
  if (header === current.get()) logOut();
}

export function useLoginWanted(): boolean {
  return useStore(wanted);
}

export function useLoggedIn(): boolean {
  return useStore(current) !== null;
}
