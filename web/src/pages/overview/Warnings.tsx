import type { Warning } from "../../api/warnings.ts";
import { Notice, Notices } from "../../components/Notice.tsx";
import { formatAgo, formatTime } from "../../lib/time.ts";
import { useNow } from "../../lib/useNow.ts";

/** What the server warns of, worst first; read out when it changes. */
export function Warnings({ warnings }: { warnings: readonly Warning[] }) {
  const now = useNow(30_000);
  const order = ["critical", "warning", "info"];
  const sorted = [...warnings].sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  return (
    <Notices label="Warnings">
      {sorted.map(({ id, level, text, since }) => (
        <Notice
          key={id}
          level={level}
          aside={
            <time dateTime={since} title={formatTime(since)} className="text-xs whitespace-nowrap">
              {formatAgo(since, now)}
            </time>
          }
        >
          {text}
        </Notice>
      ))}
    </Notices>
  );
}
