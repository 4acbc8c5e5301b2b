import type { ReactNode } from "react";

import { explain } from "../api/problem.ts";
import { Button, Spinner } from "./Button.tsx";
import { Icon } from "./Icon.tsx";

/** The heading of a page, with what is chosen for all of it to the right. */
export function PageHeader({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <header className="mb-4 flex min-h-9 flex-wrap items-center justify-between gap-x-4 gap-y-2">
      <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
      {children && <div className="flex flex-wrap items-center gap-2">{children}</div>}
    </header>
  );
}

/** A part of a page with a heading. */
export function Card({
  title,
  note,
  actions,
  children,
  flush = false,
}: {
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** Without space around what is in it, as for tables. */
  flush?: boolean;
}) {
  return (
    <section className="card min-w-0">
      <header className="flex min-h-11 flex-wrap items-center justify-between gap-x-3 gap-y-1 px-4 pt-2.5">
        <h2 className="font-semibold">
          {title}
          {note && <span className="ml-2 text-xs font-normal text-muted">{note}</span>}
        </h2>
        {actions && <div className="flex items-center gap-2">{actions}</div>}
      </header>
      <div className={flush ? "pt-1 pb-1" : "px-4 pt-1 pb-4"}>{children}</div>
    </section>
  );
}

/** Says that something is on its way. */
export function Loading({ what }: { what: string }) {
  return (
    <p role="status" className="flex items-center justify-center gap-2 px-4 py-10 text-muted">
      <Spinner /> Loading {what}…
    </p>
  );
}

/** Says what went wrong, and offers to try again. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <div role="alert" className="flex flex-wrap items-center gap-3 rounded-lg bg-danger-soft p-3">
      <span className="text-danger">
        <Icon name="warning" />
      </span>
      <span className="min-w-0 flex-1 break-words">{explain(error)}</span>
      {retry && (
        <Button small onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}
