import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { explain } from "../../api/problem.ts";
import { resetSlowLog, slowLogKey, useSlowLog, type SlowCommand } from "../../api/slowlog.ts";
import { useRight } from "../../api/whoami.ts";
import { Button } from "../../components/Button.tsx";
import { Confirm } from "../../components/Dialog.tsx";
import { Card, Failure, Loading } from "../../components/Page.tsx";
import { Table, type Column } from "../../components/Table.tsx";
import { toast } from "../../components/toasts.ts";
import { formatNanos } from "../../lib/duration.ts";
import { formatCount } from "../../lib/number.ts";
import { formatTime } from "../../lib/time.ts";

/** The commands of Redis that took long, the newest first. */
export function SlowLogPart() {
  const { data, error, refetch } = useSlowLog();
  const [asking, setAsking] = useState(false);
  const mayReset = useRight("reset_slowlog");
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Loading what="the slow log" />;
  return (
    <Card
      title="Slow log"
      note={`${formatCount(data.length)} commands that took longer than slowlog-log-slower-than`}
      actions={
        mayReset && (
          <Button small icon="trash" disabled={data.length === 0} onClick={() => setAsking(true)}>
            Empty
          </Button>
        )
      }
      flush
    >
      <Table
        label="Slow commands"
        columns={columns}
        rows={data}
        rowKey={(entry) => entry.id}
        empty="No command has been slow."
      />
      {asking && <Empty count={data.length} onClose={() => setAsking(false)} />}
    </Card>
  );
}

const columns: Column<SlowCommand>[] = [
  {
    key: "time",
    header: "When",
    cell: (entry) => formatTime(entry.time),
    order: (entry) => entry.time,
    className: "whitespace-nowrap",
  },
  {
    key: "took",
    header: "Took",
    cell: (entry) => formatNanos(entry.took_nanos),
    order: (entry) => entry.took_nanos,
    numeric: true,
  },
  {
    key: "args",
    header: "Command",
    cell: (entry) => <Words words={entry.args} />,
    className: "w-full min-w-64",
  },
  {
    key: "client",
    header: "Client",
    cell: (entry) => entry.name || entry.client,
    order: (entry) => entry.name || entry.client,
    className: "whitespace-nowrap",
  },
];

const shortest = 12;

/** A command, of which at first only so many words are shown. */
function Words({ words }: { words: string[] }) {
  const [whole, setWhole] = useState(false);
  const shown = whole ? words : words.slice(0, shortest);
  return (
    <code className="font-mono text-xs wrap-anywhere whitespace-pre-wrap">
      {shown.join(" ")}
      {words.length > shown.length && (
        <>
          {" "}
          <Button small variant="quiet" onClick={() => setWhole(true)}>
            {words.length - shown.length} more
          </Button>
        </>
      )}
    </code>
  );
}

function Empty({ count, onClose }: { count: number; onClose(): void }) {
  const queries = useQueryClient();
  const reset = useMutation({
    mutationFn: resetSlowLog,
    onSuccess: () => toast("The slow log was emptied"),
    onError: (error) => toast(explain(error), { kind: "error" }),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: slowLogKey });
      onClose();
    },
  });
  return (
    <Confirm
      title="Empty the slow log?"
      action="Empty"
      danger
      busy={reset.isPending}
      onConfirm={() => reset.mutate()}
      onClose={onClose}
    >
      <p>All {formatCount(count)} entries are forgotten, for everybody. They cannot be had back.</p>
    </Confirm>
  );
}
