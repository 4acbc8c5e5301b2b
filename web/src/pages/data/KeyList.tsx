import { useVirtualizer } from "@tanstack/react-virtual";
import {
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
  type KeyboardEvent,
} from "react";

import { Failure, Loading } from "../../components/Page.tsx";
import { classes } from "../../lib/classes.ts";
import { showKey, type Key } from "../../lib/key.ts";
import { useNow } from "../../lib/useNow.ts";
import { formatCount } from "../../lib/number.ts";
import { Expiry } from "./Expiry.tsx";
import type { KeyPages } from "./key_pages.ts";

const rowHeight = 30;
/**
 * Browsers draw nothing taller than some ten millions of pixels. So the list shows a window of
 * this many rows, which moves on by a half of it when its edge is near.
 */
const windowRows = 300_000;

interface KeyListProps {
  pages: KeyPages;
  selected: Key | null;
  onSelect(key: Key): void;
}

/** All keys of the pages, of which only those in sight are drawn. */
export function KeyList({ pages, selected, onSelect }: KeyListProps) {
  useSyncExternalStore(pages.subscribe, pages.snapshot);
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const { base, shift, jump } = useWindow(scroller);
  const [active, setActive] = useState(0);
  const now = useNow(1000);
  const total = pages.count;
  const rows = Math.min(total + (pages.hasMore ? 1 : 0) - base, windowRows);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing of it is memoized here
  const virtual = useVirtualizer({
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const first = base + (items[0]?.index ?? 0);
  const last = base + (items.at(-1)?.index ?? 0);
  const version = pages.snapshot();
  useEffect(() => {
    pages.look(first, last);
    // The rows that are drawn lag behind a window that has moved; where it is scrolled to does not.
    const top = Math.floor((scroller.current?.scrollTop ?? 0) / rowHeight);
    if (top > windowRows - 200 && total > base + windowRows) shift(base + windowRows / 2);
    else if (top < 100 && base > 0) shift(base - windowRows / 2);
  }, [pages, version, first, last, base, total, shift]);

  function move(to: number) {
    const row = Math.max(0, Math.min(to, total - 1));
    if (row >= base && row < base + rows) virtual.scrollToIndex(row - base);
    else jump(row);
  }

  function press(event: KeyboardEvent) {
    const screen = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1);
    const to = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + screen,
      PageUp: active - screen,
      Home: 0,
      End: total - 1,
    }[event.key];
    const info = pages.at(active);
    if (to !== undefined) move(to);
    else if ((event.key === "Enter" || event.key === " ") && info) onSelect(info.key);
    else return;
    event.preventDefault();
  }

  if (pages.error && total === 0) {
    return (
      <div className="p-3">
        <Failure error={pages.error} retry={() => pages.retry()} />
      </div>
    );
  }
  if (total === 0) {
    return pages.hasMore ? (
      <Loading what="keys" />
    ) : (
      <p className="px-4 py-10 text-center text-muted">No keys here.</p>
    );
  }
  return (
    <>
      <div
        ref={scroller}
        role="listbox"
        aria-label="Keys"
        aria-activedescendant={pages.at(active) ? `${id}-${active}` : undefined}
        tabIndex={0}
        onKeyDown={press}
        className="group min-h-0 flex-1 overflow-y-auto overscroll-contain focus-visible:-outline-offset-2"
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const row = base + item.index;
            const info = pages.at(row);
            return (
              <Row
                key={item.key}
                id={`${id}-${row}`}
                row={row}
                top={item.start}
                total={total}
                text={info && showKey(info.key)}
                expiresAt={info?.expiresAt ?? null}
                now={now}
                selected={info !== undefined && info.key === selected}
                active={row === active}
                onPress={() => {
                  if (!info) return;
                  setActive(row);
                  onSelect(info.key);
                }}
              />
            );
          })}
        </div>
      </div>
      <p className="figures border-t border-line px-3 py-1.5 text-xs text-muted" role="status">
        {pages.error ? (
          <Failure error={pages.error} retry={() => pages.retry()} />
        ) : (
          `${formatCount(total)} keys${pages.hasMore ? " so far, more below" : ""}`
        )}
      </p>
    </>
  );
}

interface RowProps {
  id: string;
  row: number;
  top: number;
  total: number;
  text: string | undefined;
  expiresAt: number | null;
  now: number;
  selected: boolean;
  active: boolean;
  onPress(): void;
}

function Row({ id, row, top, total, text, expiresAt, now, selected, active, onPress }: RowProps) {
  return (
    // The keyboard is the list's, which knows which row is the active one.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={selected}
      aria-posinset={row + 1}
      aria-setsize={total}
      title={text}
      onClick={onPress}
      style={{ height: rowHeight, transform: `translateY(${top}px)` }}
      className={classes(
        "absolute inset-x-0 top-0 flex cursor-pointer items-center gap-2 border-l-2 px-3 text-sm",
        selected ? "border-accent bg-accent-soft" : "border-transparent hover:bg-raised",
        active && "group-focus-visible:bg-raised group-focus-visible:border-accent",
      )}
    >
      {text === undefined ? (
        <span className="h-3 w-40 animate-pulse rounded bg-raised" />
      ) : (
        <span className="min-w-0 flex-1 truncate font-mono text-[0.8125rem]">{text}</span>
      )}
      {expiresAt !== null && <Expiry at={expiresAt} now={now} short />}
    </div>
  );
}

/** Where a window begins that has a row, and others on both sides of it. */
function windowFor(row: number): number {
  const half = windowRows / 2;
  return Math.max(0, Math.floor(row / half) - 1) * half;
}

/** Where the window begins. It is shifted without a jump of what is seen, or jumps to a row. */
function useWindow(scroller: React.RefObject<HTMLDivElement | null>) {
  const [base, shift] = useState(0);
  const before = useRef(0);
  const target = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (target.current === null) scroller.current?.scrollBy(0, (before.current - base) * rowHeight);
    else scroller.current?.scrollTo(0, (target.current - base) * rowHeight);
    target.current = null;
    before.current = base;
  }, [base, scroller]);
  function jump(row: number) {
    target.current = row;
    shift(windowFor(row));
  }
  return { base, shift, jump };
}
