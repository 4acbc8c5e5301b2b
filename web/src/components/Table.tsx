import { useState, type ReactNode } from "react";

import { classes } from "../lib/classes.ts";

export interface Column<Row> {
  key: string;
  header: ReactNode;
  cell(row: Row): ReactNode;
  /** What rows are sorted by, if one may sort by this column. */
  order?(row: Row): number | string;
  /** Figures stand to the right. */
  numeric?: boolean;
  className?: string;
}

interface TableProps<Row> {
  /** What the table shows, for who hears it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey(row: Row): string | number;
  /** What to say when there is no row. */
  empty: ReactNode;
  /** More rows than this are not drawn, but counted. */
  most?: number;
}

interface Sorting {
  key: string;
  descending: boolean;
}

/** A table that scrolls within itself where it is too wide, for rows that are not many. */
export function Table<Row>({ label, columns, rows, rowKey, empty, most = 500 }: TableProps<Row>) {
  const [sorting, setSorting] = useState<Sorting | null>(null);
  if (rows.length === 0) return <p className="px-4 py-8 text-center text-muted">{empty}</p>;
  const drawn = sorted(rows, columns, sorting).slice(0, most);
  return (
    <>
      <div role="region" aria-label={label} tabIndex={0} className="relative overflow-x-auto">
        <table className="w-full border-collapse text-sm">
          <thead>
            <tr className="border-b border-line text-left text-xs text-muted">
              {columns.map((column) => (
                <HeaderCell key={column.key} {...{ column, sorting, setSorting }} />
              ))}
            </tr>
          </thead>
          <tbody>
            {drawn.map((row) => (
              <tr key={rowKey(row)} className="border-b border-line last:border-0 hover:bg-raised">
                {columns.map((column) => (
                  <td
                    key={column.key}
                    className={classes(
                      "px-3 py-2 align-top first:pl-4 last:pr-4",
                      column.numeric && "figures text-right whitespace-nowrap",
                      column.className,
                    )}
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > most && (
        <p className="border-t border-line px-4 py-2 text-center text-xs text-muted">
          {most} of {rows.length} are shown
        </p>
      )}
    </>
  );
}

function HeaderCell<Row>({
  column,
  sorting,
  setSorting,
}: {
  column: Column<Row>;
  sorting: Sorting | null;
  setSorting(next: Sorting): void;
}) {
  const chosen = sorting?.key === column.key;
  const direction = chosen ? (sorting.descending ? "descending" : "ascending") : undefined;
  // Figures are looked through for the greatest, words from A on.
  const next = { key: column.key, descending: chosen ? !sorting.descending : !!column.numeric };
  return (
    <th
      scope="col"
      aria-sort={direction}
      className={classes(
        "px-3 py-2 font-medium whitespace-nowrap first:pl-4 last:pr-4",
        column.numeric && "text-right",
      )}
    >
      {column.order ? (
        <button type="button" className="hover:text-ink" onClick={() => setSorting(next)}>
          {column.header}
          <span aria-hidden="true" className={classes("ml-1", !chosen && "opacity-40")}>
            {direction === "descending" ? "↓" : direction === "ascending" ? "↑" : "↕"}
          </span>
        </button>
      ) : (
        column.header
      )}
    </th>
  );
}

function sorted<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sorting: Sorting | null,
): readonly Row[] {
  const order = columns.find((column) => column.key === sorting?.key)?.order;
  if (!sorting || !order) return rows;
  const sign = sorting.descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [order(a), order(b)];
    return x < y ? -sign : x > y ? sign : 0;
  });
}
