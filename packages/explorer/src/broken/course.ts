import type { Tensor } from "unravel-cnn";
import type { Report } from "./experiment.js";

/* How a training went, from its reports. */

export interface Course {
  /** Loss at each report: `[step, loss]`. */
  readonly losses: readonly (readonly [step: number, loss: number])[];
  /** Share of the test digits that are right, at the start and after each epoch. */
  readonly accuracies: readonly (readonly [step: number, accuracy: number])[];
  readonly steps: number;
  /** The filters at the start and now. */
  readonly first: Tensor;
  readonly filters: Tensor;
  /** Why it stopped before its end. */
  readonly problem: string | undefined;
  readonly done: boolean;
}

/** The course with one more report. */
export function withReport(course: Course | undefined, report: Report): Course {
  const { steps, loss, accuracy, filters, problem } = report;
  return {
    losses: [...(course?.losses ?? []), ...(Number.isFinite(loss) ? ([[steps, loss]] as const) : [])],
    accuracies: [
      ...(course?.accuracies ?? []),
      ...(accuracy === undefined ? [] : ([[steps, accuracy]] as const)),
    ],
    steps,
    first: course?.first ?? filters,
    filters,
    problem,
    done: false,
  };
}

/** The share of the test digits that are right at the end; undefined while there is no end, or if it broke. */
export function finalAccuracy({ done, problem, accuracies }: Course): number | undefined {
  return done && problem === undefined ? accuracies.at(-1)?.[1] : undefined;
}

/** How far the filters have moved: the root of the mean square, over all weights. */
export function moved({ first, filters }: Pick<Course, "first" | "filters">): number {
  let sum = 0;
  for (let k = 0; k < filters.data.length; k++) sum += (filters.data[k] - first.data[k]) ** 2;
  return Math.sqrt(sum / filters.data.length);
}

/**
 * What became of a training: as good as the right one, worse, no better than guessing, or its numbers were no numbers any
 * more. Undefined while it, or the right one, goes on.
 */
export type Outcome = "as good" | "worse" | "guesses" | "breaks";

/** Of two accuracies on 500 digits, this difference may be chance. */
const SAME = 0.04;
/** Guessing gives a tenth, and hardly ever this much. */
const GUESSING = 0.2;

export function outcomeOf(course: Course, right: Course): Outcome | undefined {
  if (course.problem !== undefined) return "breaks";
  const [own, other] = [finalAccuracy(course), finalAccuracy(right)];
  if (own === undefined || other === undefined) return undefined;
  if (own <= GUESSING) return "guesses";
  return own >= other - SAME ? "as good" : "worse";
}
