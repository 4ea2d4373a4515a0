import { percent, short } from "../view/numbers.js";
import { type Course, finalAccuracy, moved, type Outcome, outcomeOf } from "./course.js";
import { EPOCHS, TEST_COUNT } from "./experiment.js";

/* What is seen, in a sentence, from the numbers of the run. */

export const outcomeTitles: Readonly<Record<Outcome, string>> = {
  "as good": "learns as well",
  worse: "learns less",
  guesses: "learns nothing",
  breaks: "breaks",
};

/** Filters that moved less than this share of the right ones' way have hardly moved. */
const HARDLY = 0.1;

export function whatIsSeen(course: Course, right: Course): string {
  const outcome = outcomeOf(course, right);
  if (outcome === undefined) return "";
  const step = course.steps + 1;
  if (outcome === "breaks")
    return `At step ${step} the broken network's loss is no number any more: it has overflowed.`;
  const [own, other] = [finalAccuracy(course), finalAccuracy(right)].map((share) => percent(share as number));
  const scores = `After ${EPOCHS} epochs the broken network gets ${own} of ${TEST_COUNT} new digits right, the right one ${other}`;
  const meaning = {
    "as good": "nothing in these curves tells that there is a mistake",
    worse: "it still learns, but less",
    guesses: "that is guessing",
  }[outcome];
  return `${scores}: ${meaning}.${filtersInWords(course, right)}`;
}

/** What those that were tried have taught; undefined while they are too few. */
export function lesson(outcomes: readonly Outcome[]): string | undefined {
  if (outcomes.length < FEW) return undefined;
  const learning = outcomes.filter((outcome) => outcome === "as good" || outcome === "worse").length;
  const start = `Of ${outcomes.length} mistakes that were tried, ${learning} still let the network learn.`;
  return learning === 0
    ? start
    : `${start} That a network learns doesn't prove that its gradients are right. Comparing the numbers does: “Check yours” in the menu “Open”.`;
}

/** One or two teach nothing yet. */
const FEW = 3;

function filtersInWords(course: Course, right: Course): string {
  const [own, other] = [moved(course), moved(right)];
  if (own > HARDLY * other) return "";
  const how =
    own === 0
      ? "have not moved at all"
      : `have hardly moved (${short(own)} a weight, the right ones ${short(other)})`;
  return ` Its first filters ${how}.`;
}
