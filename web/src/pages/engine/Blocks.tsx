import { classes } from "../../lib/classes.ts";
import { formatBytes } from "../../lib/bytes.ts";

const looks = {
  strong: "border-accent bg-accent-soft",
  plain: "border-line bg-raised",
  busy: "border-series-3 bg-series-3/15",
  empty: "border-dashed border-line-strong/60",
} as const;

interface Block {
  key: string | number;
  bytes: number;
  look: keyof typeof looks;
  title: string;
  note?: string;
  /** What stands behind the size. */
  detail?: string;
}

/** A few things one beside the other, each with its size. */
export function Blocks({ label, blocks }: { label: string; blocks: readonly Block[] }) {
  if (blocks.length === 0) return <p className="text-muted">None</p>;
  return (
    <ul aria-label={label} className="flex flex-wrap gap-2">
      {blocks.map((block) => (
        <li
          key={block.key}
          className={classes(
            "min-w-28 flex-1 rounded-lg border px-3 py-2 md:max-w-56",
            looks[block.look],
          )}
        >
          <div className="flex items-baseline justify-between gap-2 text-xs text-muted">
            <span>{block.title}</span>
            {block.note && <span className="figures whitespace-nowrap">{block.note}</span>}
          </div>
          <div className="figures font-semibold">
            {formatBytes(block.bytes)}
            {block.detail && (
              <span className="block text-xs font-normal text-muted">{block.detail}</span>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
