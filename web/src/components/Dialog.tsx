import { useEffect, useId, useRef, useState, type ReactNode } from "react";

import { classes } from "../lib/classes.ts";
import { Button, IconButton } from "./Button.tsx";
import { TextField } from "./Field.tsx";

interface DialogProps {
  title: string;
  onClose(): void;
  children: ReactNode;
  /** The buttons. */
  footer?: ReactNode;
  wide?: boolean;
}

/**
 * A dialog over the page, open as long as it is rendered. The browser keeps the focus within
 * and gives it back; Escape closes it.
 */
export function Dialog({ title, onClose, children, footer, wide = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className={classes(
        "m-auto max-h-[90dvh] w-[calc(100%-2rem)] rounded-2xl border border-line bg-surface p-0 text-ink shadow-float",
        wide ? "max-w-3xl" : "max-w-lg",
      )}
    >
      <div className="flex max-h-[90dvh] flex-col">
        <header className="flex items-center justify-between gap-4 px-5 pt-4 pb-2">
          <h2 id={titleId} className="text-base font-semibold">
            {title}
          </h2>
          <IconButton label="Close" icon="close" small onClick={onClose} />
        </header>
        <div className="flex flex-col gap-3 overflow-y-auto px-5 pb-5">{children}</div>
        {footer && (
          <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">
            {footer}
          </footer>
        )}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  /** What will happen, and whether it can be undone. */
  children: ReactNode;
  /** The verb on the button. */
  action: string;
  /** What must be typed before the button works, for what cannot be undone. */
  typed?: string;
  danger?: boolean;
  busy?: boolean;
  onConfirm(): void;
  onClose(): void;
}

/** Asks whether to do something. */
export function Confirm({
  title,
  children,
  action,
  typed,
  danger = false,
  busy = false,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const [text, setText] = useState("");
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant={danger ? "danger" : "primary"}
            busy={busy}
            disabled={typed !== undefined && text !== typed}
            onClick={onConfirm}
          >
            {action}
          </Button>
        </>
      }
    >
      {children}
      {typed !== undefined && (
        <TextField label={`Type “${typed}” to go on`} value={text} onChange={setText} />
      )}
    </Dialog>
  );
}
