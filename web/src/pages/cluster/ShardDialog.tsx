import { useId, type FormEvent, type ReactNode } from "react";

import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { Failure } from "../../components/Page.tsx";

interface ShardDialogProps {
  title: string;
  /** The verb on the button. */
  action: string;
  /** Why it cannot be done, in place of the fields. */
  hindrance?: string;
  busy: boolean;
  error: unknown;
  onSubmit(): void;
  onClose(): void;
  /** What will happen, and the fields. */
  children: ReactNode;
}

/** Asks between which nodes something of a shard is to change. */
export function ShardDialog({
  title,
  action,
  hindrance,
  busy,
  error,
  onSubmit,
  onClose,
  children,
}: ShardDialogProps) {
  const form = useId();

  function submit(event: FormEvent) {
    event.preventDefault();
    onSubmit();
  }

  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{hindrance ? "Close" : "Cancel"}</Button>
          {!hindrance && (
            <Button type="submit" form={form} variant="danger" busy={busy}>
              {action}
            </Button>
          )}
        </>
      }
    >
      {hindrance ? (
        <p>{hindrance}</p>
      ) : (
        <form id={form} onSubmit={submit} className="flex flex-col gap-3">
          {children}
        </form>
      )}
      {error ? <Failure error={error} /> : null}
    </Dialog>
  );
}
