import type { KeyInfo, scanKeys, ScanBounds } from "../../api/scan.ts";
import { compareKeys, keyBehind, type Key } from "../../lib/key.ts";

/** How many keys are asked for at once, and how many pages of them are kept. */
const pageSize = 1000;
const mostKept = 24;

/**
 * A page has the keys from its start on up to the start of the next one. So it can be dropped
 * and read again without a gap or a repetition, whatever was written meanwhile.
 */
interface Page {
  start: Key | undefined;
  keys: KeyInfo[] | null;
  /** Of its keys when they were last read. */
  count: number;
  read: boolean;
  loading: boolean;
  /** When it was last looked at, as a count of looks. */
  seen: number;
}

function newPage(start: Key | undefined): Page {
  return { start, keys: null, count: 0, read: false, loading: false, seen: 0 };
}

/**
 * The keys of a keyspace with a prefix, in order, read as they are looked at. It remembers
 * where each page begins, and the keys of some pages, so that millions can be scrolled through
 * in bounded memory.
 */
export class KeyPages {
  #bounds: ScanBounds;
  #scan: typeof scanKeys;
  #pages: Page[] = [newPage(undefined)];
  #offsets: number[] = [0];
  #looks = 0;
  #error: unknown = null;
  #closed = new AbortController();
  #listeners = new Set<() => void>();
  #version = 0;

  constructor(bounds: ScanBounds, scan: typeof scanKeys) {
    this.#bounds = bounds;
    this.#scan = scan;
  }

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Another number after each change. */
  snapshot = () => this.#version;

  /** How many keys are known. */
  get count(): number {
    const last = this.#pages.length - 1;
    return this.#offsets[last]! + this.#pages[last]!.count;
  }

  /** Whether there may be keys behind those. */
  get hasMore(): boolean {
    return !this.#pages.at(-1)!.read;
  }

  get error(): unknown {
    return this.#error;
  }

  /** How many keys are in memory. */
  get kept(): number {
    return this.#pages.reduce((sum, page) => sum + (page.keys?.length ?? 0), 0);
  }

  at(row: number): KeyInfo | undefined {
    const page = this.#pageOf(row);
    return this.#pages[page]?.keys?.[row - this.#offsets[page]!];
  }

  /** Has the pages of some rows read, and the next one if they are near the end. */
  look(first: number, last: number) {
    this.#looks++;
    const to = last >= this.count - 1 ? this.#pages.length - 1 : this.#pageOf(last);
    for (let page = this.#pageOf(first); page <= to; page++) {
      this.#pages[page]!.seen = this.#looks;
      if (!this.#pages[page]!.keys && !this.#error) void this.#read(this.#pages[page]!);
    }
  }

  /** Reads anew the page that has a key, or would have it. */
  async reread(key: Key) {
    let page = 0;
    for (let high = this.#pages.length - 1; page < high;) {
      const middle = Math.ceil((page + high) / 2);
      if (compareKeys(this.#pages[middle]!.start!, key) <= 0) page = middle;
      else high = middle - 1;
    }
    if (this.#pages[page]!.keys) await this.#read(this.#pages[page]!);
  }

  /** Tries again what failed. */
  retry() {
    this.#error = null;
    this.#changed();
  }

  /** Reads again after it was closed. */
  open() {
    if (this.#closed.signal.aborted) this.#closed = new AbortController();
  }

  /** Gives up what is being read. */
  close() {
    this.#closed.abort();
  }

  async #read(page: Page) {
    if (page.loading) return;
    page.loading = true;
    const closed = this.#closed.signal;
    try {
      const next = this.#pages[this.#pages.indexOf(page) + 1];
      const bounds = { ...this.#bounds, start: page.start, end: next?.start };
      // What came between two pages since may be more than a page.
      const limit = next ? 2 * pageSize : pageSize;
      const { keys, more } = await this.#scan({ ...bounds, limit }, closed);
      this.#fill(page, keys, more);
      this.#error = null;
    } catch (error) {
      if (!closed.aborted) this.#error = error;
    } finally {
      page.loading = false;
    }
    this.#changed();
  }

  #fill(page: Page, keys: KeyInfo[], more: boolean) {
    page.keys = keys;
    page.count = keys.length;
    page.read = true;
    page.seen = Math.max(page.seen, this.#looks);
    if (more) this.#split(this.#pages.indexOf(page), keyBehind(keys.at(-1)!.key));
    this.#measure();
    this.#drop();
  }

  /** Adds a page behind another one, whose keys end before its end. */
  #split(page: number, start: Key) {
    const added = newPage(start);
    // Between two pages it takes rows at once, or nobody would look at it.
    if (page < this.#pages.length - 1) added.count = pageSize;
    this.#pages.splice(page + 1, 0, added);
  }

  #measure() {
    let offset = 0;
    this.#offsets = this.#pages.map((page) => {
      const before = offset;
      offset += page.count;
      return before;
    });
  }

  /** Lets go of the keys that were not looked at for longest. */
  #drop() {
    const kept = this.#pages.filter((page) => page.keys).sort((a, b) => b.seen - a.seen);
    for (const page of kept.slice(mostKept)) page.keys = null;
  }

  /** The page that a row is in: the last one that does not begin behind it. */
  #pageOf(row: number): number {
    let low = 0;
    let high = this.#pages.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#offsets[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    // Of pages that begin at the same row, all but the last one are empty.
    return low;
  }

  #changed() {
    this.#version++;
    for (const listener of this.#listeners) listener();
  }
}
