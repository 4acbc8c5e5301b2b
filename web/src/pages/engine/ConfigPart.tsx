import { useState } from "react";

import { useConfig, type Parameter } from "../../api/config.ts";
import { useRight } from "../../api/whoami.ts";
import { Badge } from "../../components/Badge.tsx";
import { Button } from "../../components/Button.tsx";
import { TextField } from "../../components/Field.tsx";
import { Card, Failure, Loading } from "../../components/Page.tsx";
import { Segmented } from "../../components/Segmented.tsx";
import { Table, type Column } from "../../components/Table.tsx";
import { formatBytes } from "../../lib/bytes.ts";
import { ParameterDialog } from "./ParameterDialog.tsx";

const kinds = [
  { value: "all", label: "All" },
  { value: "live", label: "Can be changed" },
  { value: "start", label: "At start only" },
] as const;

type Kind = (typeof kinds)[number]["value"];

/** What is configured; what can be changed while the server runs, can be here. */
export function ConfigPart() {
  const { data, error, refetch } = useConfig();
  const [filter, setFilter] = useState("");
  const [kind, setKind] = useState<Kind>("all");
  const [changing, setChanging] = useState<Parameter | null>(null);
  const mayChange = useRight("configure");
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Loading what="the configuration" />;
  const shown = data.filter((parameter) => isOf(parameter, kind) && matches(parameter, filter));
  return (
    <Card
      title="Configuration"
      actions={
        <div className="flex flex-wrap items-center gap-2">
          <Segmented
            label="Which parameters"
            value={kind}
            options={kinds}
            onChange={(chosen) => setKind(chosen)}
          />
          <TextField
            label="Filter parameters"
            bare
            type="search"
            value={filter}
            onChange={setFilter}
            placeholder="Name or meaning"
          />
        </div>
      }
      flush
    >
      <Table
        label="Parameters"
        columns={mayChange ? [...columns, changeColumn(setChanging)] : columns}
        rows={shown}
        rowKey={(parameter) => parameter.name}
        empty="No parameter has this in its name or meaning."
      />
      {changing && <ParameterDialog parameter={changing} onClose={() => setChanging(null)} />}
    </Card>
  );
}

function isOf(parameter: Parameter, kind: Kind): boolean {
  return kind === "all" || parameter.live === (kind === "live");
}

function matches({ name, about }: Parameter, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  return name.toLowerCase().includes(wanted) || about.toLowerCase().includes(wanted);
}

const columns: Column<Parameter>[] = [
  {
    key: "name",
    header: "Parameter",
    cell: (parameter) => (
      <>
        <code className="font-mono text-xs font-semibold">{parameter.name}</code>
        <span className="block max-w-xl text-xs text-muted">{parameter.about}</span>
      </>
    ),
    order: (parameter) => parameter.name,
    className: "min-w-52",
  },
  { key: "value", header: "Value", cell: (parameter) => <Value {...parameter} /> },
  {
    key: "live",
    header: "Changes",
    cell: (parameter) => (
      <Badge look={parameter.live ? "good" : "plain"}>
        {parameter.live ? "at any time" : "at start"}
      </Badge>
    ),
    order: (parameter) => Number(!parameter.live),
  },
];

function Value({ value, type }: Parameter) {
  const bytes = type === "size" && /^\d+$/.test(value) ? Number(value) : 0;
  return (
    <>
      <code className="font-mono text-xs break-all">{value === "" ? "–" : value}</code>
      {bytes >= 1024 && <span className="ml-2 text-xs text-muted">{formatBytes(bytes)}</span>}
    </>
  );
}

function changeColumn(onChange: (parameter: Parameter) => void): Column<Parameter> {
  return {
    key: "change",
    header: <span className="sr-only">Actions</span>,
    cell: (parameter) =>
      parameter.live && (
        <Button
          small
          icon="edit"
          className="-my-1"
          aria-label={`Change ${parameter.name}`}
          onClick={() => onChange(parameter)}
        >
          Change
        </Button>
      ),
    numeric: true,
  };
}
