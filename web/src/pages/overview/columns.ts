import type { Point } from "../../api/figures.ts";

/** Unix seconds of points. */
export function timesOf(points: readonly Point[]): number[] {
  return points.map((point) => Date.parse(point.time) / 1000);
}

/** One figure of each point. */
export function column(
  points: readonly Point[],
  pick: (point: Point) => number | null | undefined,
): (number | null)[] {
  return points.map((point) => pick(point) ?? null);
}

/** A figure that is 0 where there was nothing to measure, which is no value of it. */
export function measured(value: number): number | null {
  return value > 0 ? value : null;
}

/** Reads and writes of each second. What batches hold is among them, so batches are not added. */
export function opsOf({ ops }: Point): { reads: number; writes: number } {
  return { reads: ops.get + ops.scan, writes: ops.put + ops.delete };
}

export function allOps(point: Point): number {
  const { reads, writes } = opsOf(point);
  return reads + writes;
}

/** The share of reads that the cache answered; null if there were none. */
export function hitRatio(point: Point): number | null {
  const all = point.cache.hits + point.cache.misses;
  return all > 0 ? point.cache.hits / all : null;
}

/** The share of the disk that is taken, by whatever it be; null without a disk. */
export function diskShare({ disk }: Point): number | null {
  return disk.total_bytes > 0 ? 1 - disk.free_bytes / disk.total_bytes : null;
}
