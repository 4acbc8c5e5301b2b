import type { Level, Segment } from "../../api/engine.ts";
import { classes } from "../../lib/classes.ts";
import { stretchesOf } from "./segment.ts";

const mostStretches = 120;
/** The least part of the width that a level which is not empty has. */
const least = 0.02;

/** The picture of a level. What it shows, the list of segments tells in words. */
export function LevelStrip({
  level,
  most,
  onPoint,
}: {
  level: Level;
  most: number;
  onPoint(segment: Segment | null): void;
}) {
  if (level.bytes === 0) {
    return (
      <div
        aria-hidden="true"
        className="h-8 w-8 rounded-md border border-dashed border-line-strong/60"
      />
    );
  }
  // The root, as each level may be ten times the one above.
  const width = Math.max(least, Math.sqrt(level.bytes / most));
  return (
    <div
      aria-hidden="true"
      style={{ width: `${width * 100}%` }}
      className="flex h-8 overflow-hidden rounded-md"
      onPointerLeave={() => onPoint(null)}
    >
      {stretchesOf(level.segments, mostStretches).map((stretch) => (
        <div
          key={stretch.first.id}
          style={{ flexGrow: stretch.bytes }}
          onPointerEnter={() => onPoint(stretch.first)}
          className={classes(
            "min-w-0 basis-0 border-l border-surface first:border-0 hover:brightness-125",
            stretch.busy ? "animate-pulse bg-series-3" : "bg-series-1/75",
          )}
        />
      ))}
    </div>
  );
}
