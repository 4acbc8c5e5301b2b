import { useState } from "react";

import type { Level, Segment } from "../../api/engine.ts";
import { Card } from "../../components/Page.tsx";
import { formatBytes } from "../../lib/bytes.ts";
import { classes } from "../../lib/classes.ts";
import { formatCount } from "../../lib/number.ts";
import { LevelStrip } from "./LevelStrip.tsx";
import { SegmentsTable } from "./SegmentsTable.tsx";
import { segmentInWords } from "./segment.ts";

/**
 * The levels as a picture: each a strip of its segments in the order of their keys, as long as
 * the level is large. Which is chosen has its segments listed below.
 */
export function LevelsCard({ levels, leftOut }: { levels: readonly Level[]; leftOut: number }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const [pointed, setPointed] = useState<Segment | null>(null);
  const most = Math.max(...levels.map((level) => level.bytes), 1);
  const bytes = levels.reduce((sum, level) => sum + level.bytes, 0);
  const segments = levels.reduce((sum, level) => sum + level.segment_count, 0);
  const listed = levels.find((level) => level.level === chosen);
  return (
    <Card
      title="Levels"
      note={`${formatBytes(bytes)} in ${formatCount(segments)} ${segments === 1 ? "segment" : "segments"}`}
    >
      <ul className="flex flex-col gap-1">
        {levels.map((level) => (
          <li key={level.level}>
            <LevelRow
              level={level}
              most={most}
              open={level.level === chosen}
              onToggle={() => setChosen(level.level === chosen ? null : level.level)}
              onPoint={setPointed}
            />
          </li>
        ))}
      </ul>
      <p aria-hidden="true" className="figures mt-2 min-h-5 truncate text-xs text-muted">
        {pointed ? segmentInWords(pointed) : "Point at a segment, or choose a level, to see more."}
      </p>
      {leftOut > 0 && (
        <p className="text-xs text-muted">
          {formatCount(leftOut)} segments are not shown; the sizes of the levels have them.
        </p>
      )}
      {listed && <SegmentsTable level={listed} />}
    </Card>
  );
}

function LevelRow({
  level,
  most,
  open,
  onToggle,
  onPoint,
}: {
  level: Level;
  most: number;
  open: boolean;
  onToggle(): void;
  onPoint(segment: Segment | null): void;
}) {
  const target = level.target_bytes;
  return (
    <div className="grid grid-cols-[7.5rem_1fr] items-center gap-3 md:grid-cols-[10rem_1fr]">
      <button
        type="button"
        aria-expanded={open}
        disabled={level.segments.length === 0}
        onClick={onToggle}
        className={classes(
          "rounded-lg px-2 py-1 text-left",
          open ? "bg-accent-soft" : level.segments.length > 0 && "hover:bg-raised",
        )}
      >
        <span className="font-semibold">Level {level.level}</span>
        <span className="figures block text-xs text-muted">
          {formatBytes(level.bytes)}
          {target > 0 && (
            <span className={classes("max-sm:hidden", level.bytes > target && "text-warning")}>
              {" "}
              of {formatBytes(target)}
            </span>
          )}
        </span>
      </button>
      <LevelStrip level={level} most={most} onPoint={onPoint} />
    </div>
  );
}
