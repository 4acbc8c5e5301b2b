import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { onThemeChange } from "../app/theme.ts";
import { chartColours, chartOptions } from "./chart_options.ts";
import { ChartLegend } from "./ChartLegend.tsx";

/** One line of a chart. */
export interface Series {
  label: string;
  /** One for each time; null where there is none, which leaves a gap. */
  values: (number | null)[];
  /** Which of the colours --color-series-N it has, from 1 on; by default its place. */
  colour?: number;
  /** Fills what is below the line. */
  filled?: boolean;
  /** Is drawn with dashes, as for limits. */
  dashed?: boolean;
}

export interface ChartProps {
  /** What the chart shows, for who hears it. */
  label: string;
  /** Unix seconds, ascending. */
  times: number[];
  series: Series[];
  format(value: number): string;
  height?: number;
  /** A logarithmic scale, for latencies. */
  logarithmic?: boolean;
  /** A scale whose steps are powers of two, for bytes. */
  binary?: boolean;
  /** Charts of the same group show the same moment under the pointer. */
  group?: string;
  /** The least that the scale reaches to, so that noise does not fill the chart. */
  atLeast?: number;
  /** What time the chart begins and ends with, in Unix seconds; by default the data's. */
  range?: [number, number];
}

/**
 * Values over time as lines. The legend tells in words what is under the pointer, or the
 * newest, with the least and the most.
 */
export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const latest = useRef(props);
  const [pointed, setPointed] = useState<number | null>(null);
  const [colours, setColours] = useState(chartColours);
  useEffect(() => onThemeChange(() => setColours(chartColours())), []);

  // What makes a plot of another kind; other changes are drawn into the one there is.
  const kind = JSON.stringify([
    props.series.map((one) => [one.label, one.colour, one.filled, one.dashed]),
    props.logarithmic,
    props.binary,
    props.group,
  ]);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    const element = place.current!;
    const made = new uPlot(
      chartOptions(latest, colours, element.clientWidth, setPointed),
      dataOf(latest.current),
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: latest.current.height ?? 180 }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [kind, colours]);
  useEffect(() => plot.current?.setData(dataOf(props)), [props]);

  return (
    <figure className="min-w-0">
      <ChartLegend {...props} pointed={pointed} />
      <div ref={place} role="img" aria-label={`${props.label}, over time`} className="min-w-0" />
    </figure>
  );
}

function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
  return [times, ...series.map((one) => one.values)];
}
