import { useId } from "react";

import type { Level } from "../../api/benchmarks.ts";
import { formatBytes } from "../../lib/bytes.ts";
import { classes } from "../../lib/classes.ts";
import { formatCount } from "../../lib/number.ts";

/** A choice of how much is done, with what each takes. */
export function LevelChoice({
  levels,
  value,
  onChange,
}: {
  levels: readonly Level[];
  value: string;
  onChange(name: string): void;
}) {
  const name = useId();
  return (
    <fieldset>
      <legend className="mb-1.5 text-sm font-medium">Stress level</legend>
      <div className="grid grid-cols-2 gap-2 lg:grid-cols-4">
        {levels.map((level) => (
          <label
            key={level.name}
            className={classes(
              "flex flex-col rounded-xl border px-3 py-2.5",
              "has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent",
              level.fits ? "cursor-pointer" : "cursor-not-allowed opacity-60",
              level.name === value ? "border-accent bg-accent-soft" : "border-line hover:bg-raised",
            )}
          >
            <input
              type="radio"
              name={name}
              value={level.name}
              checked={level.name === value}
              disabled={!level.fits}
              onChange={() => onChange(level.name)}
              className="sr-only"
            />
            <span className="font-semibold capitalize">{level.name}</span>
            <span className="figures text-xs text-muted">{formatCount(level.keys)} keys</span>
            <span className="figures text-xs text-muted">
              {level.fits
                ? `about ${formatBytes(level.memory_bytes)} of memory`
                : `takes ${formatBytes(level.memory_bytes)}, more than is available`}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
