import { describe, expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { knownMistakes, type Tensor } from "../../src/index.js";
import { type Arrays, mapArray, SMALL, saysOf, stepOf, without, wrongAt } from "../support/checkedSteps.js";
import {
  AVERAGE,
  back,
  changedBack,
  DROPOUT,
  forward,
  LEAKY,
  mapped,
  NORM,
  type Row,
  SIGMOID,
  saved,
  sigmoid,
  TANH,
  type Wrong,
} from "../support/wrongSteps.js";

/* Mistakes in layers beside convolution and ReLU: each must be found under its name at the first array that is wrong. */

const SLOPES: Row[] = [
  ["activation-slope-left-out", "sigmoid", back(SIGMOID, "sigmoid1", (g) => g), "grad.conv1.out"],
  ["activation-slope-left-out", "tanh", back(TANH, "tanh1", (g) => g), "grad.conv1.out"],
  [
    "activation-slope-of-output",
    "sigmoid of the sigmoid",
    back(SIGMOID, "sigmoid1", (g, z) => g * sigmoid(sigmoid(z)) * (1 - sigmoid(sigmoid(z)))),
    "grad.conv1.out",
  ],
  [
    "activation-slope-of-output",
    "tanh of tanh",
    back(TANH, "tanh1", (g, z) => g * (1 - Math.tanh(Math.tanh(z)) ** 2)),
    "grad.conv1.out",
  ],
  [
    "activation-slope-of-input",
    "z(1 - z)",
    back(SIGMOID, "sigmoid1", (g, z) => g * z * (1 - z)),
    "grad.conv1.out",
  ],
  ["activation-slope-of-input", "1 - z^2", back(TANH, "tanh1", (g, z) => g * (1 - z * z)), "grad.conv1.out"],
  [
    "activation-slope-twice",
    "sigmoid",
    back(SIGMOID, "sigmoid1", (g, z) => g * (sigmoid(z) * (1 - sigmoid(z))) ** 2),
    "grad.conv1.out",
  ],
  [
    "activation-slope-incomplete",
    "1 - a of tanh",
    back(TANH, "tanh1", (g, z) => g * (1 - Math.tanh(z))),
    "grad.conv1.out",
  ],
  [
    "activation-slope-of-another",
    "tanh's for a sigmoid",
    back(SIGMOID, "sigmoid1", (g, z) => g * (1 - sigmoid(z) ** 2)),
    "grad.conv1.out",
  ],
  [
    "leaky-slope-forgotten",
    "a ReLU's mask",
    back(LEAKY, "leaky1", (g, z) => (z > 0 ? g : 0)),
    "grad.conv1.out",
  ],
  [
    "leaky-slope-misplaced",
    "on the positive side",
    back(LEAKY, "leaky1", (g, z) => (z > 0 ? 0.1 * g : g)),
    "grad.conv1.out",
  ],
];

const POOLS: Row[] = [
  [
    "average-gradient-not-divided",
    "all of it to each",
    changedBack(AVERAGE, "avgpool1", (g) => mapped(g, (v) => 4 * v)),
    "grad.relu1.out",
  ],
  [
    "average-gradient-divided-twice",
    "by 16",
    changedBack(AVERAGE, "avgpool1", (g) => mapped(g, (v) => v / 4)),
    "grad.relu1.out",
  ],
  [
    "average-gradient-to-one-cell",
    "the first",
    changedBack(AVERAGE, "avgpool1", (g) =>
      mapped(g, (v, k) => ((k % 6) % 2 === 0 && Math.floor(k / 6) % 2 === 0 ? 4 * v : 0)),
    ),
    "grad.relu1.out",
  ],
  [
    "pool-gradient-shared-by-ties",
    "behind ReLU",
    () => {
      const step = without(stepOf(SMALL), /^grad\.(conv1|x)|^new/);
      const [x, g] = [step["relu1.out"].data, step["grad.pool1.out"].data];
      return {
        ...step,
        "grad.relu1.out": mapArray(step["grad.relu1.out"], (_, k) => {
          const [plane, i, j] = [Math.floor(k / 36), Math.floor(k / 6) % 6, k % 6];
          const corner = plane * 36 + (i - (i % 2)) * 6 + (j - (j % 2));
          const window = [0, 1, 6, 7].map((step) => x[corner + step]);
          const ties = window.filter((value) => value === Math.max(...window)).length;
          return x[k] === Math.max(...window)
            ? g[plane * 9 + Math.floor(i / 2) * 3 + Math.floor(j / 2)] / ties
            : 0;
        }),
      };
    },
    "grad.relu1.out",
  ],
  [
    "pool-reshape-axes",
    "four neighbours in memory",
    forward(SMALL, "pool1", (y, x) =>
      mapped(y, (_, k) =>
        Math.max(...[0, 1, 2, 3].map((u) => x.data[Math.floor(k / 9) * 36 + 4 * (k % 9) + u])),
      ),
    ),
    "pool1.out",
  ],
];

/** Mean and variance of each channel of [N, 3, 6, 6]. */
function statistics({ shape, data }: Tensor): { mean: number[]; variance: number[]; m: number } {
  const channelOf = (k: number) => Math.floor(k / 36) % 3;
  const m = shape[0] * 36;
  const mean = [0, 0, 0];
  data.forEach((value, k) => {
    mean[channelOf(k)] += value / m;
  });
  const variance = [0, 0, 0];
  data.forEach((value, k) => {
    variance[channelOf(k)] += (value - mean[channelOf(k)]) ** 2 / m;
  });
  return { mean, variance, m };
}

const channel = (k: number) => Math.floor(k / 36) % 3;

const normalised = (deviation: (variance: number, m: number) => number) => (): Arrays =>
  stepOf(NORM, {
    wrong: [
      "norm1",
      (): Wrong => ({
        forward: (_, [x], { weight, bias }) => {
          const { mean, variance, m } = statistics(x);
          return mapped(x, (value, k) => {
            const c = channel(k);
            return (weight.data[c] * (value - mean[c])) / deviation(variance[c], m) + bias.data[c];
          });
        },
      }),
    ],
  });

const normBack = (f: (g: number, ofMean: number, ofVariance: number) => number) => (): Arrays =>
  stepOf(NORM, {
    wrong: [
      "norm1",
      (): Wrong => ({
        inputGradients: (_, [x], { weight }, g) => {
          const { mean, variance, m } = statistics(x);
          const inverse = variance.map((value) => 1 / Math.sqrt(value + 1e-5));
          const xhat = mapped(x, (value, k) => (value - mean[channel(k)]) * inverse[channel(k)]);
          const [plain, weighted] = [
            [0, 0, 0],
            [0, 0, 0],
          ];
          g.data.forEach((value, k) => {
            plain[channel(k)] += value / m;
            weighted[channel(k)] += (value * xhat.data[k]) / m;
          });
          return [
            mapped(g, (value, k) => {
              const c = channel(k);
              return weight.data[c] * inverse[c] * f(value, plain[c], xhat.data[k] * weighted[c]);
            }),
          ];
        },
      }),
    ],
  });

const NORMS: Row[] = [
  [
    "norm-sample-variance",
    "ddof=1",
    normalised((variance, m) => Math.sqrt((variance * m) / (m - 1) + 1e-5)),
    "norm1.out",
  ],
  [
    "norm-epsilon-outside-root",
    "std + eps",
    normalised((variance) => Math.sqrt(variance) + 1e-3),
    "norm1.out",
  ],
  ["norm-divided-by-variance", "no root", normalised((variance) => variance + 1e-5), "norm1.out"],
  [
    "norm-wrong-axes",
    "one mean for all channels",
    forward(NORM, "norm1", (y, x) => {
      const mean = Array.from(x.data).reduce((sum, v) => sum + v, 0) / x.data.length;
      const variance = Array.from(x.data).reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.data.length;
      const own = statistics(x);
      // weight * xhat + bias, of which the right one is known
      return mapped(y, (value, k) => {
        const c = channel(k);
        const xhat = (x.data[k] - own.mean[c]) / Math.sqrt(own.variance[c] + 1e-5);
        const { weight, bias } = NORM_PARAMETERS;
        return Math.abs(weight[c] * xhat + bias[c] - value) < 1e-6
          ? (weight[c] * (x.data[k] - mean)) / Math.sqrt(variance + 1e-5) + bias[c]
          : Number.NaN;
      });
    }),
    "norm1.out",
  ],
  ["norm-mean-held-constant", "backward", normBack((g, _, ofVariance) => g - ofVariance), "grad.conv1.out"],
  ["norm-variance-held-constant", "backward", normBack((g, ofMean) => g - ofMean), "grad.conv1.out"],
  ["norm-statistics-held-constant", "backward", normBack((g) => g), "grad.conv1.out"],
  [
    "norm-weight-left-out",
    "backward",
    changedBack(NORM, "norm1", (g) => mapped(g, (v, k) => v / NORM_PARAMETERS.weight[channel(k)])),
    "grad.conv1.out",
  ],
  [
    "norm-weight-gradient",
    "the mean",
    saved(NORM, (step) => ({ "grad.norm1.weight": mapArray(step["grad.norm1.weight"], (v) => v / 108) })),
    "grad.norm1.weight",
  ],
  [
    "norm-running-statistics-in-training",
    "at their beginning, 0 and 1",
    forward(NORM, "norm1", (y, x) =>
      mapped(
        y,
        (_, k) =>
          (NORM_PARAMETERS.weight[channel(k)] * x.data[k]) / Math.sqrt(1 + 1e-5) +
          NORM_PARAMETERS.bias[channel(k)],
      ),
    ),
    "norm1.out",
  ],
];

const NORM_PARAMETERS = (() => {
  const step = stepOf(NORM);
  return { weight: step["norm1.weight"].data, bias: step["norm1.bias"].data };
})();

const dropped = (forwardFactor: number, f: (g: number, kept: boolean) => number) => (): Arrays => {
  const isKept = (k: number) => (k * 7919) % 13 < 7;
  return stepOf(DROPOUT, {
    wrong: [
      "dropout1",
      (): Wrong => ({
        forward: (_, [x]) => mapped(x, (value, k) => (isKept(k) ? forwardFactor * value : 0)),
        inputGradients: (_, _x, _p, g) => [mapped(g, (value, k) => f(value, isKept(k)))],
      }),
    ],
  });
};

const DROPOUTS: Row[] = [
  ["dropout-not-scaled", "forward and back", dropped(1, (g, kept) => (kept ? g : 0)), "dropout1.out"],
  ["dropout-mask-left-out-backward", "", dropped(2, (g) => g), "grad.flatten1.out"],
  ["dropout-scale-left-out-backward", "", dropped(2, (g, kept) => (kept ? g : 0)), "grad.flatten1.out"],
  ["dropout-mask-inverted-backward", "", dropped(2, (g, kept) => (kept ? 0 : 2 * g)), "grad.flatten1.out"],
];

describe.each([
  ["slopes", SLOPES],
  ["pools", POOLS],
  ["batch normalisation", NORMS],
  ["dropout", DROPOUTS],
] as const)("%s", (_, rows) => {
  test.each(sampleOf(rows, 2))("%s: %s", (mistake, _about, arrays, first) => {
    expect(knownMistakes.map(({ name }) => name)).toContain(mistake);
    expect(saysOf(arrays())).toEqual(wrongAt(first, mistake));
  });
});
