import { chartOf, concludeScaling, nounOf, whole } from "unravel-cnn";
import type { AxisOptions } from "../components/chart/axis.js";
import type { Series } from "../components/chart/series.js";
import type { TimingResult } from "./settings.js";

/* What was measured as lines of a chart. */

export interface TimingChart {
  readonly series: readonly Series[];
  readonly x: AxisOptions;
  readonly y: AxisOptions;
}

/** Places at which a curve is computed. */
const STEPS = 160;

const lengths: Readonly<Record<string, number>> = { milliseconds: 0.001, seconds: 1, hours: 3600 };

/**
 * Points with their spread, the fitted line, the exponential.
 * @param logarithmic both axes in powers, so that the exponential can be followed to its end
 */
export function timingChart(
  { settings: { sweep }, points }: TimingResult,
  logarithmic: boolean,
): TimingChart {
  const chart = chartOf(sweep, points, concludeScaling(sweep, points));
  const { unit, line, exponential, ticks } = chart;
  const length = lengths[unit];
  const [first, last] = [points[0].value, points[points.length - 1].value];
  const isPower = logarithmic || sweep === "batch-size";
  const at = Array.from({ length: STEPS + 1 }, (_, k) =>
    isPower ? first * (last / first) ** (k / STEPS) : first + ((last - first) * k) / STEPS,
  );
  const curve = (f: (value: number) => number) => at.map((value) => [value, f(value) / length] as const);
  return {
    series: [
      {
        name: "measured",
        colour: "forward",
        marks: true,
        line: false,
        points: points.map(({ value, secondsPerEpoch }) => [value, secondsPerEpoch / length]),
        spread: points.map(({ value, fastest, slowest }) => [value, fastest / length, slowest / length]),
      },
      {
        name: sweep === "filters" ? "line" : chart.lineName.replace("x", "×"),
        colour: "plain",
        points: curve(line),
      },
      ...(exponential
        ? [{ name: "exponential", colour: "bad", dash: "6 4", points: curve(exponential) } as const]
        : []),
    ],
    x: {
      label: sweep === "kernel" ? "kernel size (3 is 3×3)" : nounOf[sweep],
      ticks: points.map(({ value }) => value),
      format: whole,
      to: last,
      ...(isPower ? { scale: "log", from: first } : { from: 0 }),
    },
    y: {
      label: `${unit} per epoch`,
      ...(logarithmic ? { scale: "log" } : { from: 0, to: ticks[ticks.length - 1].seconds / length }),
    },
  };
}
