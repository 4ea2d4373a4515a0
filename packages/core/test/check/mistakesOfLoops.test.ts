import { expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { knownMistakes, type Tensor } from "../../src/index.js";
import { mapArray, SMALL, saysOf, stepOf, TWICE, without, wrongAt } from "../support/checkedSteps.js";
import { changedBack, forward, mapped, type Row, saved, type Wrong } from "../support/wrongSteps.js";

/* Mistakes in loops, with labels, biases and what is saved: each must be found under its name at the first array that is wrong. */

const OTHERS: Row[] = [
  [
    "loop-returns-early",
    "in max-pool's way back",
    changedBack(SMALL, "pool1", (g) => mapped(g, (v, k) => (k % 6 < 2 && Math.floor(k / 6) % 6 < 2 ? v : 0))),
    "grad.relu1.out",
  ],
  [
    "output-not-reset",
    "between images",
    forward(SMALL, "conv1", (y) => {
      const size = y.data.length / y.shape[0];
      return mapped(y, (_, k) => {
        let sum = 0;
        for (let i = k; i >= 0; i -= size) sum += y.data[i];
        return sum;
      });
    }),
    "conv1.out",
  ],
  ["scores-saved-after-softmax", "", saved(SMALL, (step) => ({ "fc1.out": step.probs })), "fc1.out"],
  [
    "derivative-in-place",
    "over the input of ReLU",
    saved(SMALL, (step) => ({ "conv1.out": mapArray(step["conv1.out"], (v) => (v > 0 ? 1 : 0)) })),
    "conv1.out",
  ],
  [
    "empty-slice",
    "grad.x",
    saved(SMALL, (step) => ({
      "grad.x": { ...step["grad.x"], shape: [3, 1, 0, 0], data: new Float64Array(0) },
    })),
    "grad.x",
  ],
  [
    "loss-per-image",
    "",
    saved(SMALL, (step) => {
      const classes = step.probs.shape[1];
      const losses = Array.from(
        step.y.data,
        (label, n) => -Math.log(step.probs.data[n * classes + Number(label)]),
      );
      return { loss: { shape: [3], data: Float64Array.from(losses), dtype: "float64" } };
    }),
    "loss",
  ],
  [
    "only-one-image-kept",
    "probs",
    saved(SMALL, (step) => ({ probs: { ...step.probs, shape: [4], data: step.probs.data.slice(0, 4) } })),
    "probs",
  ],
  [
    "labels-of-other-images",
    "rolled by one",
    saved(SMALL, (step) => ({
      y: { ...step.y, data: Float64Array.of(...[1, 2, 0].map((n) => Number(step.y.data[n]))) },
    })),
    "loss",
  ],
  [
    "gradient-without-probabilities",
    "-y / N",
    () => {
      const step = without(stepOf(SMALL), /^new|^grad\.(?!fc1\.out)/);
      return {
        ...step,
        "grad.fc1.out": mapArray(step["grad.fc1.out"], (g, k) => g - step.probs.data[k] / 3),
      };
    },
    "grad.fc1.out",
  ],
  [
    "image-flipped-in-gradient",
    "",
    () => {
      const step = without(stepOf(SMALL), /^new/);
      const other = stepOf(SMALL, {
        wrong: [
          "conv1",
          ({ parameterGradients }): Wrong => ({
            parameterGradients: (resolved, [x], g) =>
              parameterGradients(resolved, [mapped(x, (_, k) => x.data[k - (k % 64) + 63 - (k % 64)])], g),
          }),
        ],
      });
      return { ...step, "grad.conv1.weight": other["grad.conv1.weight"] };
    },
    "grad.conv1.weight",
  ],
  [
    "filter-index-for-channel",
    "in the kernel's gradient",
    saved(TWICE, (step) => {
      const right = step["grad.conv2.weight"];
      return {
        "grad.conv2.weight": mapArray(right, (_, k) => right.data[(Math.floor(k / 9) % 3) * 27 + (k % 27)]),
      };
    }),
    "grad.conv2.weight",
  ],
  ["bias-not-saved", "of a convolution", () => without(stepOf(SMALL), /conv1\.bias|^new/), "conv1.out"],
  [
    "other-bias-added",
    "N for b",
    () => {
      const step = without(stepOf(SMALL), /^new/);
      return { ...step, "conv1.bias": mapArray(step["conv1.bias"], (b, k) => b + 0.5 + k) };
    },
    "conv1.out",
  ],
  [
    "bias-added-to-weights",
    "",
    () => {
      const { "conv1.weight": w, "conv1.bias": b } = stepOf(SMALL);
      return stepOf(SMALL, {
        wrong: [
          "conv1",
          ({ forward: right }): Wrong => ({
            forward: (resolved, [x]) =>
              right(resolved, [x], { weight: mapped(w as Tensor, (v, k) => v + b.data[Math.floor(k / 9)]) }),
          }),
        ],
      });
    },
    "conv1.out",
  ],
  [
    "bias-gradient-of-all",
    "which comes to nearly 0",
    saved(SMALL, (step) => ({
      "grad.fc1.bias": mapArray(step["grad.fc1.bias"], () =>
        Array.from(step["grad.fc1.out"].data).reduce((sum, g) => sum + g, 0),
      ),
    })),
    "grad.fc1.bias",
  ],
  [
    "product-of-sums",
    "in a convolution",
    saved(SMALL, (step) => {
      const [x, g] = [step.x.data, step["grad.conv1.out"].data];
      return {
        "grad.conv1.weight": mapArray(step["grad.conv1.weight"], (_, k) => {
          const [o, u, v] = [Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3];
          let [pixels, gradients] = [0, 0];
          for (let n = 0; n < 3; n++) {
            for (let cell = 0; cell < 36; cell++) {
              pixels += x[n * 64 + (Math.floor(cell / 6) + u) * 8 + (cell % 6) + v];
              gradients += g[(n * 3 + o) * 36 + cell];
            }
          }
          return pixels * gradients;
        }),
      };
    }),
    "grad.conv1.weight",
  ],
];

test.each(sampleOf(OTHERS, 3))("%s: %s", (mistake, _about, arrays, first) => {
  expect(knownMistakes.map(({ name }) => name)).toContain(mistake);
  expect(saysOf(arrays())).toEqual(wrongAt(first, mistake));
});
