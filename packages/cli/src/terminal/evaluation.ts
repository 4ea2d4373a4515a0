import { answerQualities, countOf, type Dataset, type Evaluation } from "unravel-cnn";
import { formatConfusion } from "./confusion.js";
import { percent, significant, whole } from "./numbers.js";
import { formatQualities } from "./quality.js";
import type { Styles } from "./style.js";

/** Which classes are taken for which, as lines; with several labels at once, how good the answers are for each class. */
export function classLines(
  { confusion, answers }: Evaluation,
  classes: readonly string[],
  styles: Styles,
): string[] {
  return answers
    ? formatQualities(answerQualities(answers), classes)
    : formatConfusion(confusion, classes, styles);
}

/** The line that says how good a network is on a test set. */
export function headline({ accuracy, loss, answers }: Evaluation, data: Dataset, styles: Styles): string {
  const count = countOf(data);
  const right = Math.round(accuracy * count);
  return `Test accuracy ${styles.bold(percent(accuracy))} on ${data.name}: ${whole(right)} of ${whole(count)} images ${answers ? "with every label right" : "right"}, loss ${significant(loss)}`;
}
