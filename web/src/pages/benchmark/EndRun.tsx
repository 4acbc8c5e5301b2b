import { useMutation, useQueryClient } from "@tanstack/react-query";

import { removeRun, runsKey, type Run } from "../../api/benchmarks.ts";
import { explain } from "../../api/problem.ts";
import { Confirm } from "../../components/Dialog.tsx";
import { toast } from "../../components/toasts.ts";

interface EndRunProps {
  run: Run;
  title: string;
  action: string;
  /** What is said afterwards. */
  done: string;
  /** What is lost by it. */
  children: React.ReactNode;
  onClose(): void;
}

/** Asks, and stops a run that is under way, or removes one that is kept. */
export function EndRun({ run, title, action, done, children, onClose }: EndRunProps) {
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => removeRun(run.id),
    onSuccess: () => toast(done),
    onError: (error) => toast(explain(error), { kind: "error" }),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: runsKey });
      onClose();
    },
  });
  return (
    <Confirm
      title={title}
      action={action}
      danger
      busy={end.isPending}
      onConfirm={() => end.mutate()}
      onClose={onClose}
    >
      <p>{children}</p>
    </Confirm>
  );
}
