import type { AxisOptions } from "../components/chart/axis.js";
import type { Series } from "../components/chart/series.js";
import { percent, short } from "../view/numbers.js";
import type { Course } from "./course.js";
import { EPOCHS, STEPS } from "./experiment.js";

/* Two trainings as lines of a chart. */

export interface CourseChart {
  readonly series: readonly Series[];
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  readonly summary: string;
}

/** Ten classes: a blind guess costs ln 10 = 2.30. What is higher leaves the picture. */
const MOST_LOSS = 3;

const steps: AxisOptions = {
  label: "steps",
  from: 0,
  to: STEPS,
  ticks: Array.from({ length: EPOCHS + 1 }, (_, epoch) => (epoch * STEPS) / EPOCHS),
};

function both(broken: Series["points"], right: Series["points"], marks: boolean): Series[] {
  return [
    { name: "right", colour: "forward", points: right, marks },
    { name: "broken", colour: "bad", dash: "6 4", points: broken, marks },
  ];
}

const last = (points: Series["points"], format: (value: number) => string) =>
  points.length === 0 ? "unknown" : format(points[points.length - 1][1]);

export function lossChart(broken: Course, right: Course): CourseChart {
  return {
    series: both(broken.losses, right.losses, false),
    x: steps,
    y: { label: "loss", from: 0, to: MOST_LOSS },
    summary: `Loss on the way: right, now ${last(right.losses, short)}; broken, now ${last(broken.losses, short)}.`,
  };
}

export function accuracyChart(broken: Course, right: Course): CourseChart {
  return {
    series: both(broken.accuracies, right.accuracies, true),
    x: steps,
    y: {
      label: "new digits that are right",
      from: 0,
      to: 1,
      format: (value) => `${Math.round(100 * value)}%`,
    },
    summary: `New digits that are right: right network ${last(right.accuracies, percent)}, broken network ${last(broken.accuracies, percent)}.`,
  };
}
