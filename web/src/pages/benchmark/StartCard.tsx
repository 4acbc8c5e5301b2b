import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import {
  runsKey,
  startRun,
  useChoices,
  type Choices,
  type Settings,
} from "../../api/benchmarks.ts";
import { explain } from "../../api/problem.ts";
import { Button } from "../../components/Button.tsx";
import { Confirm } from "../../components/Dialog.tsx";
import { Select, TextField } from "../../components/Field.tsx";
import { Card, Failure, Loading } from "../../components/Page.tsx";
import { toast } from "../../components/toasts.ts";
import { formatBytes } from "../../lib/bytes.ts";
import { LevelChoice } from "./LevelChoice.tsx";
import { engineTitle } from "./words.ts";

/** Chooses what to measure, and starts it when that is confirmed. */
export function StartCard() {
  const { data, error, refetch } = useChoices();
  return (
    <Card
      title="Start a run"
      note="in memory, beside the data of this server, which is not touched"
    >
      {error && !data ? (
        <Failure error={error} retry={refetch} />
      ) : data ? (
        <StartForm choices={data} />
      ) : (
        <Loading what="the stress levels" />
      )}
    </Card>
  );
}

function StartForm({ choices }: { choices: Choices }) {
  const [stress, setStress] = useState(choices.levels[0]?.name ?? "light");
  const [engine, setEngine] = useState(choices.engines[0] ?? "go");
  const [seed, setSeed] = useState("1");
  const [asking, setAsking] = useState(false);
  const seedIsRight = /^\d{1,15}$/.test(seed);
  const fits = choices.levels.find((level) => level.name === stress)?.fits ?? false;
  return (
    <div className="flex flex-col gap-4">
      <LevelChoice levels={choices.levels} value={stress} onChange={setStress} />
      <div className="grid items-start gap-3 sm:grid-cols-[14rem_10rem_1fr]">
        <Select
          label="Engine"
          value={engine}
          options={choices.engines.map((name) => ({ value: name, label: engineTitle(name) }))}
          onChange={setEngine}
        />
        <TextField
          label="Seed"
          value={seed}
          onChange={setSeed}
          inputMode="numeric"
          error={seedIsRight ? undefined : "A whole number from 0 on."}
        />
        <Button
          variant="primary"
          icon="play"
          className="sm:mt-6 sm:justify-self-end"
          disabled={!seedIsRight || !fits}
          onClick={() => setAsking(true)}
        >
          Start…
        </Button>
      </div>
      {asking && (
        <AskFirst
          settings={{ stress, engine, seed: Number(seed) }}
          choices={choices}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}

function AskFirst({
  settings,
  choices,
  onClose,
}: {
  settings: Settings;
  choices: Choices;
  onClose(): void;
}) {
  const queries = useQueryClient();
  const start = useMutation({
    mutationFn: () => startRun(settings),
    onSuccess: () => toast("The benchmark has begun"),
    onError: (error) => toast(explain(error), { kind: "error" }),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: runsKey });
      onClose();
    },
  });
  const level = choices.levels.find((one) => one.name === settings.stress);
  return (
    <Confirm
      title={`Start the benchmark “${settings.stress}”?`}
      action="Start"
      busy={start.isPending}
      onConfirm={() => start.mutate()}
      onClose={onClose}
    >
      <p>
        It runs on the machine of this server, in a process of its own with a low priority, and
        takes up to <strong>{formatBytes(level?.memory_bytes ?? 0)}</strong> of memory
        {choices.available_bytes > 0 && `; ${formatBytes(choices.available_bytes)} are available`}.
      </p>
      <p>
        While it runs, the server answers more slowly, and what is measured suffers from what the
        server does. It can be stopped at any time.
      </p>
    </Confirm>
  );
}
