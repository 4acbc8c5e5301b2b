import type { ReactNode } from "react";

import { classes } from "../lib/classes.ts";

const looks = {
  plain: "bg-raised text-muted",
  good: "bg-accent-soft text-accent",
  warning: "bg-warning-soft text-warning",
  danger: "bg-danger-soft text-danger",
  info: "bg-info-soft text-info",
} as const;

/** A word on the state of what it stands beside. */
export function Badge({
  look = "plain",
  children,
}: {
  look?: keyof typeof looks;
  children: ReactNode;
}) {
  return (
    <span
      className={classes(
        "inline-block rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap",
        looks[look],
      )}
    >
      {children}
    </span>
  );
}
