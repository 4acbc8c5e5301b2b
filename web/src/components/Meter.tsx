import { classes } from "../lib/classes.ts";
import { formatShare } from "../lib/number.ts";

/** From what share on a meter warns, and from what share it alarms. */
const warning = 0.8;
const alarm = 0.92;

/** How much of something is used, as a bar. */
export function Meter({ label, share }: { label: string; share: number }) {
  const within = Math.min(1, Math.max(0, share));
  return (
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(within * 100)}
      aria-valuetext={formatShare(share)}
      className="h-1.5 overflow-hidden rounded-full bg-raised"
    >
      <div
        style={{ width: `${within * 100}%` }}
        className={classes(
          "h-full rounded-full",
          share >= alarm ? "bg-danger" : share >= warning ? "bg-warning" : "bg-accent",
        )}
      />
    </div>
  );
}
