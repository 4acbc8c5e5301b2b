import type { ReactNode } from "react";

/** A figure that matters, with what it is of and what belongs to it. */
export function Tile({
  label,
  value,
  note,
  children,
}: {
  label: string;
  value: string;
  note: string;
  children?: ReactNode;
}) {
  return (
    <section aria-label={label} className="card flex min-w-0 flex-col px-4 py-3">
      <div className="truncate text-xs font-medium text-muted">{label}</div>
      <div className="figures text-2xl font-semibold tracking-tight whitespace-nowrap">{value}</div>
      <div className="figures mb-2 truncate text-xs text-muted" title={note}>
        {note}
      </div>
      {children && <div className="mt-auto flex min-h-7 flex-col justify-end">{children}</div>}
    </section>
  );
}
