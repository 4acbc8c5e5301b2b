import { createStore, useStore } from "../lib/store.ts";

/** Since when the server has not answered, in milliseconds; null while it does. */
const lostSince = createStore<number | null>(null);
const restored = new Set<() => void>();
const probeInterval = 1500;
let probe: ReturnType<typeof setTimeout> | undefined;

export function useLostSince(): number | null {
  return useStore(lostSince);
}

/** Calls a function whenever the server answers again after it did not. */
export function onRestored(listener: () => void): () => void {
  restored.add(listener);
  return () => restored.delete(listener);
}

export function connectionWorked() {
  clearTimeout(probe);
  probe = undefined;
  if (lostSince.get() === null) return;
  lostSince.set(null);
  for (const listener of restored) listener();
}

/** Notes that a request got no answer, and asks for the server's health until it has one. */
export function connectionFailed() {
  if (lostSince.get() === null) lostSince.set(Date.now());
  probe ??= setTimeout(askForHealth, probeInterval);
}

async function askForHealth() {
  try {
    const response = await fetch("api/v1/health", {
      credentials: "omit",
      signal: AbortSignal.timeout(5000),
    });
    // A proxy before the server answers for it with these.
    if (response.status !== 502 && response.status !== 504) return connectionWorked();
  } catch {
    // It is asked again.
  }
  probe = setTimeout(askForHealth, probeInterval);
}
