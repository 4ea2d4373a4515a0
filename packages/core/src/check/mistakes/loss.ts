import { softmaxInputGradient } from "../../losses/softmax.js";
import type { Tensor } from "../../tensor.js";
import { labelsOf } from "../lossSteps.js";
import type { CheckedNetwork } from "../network.js";
import type { Run, Variation } from "../run.js";
import { mapped, total } from "../value.js";
import { at, type Mistake, together } from "./mistake.js";
import { only, scaled } from "./tools.js";

const scalar = (value: number): Tensor => ({ shape: [], data: Float64Array.of(value) });

/** What the loss and the gradients are divided by, as the person does. */
function divisors({ network: { scale, images } }: Run): { loss: number; gradient: number } {
  return { loss: scale === "sum" ? 1 : images, gradient: scale === "mean" ? images : 1 };
}

/** Summed over the batch. */
function crossEntropy(run: Run, labels: Tensor): number {
  const p = run.tensor("probs");
  return total(mapped(labels, (y, k) => (y === 0 ? 0 : -y * Math.log(p.data[k]))));
}

/** A loss that sums `f` of each image's probabilities and labels. */
function lossBy(f: (p: number, y: number, run: Run) => number): Variation {
  return at("loss", (run) => {
    const p = run.tensor("probs");
    const labels = labelsOf(run);
    let sum = 0;
    for (let k = 0; k < p.data.length; k++) sum += f(p.data[k], labels.data[k], run);
    return scalar(sum / divisors(run).loss);
  });
}

const lossTimes = (factor: (network: CheckedNetwork) => number) => (network: CheckedNetwork) => {
  const value = factor(network);
  return value === 1 ? [] : [at("loss", (_, right) => scaled(right(), value))];
};

/** The gradient of the scores by a formula of each p and y. */
function gradientBy(network: CheckedNetwork, f: (p: number, y: number, z: number) => number): Variation {
  return at(`grad.${network.scores}`, (run) => {
    const p = run.tensor("probs");
    const z = run.tensor(network.scores);
    const labels = labelsOf(run);
    return mapped(p, (value, k) => f(value, labels.data[k], z.data[k]) / divisors(run).gradient);
  });
}

/** What people add to what they take the logarithm of, or bound it by. */
export const SMALL_NUMBERS = [
  1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-20, 1e-16, 1e-14, 1e-13, 1e-11, 1e-30,
];

export const lossEpsilon: Mistake = {
  name: "loss-epsilon",
  harmless: true,
  why: "A tiny number keeps the logarithm from 0, which changes the loss by nearly nothing.",
  fix: "loss = -np.log(p[np.arange(N), y] + 1e-12).mean()",
  variations: () =>
    SMALL_NUMBERS.flatMap((small) => [
      lossBy((p, y) => (y === 0 ? 0 : -y * Math.log(p + small))),
      lossBy((p, y) => (y === 0 ? 0 : -y * Math.log(Math.min(1 - small, Math.max(small, p))))),
      lossBy((p, y) => (y === 0 ? 0 : -y * Math.log(Math.max(small, p)))),
    ]),
};

const otherBase = (name: string, word: string, base: number): Mistake => ({
  name,
  why: `The logarithm is to base ${base}, but softmax and cross-entropy need the natural one: only then is the gradient p - y.`,
  fix: `loss = -np.log(p[np.arange(N), y]).mean()  # np.log, not ${word}`,
  variations: (network) => {
    const factor = 1 / Math.log(base);
    const loss = at("loss", (_, right) => scaled(right(), factor));
    const gradient = at(`grad.${network.scores}`, (_, right) => scaled(right(), factor));
    return [loss, together(loss, gradient), gradient];
  },
});

export const lossLog2 = otherBase("loss-log2", "np.log2", 2);
export const lossLog10 = otherBase("loss-log10", "np.log10", 10);

export const lossSummed: Mistake = {
  name: "loss-summed",
  why: "The loss is summed over the batch while its gradients are averaged, so that they don't belong together.",
  fix: "loss = -np.log(p[np.arange(N), y]).mean()  # mean, as in the gradients",
  variations: ({ images, scale }) =>
    scale === "sum" ? [] : lossTimes(() => images)({ images } as CheckedNetwork),
};

export const lossAveraged: Mistake = {
  name: "loss-averaged-twice",
  why: "The loss is divided once more than its gradients: by the batch, or by the number of classes.",
  fix: "loss = -np.log(p[np.arange(N), y]).mean()",
  variations: (network) =>
    [network.images, network.classes, network.images * network.classes].flatMap((count) =>
      lossTimes(() => 1 / count)(network),
    ),
};

export const lossSign: Mistake = {
  name: "loss-sign",
  why: "The minus is missing: logarithms of probabilities are negative, the loss is positive.",
  fix: "loss = -np.log(p[np.arange(N), y]).mean()",
  variations: lossTimes(() => -1),
};

export const lossOverwritten: Mistake = {
  name: "loss-of-one-image",
  why: "Only one image's loss counts, because = replaces where += would add.",
  fix: "loss += -np.log(p[n, y[n]]) / N  # += over n, not =",
  variations: ({ images }) =>
    images === 1
      ? []
      : [0, images - 1].flatMap((kept) =>
          [1, images].map((factor) =>
            at("loss", (run) => {
              const labels = only(labelsOf(run), ([n]) => n === kept);
              return scalar((crossEntropy(run, labels) * factor) / images);
            }),
          ),
        ),
};

export const otherLoss: Mistake = {
  name: "other-loss",
  why: "This is another loss than cross-entropy: squared errors, binary cross-entropy over all classes, or the probability without its logarithm.",
  fix: "loss = -np.log(p[np.arange(N), y]).mean()",
  variations: (network) => {
    const { classes } = network;
    const formulas: ((p: number, y: number) => number)[] = [
      (p, y) => (p - y) ** 2,
      (p, y) => (p - y) ** 2 / 2,
      (p, y) => (p - y) ** 2 / classes,
      (p, y) => -(y * Math.log(p) + (1 - y) * Math.log(1 - p)),
      (p, y) => -(y * Math.log(p) + (1 - y) * Math.log(1 - p)) / classes,
      (p, y) => y * (1 - p),
      (p, y) => -y * p,
      (p, y) => Math.abs(p - y),
      (p) => -p * Math.log(p),
      (p) => -Math.log(p),
    ];
    return [
      ...formulas.map((f) => lossBy(f)),
      at("loss", (run) => {
        const p = run.tensor("probs");
        const labels = labelsOf(run);
        let sum = 0;
        for (let k = 0; k < p.data.length; k++) sum += labels.data[k] * p.data[k];
        return scalar(-Math.log(sum / network.images));
      }),
      at("loss", (run) => {
        const p = run.tensor("probs");
        let sum = 0;
        for (let n = 0; n < network.images; n++)
          sum -= Math.log(Math.max(...p.data.subarray(n * classes, (n + 1) * classes)));
        return scalar(sum / network.images);
      }),
    ];
  },
};

/** Labels moved by one class: around the end, or over it. */
function movedLabels(labels: Tensor, by: number, around: boolean): Tensor {
  const K = labels.shape[1];
  return mapped(labels, (_, i) => {
    const k = (i % K) - by;
    if (!around && (k < 0 || k >= K)) return 0;
    return labels.data[i - (i % K) + ((k + K) % K)];
  });
}

export const labelsOffByOne: Mistake = {
  name: "labels-off-by-one",
  why: "The label is taken for its neighbour: classes are counted from 0, not from 1.",
  fix: "onehot = np.eye(10)[y]  # y from 0 to 9",
  variations: (network) =>
    [1, -1].flatMap((by) =>
      [true, false].flatMap((around) => {
        const loss = at("loss", (run) => {
          const labels = movedLabels(labelsOf(run), by, around);
          return scalar(crossEntropy(run, labels) / divisors(run).loss);
        });
        const back = at(`grad.${network.scores}`, (run) => {
          const labels = movedLabels(labelsOf(run), by, around);
          return mapped(run.tensor("probs"), (p, k) => (p - labels.data[k]) / divisors(run).gradient);
        });
        return [together(loss, back), back, loss];
      }),
    ),
};

export const gradientWithoutLabels: Mistake = {
  name: "gradient-without-labels",
  why: "The labels are not subtracted, but the gradient of softmax with cross-entropy is p - y.",
  fix: "dz = (p - onehot) / N",
  variations: (network) => [gradientBy(network, (p) => p)],
};

export const gradientWithoutProbabilities: Mistake = {
  name: "gradient-without-probabilities",
  why: "Only -y is there, as if the probabilities did not belong to it: where softmax's slope is left out or cut short, p is missing, and the gradient is p - y.",
  fix: "dz = (p - onehot) / N",
  variations: (network) => [gradientBy(network, (_, y) => -y)],
};

export const gradientRightClassOnly: Mistake = {
  name: "gradient-for-right-class-only",
  why: "Only the right class gets a gradient, but raising any other score lowers its probability, too.",
  fix: "dz = p.copy(); dz[np.arange(N), y] -= 1; dz /= N",
  variations: (network) => [
    gradientBy(network, (p, y) => (p - y) * y),
    gradientBy(network, (p, y) => (p - y) * (1 - y)),
    gradientBy(network, (p, y) => -y / p),
  ],
};

/** `factor` times p - y, taken for a gradient of the probabilities and led back through softmax. */
function throughSoftmax({ scores }: CheckedNetwork, factor: number): Variation {
  return at(`grad.${scores}`, (run, right) =>
    softmaxInputGradient(run.tensor(scores), scaled(right(), factor)),
  );
}

export const softmaxGradientTwice: Mistake = {
  name: "softmax-gradient-twice",
  why: "p - y is the gradient through softmax already; the slope p(1 - p) does not belong to it.",
  fix: "dz = (p - onehot) / N",
  variations: (network) => {
    return [gradientBy(network, (p, y) => (p - y) * p * (1 - p)), throughSoftmax(network, 1)];
  },
};

export const wrongProbabilities: Mistake = {
  name: "scores-for-probabilities",
  why: "The labels are subtracted from something else than the probabilities: the scores, or the class that was guessed.",
  fix: "dz = (p - onehot) / N",
  variations: (network) => {
    const guess = at(`grad.${network.scores}`, (run) => {
      const p = run.tensor("probs");
      const labels = labelsOf(run);
      const K = p.shape[1];
      return mapped(p, (value, i) => {
        const row = p.data.subarray(i - (i % K), i - (i % K) + K);
        return ((value === Math.max(...row) ? 1 : 0) - labels.data[i]) / divisors(run).gradient;
      });
    });
    return [gradientBy(network, (_, y, z) => z - y), guess, gradientBy(network, (p, y) => Math.log(p) - y)];
  },
};

export const otherGradient: Mistake = {
  name: "gradient-of-other-loss",
  why: "This is the gradient of another loss, such as squared errors.",
  fix: "dz = (p - onehot) / N",
  variations: (network) => {
    return [
      throughSoftmax(network, 2),
      throughSoftmax(network, 2 / network.classes),
      gradientBy(network, (p, y) => Math.sign(p - y)),
    ];
  },
};
