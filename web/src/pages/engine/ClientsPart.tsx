import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { clientsKey, killClient, useClients, type Client } from "../../api/clients.ts";
import { explain } from "../../api/problem.ts";
import { useRight } from "../../api/whoami.ts";
import { Badge } from "../../components/Badge.tsx";
import { Button } from "../../components/Button.tsx";
import { Confirm } from "../../components/Dialog.tsx";
import { TextField } from "../../components/Field.tsx";
import { Card, Failure, Loading } from "../../components/Page.tsx";
import { Table, type Column } from "../../components/Table.tsx";
import { toast } from "../../components/toasts.ts";
import { formatBytes } from "../../lib/bytes.ts";
import { formatNanos } from "../../lib/duration.ts";
import { formatCount } from "../../lib/number.ts";

/** The connections of the Redis protocol, each of which may be ended. */
export function ClientsPart() {
  const { data, error, refetch } = useClients();
  const [filter, setFilter] = useState("");
  const [ending, setEnding] = useState<Client | null>(null);
  const mayKill = useRight("kill_clients");
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Loading what="clients" />;
  const shown = data.filter((client) => matches(client, filter));
  return (
    <Card
      title="Clients"
      note={`${formatCount(data.length)} of the Redis protocol`}
      actions={
        <TextField
          label="Filter clients"
          bare
          type="search"
          value={filter}
          onChange={setFilter}
          placeholder="Address, name, user, command"
          className="sm:w-72"
        />
      }
      flush
    >
      <Table
        label="Clients"
        columns={mayKill ? [...columns, endColumn(setEnding)] : columns}
        rows={shown}
        rowKey={(client) => client.id}
        empty={
          filter
            ? "No client has this in its address, name, user or command."
            : "No client is connected."
        }
      />
      {ending && <EndClient client={ending} onClose={() => setEnding(null)} />}
    </Card>
  );
}

function matches({ address, name, user, command }: Client, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  return [address, name, user, command].some((text) => text.toLowerCase().includes(wanted));
}

const columns: Column<Client>[] = [
  { key: "id", header: "Id", cell: (c) => c.id, order: (c) => c.id, numeric: true },
  {
    key: "address",
    header: "Address",
    cell: (c) => c.address,
    order: (c) => c.address,
    className: "whitespace-nowrap",
  },
  {
    key: "name",
    header: "Name",
    cell: (c) => c.name || "–",
    order: (c) => c.name,
    className: "whitespace-nowrap",
  },
  { key: "user", header: "User", cell: (c) => c.user, order: (c) => c.user },
  {
    key: "command",
    header: "Last command",
    cell: (c) => (
      <>
        <code className="font-mono text-xs">{c.command || "–"}</code>
        {c.blocked && (
          <span className="ml-2">
            <Badge look="warning">waits</Badge>
          </span>
        )}
      </>
    ),
    order: (c) => c.command,
  },
  {
    key: "database",
    header: "Db",
    cell: (c) => c.database,
    order: (c) => c.database,
    numeric: true,
  },
  {
    key: "idle",
    header: "Idle",
    cell: (c) => formatNanos(c.idle_nanos),
    order: (c) => c.idle_nanos,
    numeric: true,
  },
  {
    key: "age",
    header: "Connected",
    cell: (c) => formatNanos(c.age_nanos),
    order: (c) => c.age_nanos,
    numeric: true,
  },
  {
    key: "buffers",
    header: "Buffers",
    cell: (c) => formatBytes(c.query_bytes + c.reply_bytes),
    order: (c) => c.query_bytes + c.reply_bytes,
    numeric: true,
  },
  {
    key: "subscriptions",
    header: "Subscribed",
    cell: (c) => c.subscriptions || "–",
    order: (c) => c.subscriptions,
    numeric: true,
  },
];

function endColumn(onEnd: (client: Client) => void): Column<Client> {
  return {
    key: "end",
    header: <span className="sr-only">Actions</span>,
    cell: (client) => (
      <Button
        small
        className="-my-1"
        aria-label={`End the connection of ${client.address}`}
        onClick={() => onEnd(client)}
      >
        End
      </Button>
    ),
    numeric: true,
  };
}

function EndClient({ client, onClose }: { client: Client; onClose(): void }) {
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => killClient(client.id),
    onSuccess: () => toast(`The connection of ${client.address} was ended`),
    onError: (error) => toast(explain(error), { kind: "error" }),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: clientsKey });
      onClose();
    },
  });
  return (
    <Confirm
      title={`End the connection of ${client.name || client.address}?`}
      action="End connection"
      danger
      busy={end.isPending}
      onConfirm={() => end.mutate()}
      onClose={onClose}
    >
      <p>
        The client at <strong>{client.address}</strong>, user {client.user}, is cut off. A command
        of it that is being carried out is finished, but its reply may not arrive. It may connect
        again.
      </p>
    </Confirm>
  );
}
