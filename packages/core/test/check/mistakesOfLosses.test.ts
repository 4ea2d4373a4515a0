import { expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { knownMistakes, type ModelSpec, type Tensor } from "../../src/index.js";
import {
  type Arrays,
  mapArray,
  SMALL,
  saysOf,
  stepOf,
  withArrays,
  without,
  wrongAt,
} from "../support/checkedSteps.js";
import { changedBack, mapped, NORM, type Row, saved, sigmoid, type Wrong } from "../support/wrongSteps.js";

/* Mistakes with other losses than cross-entropy, and in gradients: each must be found under its name at the first array that is wrong. */

/** A step of SMALL up to its gradient of the scores, with the mean of (p - y)^2 as its loss. */
function squaresOf(link: "softmax" | "sigmoid" | "none", slope: (p: number, y: number) => number): Arrays {
  const step = without(stepOf(SMALL), /^new|^grad\.(?!fc1\.out)/);
  const [scores, K] = [step["fc1.out"], 4];
  const links = {
    softmax: step.probs,
    sigmoid: mapArray(scores, sigmoid),
    none: scores,
  };
  const p = links[link];
  const y = Array.from(p.data, (_, k) => (Number(step.y.data[Math.floor(k / K)]) === k % K ? 1 : 0));
  const off = Array.from(p.data, (value, k) => (value - y[k]) ** 2);
  const loss = off.reduce((sum, value) => sum + value, 0) / off.length;
  const gradient = mapArray(p, (value, k) => slope(value, y[k]) / off.length);
  return {
    ...step,
    probs: p,
    loss: { shape: [], data: Float64Array.of(loss), dtype: "float64" },
    "grad.fc1.out": gradient,
  };
}

/** Pooling whose last windows hang over the edge, in a network with as many windows. */
const CEIL: ModelSpec = {
  input: [1, 9, 9],
  layers: SMALL.layers.map((layer) => (layer.type === "maxPool2d" ? { ...layer, padding: 1 } : layer)),
};

/** The place of each winner among the 7x7 numbers of its plane, of 4x4 windows from the first corner on. */
const winners = (x: Tensor): number[] =>
  Array.from({ length: (x.data.length / 49) * 16 }, (_, k) => {
    const [plane, i, j] = [Math.floor(k / 16), Math.floor(k / 4) % 4, k % 4];
    let best = plane * 49 + 14 * i + 2 * j;
    for (const [u, v] of [
      [0, 1],
      [1, 0],
      [1, 1],
    ]) {
      if (2 * i + u > 6 || 2 * j + v > 6) continue;
      const cell = plane * 49 + 7 * (2 * i + u) + 2 * j + v;
      if (x.data[cell] > x.data[best]) best = cell;
    }
    return best;
  });

/** What comes back through SMALL's pool, of weights of the four cells of each window. */
const poolBack = (weights: (window: readonly number[]) => readonly number[]) => () => {
  const step = without(stepOf(SMALL), /^new|^grad\.(conv1|x)/);
  const [x, g] = [step["relu1.out"].data, step["grad.pool1.out"].data];
  return {
    ...step,
    "grad.relu1.out": mapArray(step["grad.relu1.out"], (_, k) => {
      const [plane, i, j] = [Math.floor(k / 36), Math.floor(k / 6) % 6, k % 6];
      const corner = plane * 36 + (i - (i % 2)) * 6 + (j - (j % 2));
      const all = weights([0, 1, 6, 7].map((step) => x[corner + step]));
      return all[2 * (i % 2) + (j % 2)] * g[plane * 9 + Math.floor(i / 2) * 3 + Math.floor(j / 2)];
    }),
  };
};

const ROWS: Row[] = [
  [
    "gradient-sign",
    "y - p, and no update that would show that it adds",
    () => withArrays(without(stepOf(SMALL), /^new/), /^grad/, (g) => -g),
    "grad.fc1.out",
  ],
  ["squares-gradient-sign", "y - p", () => squaresOf("none", (p, y) => 2 * (y - p)), "grad.fc1.out"],
  [
    "softmax-slope-left-out",
    "p - y, as of cross-entropy",
    () => squaresOf("softmax", (p, y) => 2 * (p - y)),
    "grad.fc1.out",
  ],
  [
    "softmax-slope-without-others",
    "p(1 - p) alone",
    () => squaresOf("softmax", (p, y) => 2 * (p - y) * p * (1 - p)),
    "grad.fc1.out",
  ],
  [
    "output-slope-left-out",
    "of a sigmoid",
    () => squaresOf("sigmoid", (p, y) => 2 * (p - y)),
    "grad.fc1.out",
  ],
  [
    "norm-deviation-left-out",
    "backward",
    changedBack(NORM, "norm1", (g, x) => {
      const deviations = [0, 1, 2].map((c) => {
        const own = Array.from(x.data).filter((_, k) => Math.floor(k / 36) % 3 === c);
        const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
        return Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length + 1e-5);
      });
      return mapped(g, (value, k) => value * deviations[Math.floor(k / 36) % 3]);
    }),
    "grad.conv1.out",
  ],
  [
    "pool-ceil-mode",
    "a last window of one row",
    () =>
      stepOf(CEIL, {
        wrong: [
          "pool1",
          (): Wrong => ({
            forward: ({ outputShape }, [x]) => ({
              shape: [x.shape[0], ...outputShape],
              data: Float64Array.from(winners(x), (cell) => x.data[cell]),
            }),
            inputGradients: (_, [x], _p, g) => {
              const back = mapped(x, () => 0);
              for (const [k, cell] of winners(x).entries()) back.data[cell] += g.data[k];
              return [back];
            },
          }),
        ],
      }),
    "pool1.out",
  ],
  [
    "pool-stride-on-pooled-map",
    "every other window",
    changedBack(SMALL, "pool1", (g) =>
      mapped(g, (v, k) =>
        k % 6 < 2 || k % 6 > 3 ? (Math.floor(k / 6) % 6 < 2 || Math.floor(k / 6) % 6 > 3 ? v : 0) : 0,
      ),
    ),
    "grad.relu1.out",
  ],
  [
    "pool-gradient-within-tolerance",
    "of 0.1",
    poolBack((window) => window.map((value) => (Math.max(...window) - value <= 0.1 ? 1 : 0))),
    "grad.relu1.out",
  ],
  [
    "pool-gradient-scaled",
    "by the cells of the window",
    changedBack(SMALL, "pool1", (g) => mapped(g, (v) => v / 4)),
    "grad.relu1.out",
  ],
  [
    "index-used-twice",
    "dy[i, i]",
    saved(SMALL, (step) => {
      const [x, g] = [step.x.data, step["grad.conv1.out"].data];
      return {
        "grad.conv1.weight": mapArray(step["grad.conv1.weight"], (_, k) => {
          const [o, u, v] = [Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3];
          let sum = 0;
          for (let n = 0; n < 3; n++) {
            for (let i = 0; i < 6; i++) {
              for (let j = 0; j < 6; j++)
                sum += x[n * 64 + (i + u) * 8 + j + v] * g[(n * 3 + o) * 36 + 7 * i];
            }
          }
          return sum;
        }),
      };
    }),
    "grad.conv1.weight",
  ],
  [
    "other-labels",
    "than those that are saved",
    () => {
      const step = without(stepOf(SMALL), /^new|^loss|^grad\.(?!fc1\.out)/);
      const others = [2, 2, 1];
      return {
        ...step,
        "grad.fc1.out": mapArray(
          step.probs,
          (p, k) => (p - (others[Math.floor(k / 4)] === k % 4 ? 1 : 0)) / 3,
        ),
      };
    },
    "grad.fc1.out",
  ],
];

test.each(sampleOf(ROWS, 4))("%s: %s", (mistake, _about, arrays, first) => {
  expect(knownMistakes.map(({ name }) => name)).toContain(mistake);
  expect(saysOf(arrays())).toEqual(wrongAt(first, mistake));
});

test("the loss that is saved says more than a gradient that would be right for another: that of binary cross-entropy", () => {
  const step = squaresOf("sigmoid", (p, y) => 4 * (p - y)); // (p - y) / N, of 4 classes

  for (const arrays of [step, without(step, /^probs$/)])
    expect(saysOf(arrays)).toEqual(wrongAt("grad.fc1.out", "output-slope-left-out"));
});
