import { Spinner } from "../components/Button.tsx";
import { formatClock } from "../lib/time.ts";
import { useLostSince } from "./connection.ts";

/** Says that the server does not answer, for as long as it does not. */
export function ConnectionBanner() {
  const since = useLostSince();
  return (
    <div role="status" aria-live="assertive">
      {since !== null && (
        <p className="mb-4 flex items-center gap-3 rounded-xl border border-warning bg-warning-soft px-4 py-2.5 text-warning">
          <Spinner />
          <span>
            <strong className="font-semibold">Connection lost</strong> at {formatClock(since)}. What
            you see is from before; it goes on as soon as the server answers.
          </span>
        </p>
      )}
    </div>
  );
}
