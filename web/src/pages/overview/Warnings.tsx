import type { Warning } from "../../api/warnings.ts";
import { Icon, type IconName } from "../../components/Icon.tsx";
import { classes } from "../../lib/classes.ts";
import { formatTime } from "../../lib/time.ts";
import { useNow } from "../../lib/useNow.ts";
import { formatAgo } from "../../lib/time.ts";

const looks: Record<Warning["level"], { box: string; icon: IconName; word: string }> = {
  critical: { box: "bg-danger-soft text-danger", icon: "warning", word: "Critical" },
  warning: { box: "bg-warning-soft text-warning", icon: "warning", word: "Warning" },
  info: { box: "bg-info-soft text-info", icon: "info", word: "Note" },
};

/** What the server warns of, worst first; read out when it changes. */
export function Warnings({ warnings }: { warnings: readonly Warning[] }) {
  const now = useNow(30_000);
  const order = ["critical", "warning", "info"];
  const sorted = [...warnings].sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  return (
    <ul aria-label="Warnings" aria-live="polite" className="mb-3 flex flex-col gap-2 empty:hidden">
      {sorted.map(({ id, level, text, since }) => (
        <li
          key={id}
          className={classes("flex items-start gap-3 rounded-xl px-4 py-2.5", looks[level].box)}
        >
          <span className="mt-0.5">
            <Icon name={looks[level].icon} />
          </span>
          <span className="min-w-0 flex-1">
            <strong className="font-semibold">{looks[level].word}:</strong>{" "}
            <span className="text-ink">{text}</span>
          </span>
          <time dateTime={since} title={formatTime(since)} className="text-xs whitespace-nowrap">
            {formatAgo(since, now)}
          </time>
        </li>
      ))}
    </ul>
  );
}
