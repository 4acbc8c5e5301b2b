import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState, type FormEvent } from "react";

import { changeConfig, configKey, type Parameter } from "../../api/config.ts";
import { explain } from "../../api/problem.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { Select, TextField } from "../../components/Field.tsx";
import { toast } from "../../components/toasts.ts";

const hints: Partial<Record<Parameter["type"], string>> = {
  size: "Bytes, or with a unit as 512mb.",
  number: "A whole number.",
};

/** Changes a parameter while the server runs. */
export function ParameterDialog({ parameter, onClose }: { parameter: Parameter; onClose(): void }) {
  const [value, setValue] = useState(parameter.value);
  const form = useId();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: () => changeConfig(parameter.name, value),
    onSuccess: () => {
      toast(`${parameter.name} is ${value || "empty"} now`, {
        action: { label: "Undo", run: () => void putBack() },
      });
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: configKey }),
  });

  async function putBack() {
    try {
      await changeConfig(parameter.name, parameter.value);
      toast(`${parameter.name} is ${parameter.value || "empty"} again`);
    } catch (error) {
      toast(explain(error), { kind: "error" });
    }
    void queries.invalidateQueries({ queryKey: configKey });
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    change.mutate();
  }

  const field = {
    label: "Value",
    value,
    onChange: setValue,
    error: change.error ? explain(change.error) : undefined,
    hint: hints[parameter.type],
  };
  return (
    <Dialog
      title={`Change ${parameter.name}`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form={form}
            variant="primary"
            busy={change.isPending}
            disabled={value === parameter.value}
          >
            Change
          </Button>
        </>
      }
    >
      <p>{parameter.about}</p>
      <form id={form} onSubmit={submit}>
        {parameter.choices ? (
          <Select
            {...field}
            options={parameter.choices.map((one) => ({ value: one, label: one }))}
          />
        ) : (
          <TextField {...field} autoComplete="off" spellCheck={false} />
        )}
      </form>
      <p className="text-muted">
        It holds at once, for all, until the server ends; what it has at the next start is told by
        its flags.
      </p>
    </Dialog>
  );
}
