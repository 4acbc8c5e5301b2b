import { Icon } from "../../components/Icon.tsx";
import { formatNanos } from "../../lib/duration.ts";
import { formatTime } from "../../lib/time.ts";

/** When an entry expires, as what is left of its life. */
export function Expiry({ at, now, short = false }: { at: number; now: number; short?: boolean }) {
  const left = at - now;
  const text = left <= 0 ? "expired" : formatNanos(Math.ceil(left / 1000) * 1e9);
  return (
    <span
      title={`Expires ${formatTime(at)}`}
      className="figures inline-flex shrink-0 items-center gap-1 text-xs whitespace-nowrap text-muted"
    >
      <Icon name="timer" size={13} />
      {short || left <= 0 ? text : `expires in ${text}`}
    </span>
  );
}
