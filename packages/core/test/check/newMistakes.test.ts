import { describe, expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { knownMistakes, type ModelSpec, type Tensor } from "../../src/index.js";
import type { AnyLayer } from "../../src/layers/index.js";
import {
  type Arrays,
  mapArray,
  SMALL,
  saysOf,
  stepOf,
  TWICE,
  without,
  wrongAt,
} from "../support/checkedSteps.js";

/*
 * Mistakes in layers beside convolution, ReLU and max-pool, and in loops, labels and biases: each is made in a step, as somebody
 * would make it, and must be found under its name at the first array that is wrong.
 */

type Wrong = Partial<AnyLayer>;
type Row = readonly [mistake: string, about: string, arrays: () => Arrays, first: string];

const mapped = (t: Tensor, f: (value: number, k: number) => number): Tensor => ({
  shape: t.shape,
  data: Float64Array.from(t.data, f),
});
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** SMALL with another layer at a place. */
const at = (place: number, layer: object, removed = 0): ModelSpec => ({
  ...SMALL,
  layers: [
    ...SMALL.layers.slice(0, place),
    layer,
    ...SMALL.layers.slice(place + removed),
  ] as ModelSpec["layers"],
});
const SIGMOID = at(1, { type: "sigmoid" }, 1);
const TANH = at(1, { type: "tanh" }, 1);
const LEAKY = at(1, { type: "leakyRelu", slope: 0.1 }, 1);
const AVERAGE = at(2, { type: "averagePool2d", size: 2 }, 1);
const NORM = at(1, { type: "batchNorm2d" });
const DROPOUT = at(4, { type: "dropout", rate: 0.5 });

/** A step whose layer's gradient with respect to its input is another one. */
const back = (spec: ModelSpec, layer: string, f: (g: number, z: number, k: number) => number) => (): Arrays =>
  stepOf(spec, {
    wrong: [
      layer,
      (): Wrong => ({ inputGradients: (_, [x], _p, g) => [mapped(g, (v, k) => f(v, x.data[k], k))] }),
    ],
  });

/** One whose gradient is the right one, changed. */
const changedBack = (spec: ModelSpec, layer: string, f: (g: Tensor, x: Tensor) => Tensor) => (): Arrays =>
  stepOf(spec, {
    wrong: [
      layer,
      ({ inputGradients }): Wrong => ({
        inputGradients: (resolved, [x], parameters, g, context) =>
          inputGradients(resolved, [x], parameters, g, context).map((right) => f(right, x)),
      }),
    ],
  });

const forward = (spec: ModelSpec, layer: string, f: (y: Tensor, x: Tensor) => Tensor) => (): Arrays =>
  stepOf(spec, {
    wrong: [
      layer,
      (right): Wrong => ({
        forward: (resolved, [x], parameters, context) =>
          f(right.forward(resolved, [x], parameters, context), x),
      }),
    ],
  });

/** Arrays of a right step, some of them changed; the updates that would have followed are left out. */
const saved = (spec: ModelSpec, change: (step: Arrays) => Arrays) => (): Arrays => {
  const step = without(stepOf(spec), /^new\./);
  return { ...step, ...change(step) };
};

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
      const mean = x.data.reduce((sum: number, v: number) => sum + v, 0) / x.data.length;
      const variance = x.data.reduce((sum: number, v: number) => sum + (v - mean) ** 2, 0) / x.data.length;
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
        step["grad.fc1.out"].data.reduce((sum: number, g: number) => sum + g, 0),
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

describe.each([
  ["slopes", SLOPES],
  ["pools", POOLS],
  ["batch normalisation", NORMS],
  ["dropout", DROPOUTS],
  ["loops, labels and biases", OTHERS],
] as const)("%s", (_, rows) => {
  test.each(sampleOf(rows, 6))("%s: %s", (mistake, _about, arrays, first) => {
    expect(saysOf(arrays())).toEqual(wrongAt(first, mistake));
  });
});

test("every new mistake is among the known ones", () => {
  const known = knownMistakes.map(({ name }) => name);

  for (const [mistake] of [...SLOPES, ...POOLS, ...NORMS, ...DROPOUTS, ...OTHERS])
    expect(known).toContain(mistake);
});
