import { connectionFailed } from "../app/connection.ts";
import { request } from "./client.ts";
import { EventParser } from "./event_parser.ts";
import { Problem } from "./problem.ts";

/** How long the server may be silent before the connection counts as dead, in ms. */
const silence = 20_000;
/** The pause before the first attempt to connect anew; each further one doubles it, in ms. */
const firstPause = 500;
const longestPause = 10_000;

interface StreamHandlers {
  /** Called for each event, with its data read as JSON. */
  onEvent(type: string, data: unknown): void;
  /** Called after each connection, the first one included, before any event. */
  onOpen?(): void;
  /** Called once if the server refuses the stream; it is not asked again then. */
  onRefused?(problem: Problem): void;
}

/**
 * Reads a stream of server-sent events, by fetch, as EventSource cannot send the header
 * that says who asks. A stream that breaks off is asked for anew, until it is closed by the
 * function that is returned.
 */
export function openStream(path: string, handlers: StreamHandlers): () => void {
  const closed = new AbortController();
  void follow(path, handlers, closed.signal);
  return () => closed.abort();
}

async function follow(path: string, handlers: StreamHandlers, closed: AbortSignal) {
  let pause = firstPause;
  while (!closed.aborted) {
    try {
      await readOnce(path, closed, handlers, () => (pause = firstPause));
    } catch (error) {
      if (closed.aborted) return;
      if (error instanceof Problem && error.status >= 400 && error.status < 500) {
        handlers.onRefused?.(error);
        return;
      }
    }
    // Spread, so that the tabs of many people do not all come back at once.
    await sleep(pause * (0.75 + Math.random() / 2), closed);
    pause = Math.min(pause * 2, longestPause);
  }
}

async function readOnce(
  path: string,
  closed: AbortSignal,
  handlers: StreamHandlers,
  alive: () => void,
) {
  const silent = new AbortController();
  const signal = AbortSignal.any([closed, silent.signal]);
  const giveUp = () => {
    connectionFailed();
    silent.abort();
  };
  let timer = setTimeout(giveUp, silence);
  try {
    const response = await request(path, { signal, headers: { Accept: "text/event-stream" } });
    handlers.onOpen?.();
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(giveUp, silence);
      alive();
      for (const event of parser.feed(value)) handlers.onEvent(event.type, JSON.parse(event.data));
    }
  } finally {
    clearTimeout(timer);
  }
}

function sleep(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, millis);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
