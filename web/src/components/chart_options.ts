import type { RefObject } from "react";
import type uPlot from "uplot";

import type { ChartProps } from "./Chart.tsx";

const seriesColours = 6;

/** The colours of the theme as a canvas takes them. */
export interface ChartColours {
  series: string[];
  text: string;
  grid: string;
}

/** Reads the colours of the theme that holds now. */
export function chartColours(): ChartColours {
  const probe = document.createElement("span");
  document.body.append(probe);
  const resolve = (name: string) => {
    probe.style.color = `var(--color-${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    series: Array.from({ length: seriesColours }, (_, i) => resolve(`series-${i + 1}`)),
    text: resolve("muted"),
    grid: resolve("line"),
  };
  probe.remove();
  return colours;
}

/** The colour of the series at a place, of which one may ask for another. */
export function colourOf(place: number, asked: number | undefined): number {
  return asked ?? (place % seriesColours) + 1;
}

const font = "11px system-ui, sans-serif";

/** What uPlot draws: thin axes, no legend of its own, and a pointer that tells its place. */
export function chartOptions(
  latest: RefObject<ChartProps>,
  colours: ChartColours,
  width: number,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const props = latest.current;
  const grid = { stroke: colours.grid, width: 1 };
  return {
    width,
    height: props.height ?? 180,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      sync: props.group ? { key: props.group } : undefined,
      points: { size: 6 },
    },
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
    scales: {
      x: { time: true, range: (_, min, max) => latest.current.range ?? [min, max] },
      y: props.logarithmic
        ? { distr: 3, log: 10 }
        : {
            range: (_, _min, max) => [0, Math.max((max ?? 0) * 1.08, latest.current.atLeast ?? 1)],
          },
    },
    axes: [
      {
        stroke: colours.text,
        font,
        grid: { show: false },
        ticks: { ...grid, size: 4 },
        size: 30,
        space: 70,
        values: (_plot, splits, _axis, _space, step) => splits.map((time) => clock(time, step)),
      },
      {
        stroke: colours.text,
        font,
        grid,
        ticks: { show: false },
        size: 62,
        space: 34,
        incrs: props.binary ? powersOfTwo : undefined,
        splits: props.logarithmic ? (_plot, _axis, min, max) => powersOfTen(min, max) : undefined,
        values: (_, splits) =>
          splits.map((value) => (value === null ? "" : latest.current.format(value))),
      },
    ],
    series: [{}, ...props.series.map((one, place) => seriesOptions(one, place, colours))],
  };
}

const powersOfTwo = Array.from({ length: 60 }, (_, i) => 2 ** i);

function powersOfTen(min: number, max: number): number[] {
  const first = Math.ceil(Math.log10(min) - 1e-9);
  const last = Math.floor(Math.log10(max) + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

/** The time of the day, with seconds only where the scale's step has them. */
function clock(time: number, step: number): string {
  const date = new Date(time * 1000);
  const parts = [date.getHours(), date.getMinutes()];
  if (step < 60) parts.push(date.getSeconds());
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

function seriesOptions(
  one: ChartProps["series"][number],
  place: number,
  colours: ChartColours,
): uPlot.Series {
  const stroke = colours.series[colourOf(place, one.colour) - 1]!;
  return {
    label: one.label,
    stroke,
    width: 1.5,
    dash: one.dashed ? [5, 4] : undefined,
    fill: one.filled ? stroke.replace(/^rgb\((.*)\)$/, "rgba($1, 0.12)") : undefined,
    points: { show: false },
  };
}
