import type { ReactNode } from "react";

import { classes } from "../lib/classes.ts";
import { Icon, type IconName } from "./Icon.tsx";

export type Level = "critical" | "warning" | "info";

const looks: Record<Level, { box: string; icon: IconName; word: string }> = {
  critical: { box: "bg-danger-soft text-danger", icon: "warning", word: "Critical" },
  warning: { box: "bg-warning-soft text-warning", icon: "warning", word: "Warning" },
  info: { box: "bg-info-soft text-info", icon: "info", word: "Note" },
};

/** The notices of a page, read out when they change. */
export function Notices({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul aria-label={label} aria-live="polite" className="mb-3 flex flex-col gap-2 empty:hidden">
      {children}
    </ul>
  );
}

/** One of the notices: something that somebody should know, in words. */
export function Notice({
  level,
  children,
  aside,
}: {
  level: Level;
  children: ReactNode;
  aside?: ReactNode;
}) {
  return (
    <li className={classes("flex items-start gap-3 rounded-xl px-4 py-2.5", looks[level].box)}>
      <span className="mt-0.5">
        <Icon name={looks[level].icon} />
      </span>
      <span className="min-w-0 flex-1">
        <strong className="font-semibold">{looks[level].word}:</strong>{" "}
        <span className="text-ink">{children}</span>
      </span>
      {aside}
    </li>
  );
}
