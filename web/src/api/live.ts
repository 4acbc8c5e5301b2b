import { useEffect } from "react";

import { createStore, useStore } from "../lib/store.ts";
import { fetchHistory, type Point } from "./figures.ts";
import { explain, type Problem } from "./problem.ts";
import { openStream } from "./sse.ts";
import type { Warning } from "./warnings.ts";

/** How far back the live figures reach, in seconds. */
export const liveSeconds = 15 * 60;

/** The figures as they come, and the warnings that hold now. */
export interface Live {
  /** Oldest first, a second apart, of the last liveSeconds. */
  points: readonly Point[];
  warnings: readonly Warning[];
  /** Whether the history from before the stream is there. */
  complete: boolean;
  /** Why there are none. */
  refused?: string;
}

const nothing: Live = { points: [], warnings: [], complete: false };
const live = createStore<Live>(nothing);

export function useLive(): Live {
  return useStore(live);
}

/** Keeps the live figures coming while a component is shown, if the user may see them. */
export function useLiveStream(allowed: boolean) {
  useEffect(() => {
    if (!allowed) return;
    const close = openStream(`figures/stream?interval=${interval()}`, {
      onOpen: () => void fillIn(),
      onEvent(type, data) {
        if (type === "figures") add([data as Point]);
        if (type === "warnings") {
          live.set({ ...live.get(), warnings: (data as { warnings: Warning[] }).warnings });
        }
      },
      onRefused: (problem: Problem) => live.set({ ...live.get(), refused: explain(problem) }),
    });
    return () => {
      close();
      live.set(nothing);
    };
  }, [allowed]);
}

/** How often figures come: each second, unless ?interval= of the address says otherwise. */
function interval(): string {
  return new URLSearchParams(location.search).get("interval") ?? "1s";
}

/** Fetches what happened before the stream, or while it was broken off. */
async function fillIn() {
  const newest = live.get().points.at(-1);
  const begin = Date.now() - liveSeconds * 1000;
  const since = Math.max(begin, newest ? Date.parse(newest.time) : 0);
  try {
    add((await fetchHistory(new Date(since), liveSeconds)).points);
  } catch {
    // What is missing is a gap in the charts; the stream goes on.
  }
  live.set({ ...live.get(), complete: true });
}

function add(more: readonly Point[]) {
  live.set({ ...live.get(), points: merge(live.get().points, more, liveSeconds) });
}

/**
 * Puts points among others by their time. Of two at about the same time, as the stream and
 * the history both tell of it, the one that was there stays; what is older than the newest
 * by so many seconds is dropped.
 */
export function merge(
  points: readonly Point[],
  more: readonly Point[],
  seconds: number,
): readonly Point[] {
  const all = points.concat(more).sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  const newest = Date.parse(all.at(-1)?.time ?? "");
  let last = -Infinity;
  return all.filter((point) => {
    const time = Date.parse(point.time);
    if (time < newest - seconds * 1000 || time - last < point.span_nanos / 2e6) return false;
    last = time;
    return true;
  });
}
