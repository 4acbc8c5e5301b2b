import { useState } from "react";

import { useHistory, type Point } from "../../api/figures.ts";
import { liveSeconds, useLive } from "../../api/live.ts";
import { useRight } from "../../api/whoami.ts";
import { IconButton } from "../../components/Button.tsx";
import { Failure, Loading, PageHeader } from "../../components/Page.tsx";
import { Segmented } from "../../components/Segmented.tsx";
import { Charts } from "./Charts.tsx";
import { Tiles } from "./Tiles.tsx";
import { Warnings } from "./Warnings.tsx";

const spans = [
  { value: String(liveSeconds), label: "15 min" },
  { value: "3600", label: "1 h" },
  { value: "21600", label: "6 h" },
  { value: "86400", label: "24 h" },
] as const;

/** How the server fares now, and how it did in the last hours. */
export default function OverviewPage() {
  const [span, setSpan] = useState<string>(spans[0].value);
  const [frozen, setFrozen] = useState<Shown | null>(null);
  const live = useLive();
  const allowed = useRight("figures");
  const isLive = span === spans[0].value;
  const history = useHistory(Number(span), allowed && !isLive);

  if (!allowed) return <NotAllowed />;
  const shown = frozen ?? {
    points: isLive ? live.points : (history.data?.points ?? []),
    newest: live.points,
  };
  return (
    <>
      <PageHeader title="Overview">
        <IconButton
          icon={frozen ? "play" : "pause"}
          label={frozen ? "Go on" : "Hold the figures still"}
          aria-pressed={frozen !== null}
          onClick={() => setFrozen(frozen ? null : shown)}
        />
        <Segmented
          label="Time shown"
          value={span}
          options={spans}
          onChange={(chosen) => {
            setSpan(chosen);
            setFrozen(null);
          }}
        />
      </PageHeader>
      <Warnings warnings={live.warnings} />
      {live.refused && <Failure error={live.refused} />}
      {history.error && !isLive && <Failure error={history.error} retry={history.refetch} />}
      <Tiles points={shown.newest} />
      {shown.points.length > 0 ? (
        <Charts points={shown.points} range={rangeOf(shown.points, Number(span))} />
      ) : (
        !live.refused && <Loading what="figures" />
      )}
    </>
  );
}

interface Shown {
  points: readonly Point[];
  newest: readonly Point[];
}

/** A young server's history fills the charts instead of an edge of them, from a minute on. */
function rangeOf(points: readonly Point[], seconds: number): [number, number] {
  const end = Date.parse(points.at(-1)!.time) / 1000;
  const oldest = Date.parse(points[0]!.time) / 1000;
  return [Math.max(end - seconds, Math.min(oldest, end - 60)), end];
}

function NotAllowed() {
  return (
    <>
      <PageHeader title="Overview" />
      <p className="card p-6 text-muted">
        Your user may not see the figures of the server: that takes the right to run INFO.
      </p>
    </>
  );
}
