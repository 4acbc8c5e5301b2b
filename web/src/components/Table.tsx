import type { ReactNode } from "react";

import { classes } from "../lib/classes.ts";

export interface Column<Row> {
  key: string;
  header: ReactNode;
  cell(row: Row): ReactNode;
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
}

/** A table that scrolls within itself where it is too wide, for rows that are not many. */
export function Table<Row>({ label, columns, rows, rowKey, empty }: TableProps<Row>) {
  if (rows.length === 0) return <p className="px-4 py-8 text-center text-muted">{empty}</p>;
  return (
    <div role="region" aria-label={label} tabIndex={0} className="overflow-x-auto">
      <table className="w-full border-collapse text-sm">
        <thead>
          <tr className="border-b border-line text-left text-xs text-muted">
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                className={classes(
                  "px-3 py-2 font-medium whitespace-nowrap",
                  column.numeric && "text-right",
                )}
              >
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} className="border-b border-line last:border-0 hover:bg-raised">
              {columns.map((column) => (
                <td
                  key={column.key}
                  className={classes(
                    "px-3 py-2 align-top",
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
  );
}
