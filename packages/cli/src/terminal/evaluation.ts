import { countOf, type Dataset, type Evaluation } from "unravel-cnn";
import { percent, significant, whole } from "./numbers.js";
import type { Styles } from "./style.js";

/** The line that says how good a network is on a test set. */
export function headline({ accuracy, loss }: Evaluation, data: Dataset, styles: Styles): string {
  const count = countOf(data);
  const right = Math.round(accuracy * count);
  return `Test accuracy ${styles.bold(percent(accuracy))} on ${data.name}: ${whole(right)} of ${whole(count)} images right, loss ${significant(loss)}`;
}
