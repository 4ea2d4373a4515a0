import { labelsOf } from "../lossSteps.js";
import type { SeparateLoss } from "../network.js";
import type { Run, Variation } from "../run.js";
import { mapped } from "../value.js";
import { SMALL_NUMBERS } from "./loss.js";
import { at, type Mistake } from "./mistake.js";

/* What people do about binary cross-entropy where a probability is 0 or 1, or so near that float32 can't tell. */

/** As the person's numbers are rounded. */
const roundedIn = (run: Run): ((value: number) => number) =>
  run.working.unit >= 2 ** -24 ? Math.fround : (value) => value;

/** A loss that takes `log` of the probability of the right answer, which is p or 1 - p. */
const lossOf = (
  { factor }: SeparateLoss,
  log: (p: number, isOne: boolean, rounded: (value: number) => number) => number,
): Variation =>
  at("loss", (run) => {
    const labels = labelsOf(run);
    const rounded = roundedIn(run);
    const { data } = run.tensor("probs");
    let sum = 0;
    for (let k = 0; k < data.length; k++) {
      const [p, y] = [rounded(data[k]), labels.data[k]];
      if (y !== 0) sum -= y * log(p, true, rounded);
      if (y !== 1) sum -= (1 - y) * log(p, false, rounded);
    }
    return { shape: [], data: Float64Array.of(factor * sum) };
  });

export const binaryEpsilon: Mistake = {
  name: "binary-epsilon",
  harmless: true,
  why: "Something keeps the logarithms of p and 1 - p from 0, such as a tiny number or a bound of -100, which changes the loss only where p is very near 0 or 1.",
  fix: "loss = (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).mean()",
  variations: ({ loss }) => {
    if (loss.kind !== "binary") return [];
    const answer = (p: number, isOne: boolean, rounded: (value: number) => number) =>
      isOne ? p : rounded(1 - p);
    return [
      lossOf(loss, (p, isOne, rounded) => Math.max(-100, Math.log(answer(p, isOne, rounded)))),
      ...SMALL_NUMBERS.flatMap((small) => [
        lossOf(loss, (p, isOne, rounded) => {
          const clipped = Math.min(rounded(1 - small), Math.max(rounded(small), p));
          return Math.log(answer(clipped, isOne, rounded));
        }),
        lossOf(loss, (p, isOne, rounded) => Math.log(rounded(answer(p, isOne, rounded) + rounded(small)))),
        lossOf(loss, (p, isOne, rounded) => Math.log(Math.max(rounded(small), answer(p, isOne, rounded)))),
      ]),
    ];
  },
};

export const saturatedSigmoid: Mistake = {
  name: "saturated-sigmoid",
  harmless: true,
  why: "Where a probability is 0 or 1 to the last digit, nothing comes back through the sigmoid, even if it is wrong: p(1 - p) is 0 there. From the scores, as p - y, it would.",
  fix: "dz = (p - y) / N  # sigmoid and loss together",
  variations: ({ loss, scores }) =>
    loss.kind === "binary" && loss.link === "sigmoid"
      ? [
          at(`grad.${scores}`, (run, right) => {
            const p = run.tensor("probs").data;
            const rounded = roundedIn(run);
            return mapped(right(), (value, k) => ([0, 1].includes(rounded(p[k])) ? 0 : value));
          }),
        ]
      : [],
};
