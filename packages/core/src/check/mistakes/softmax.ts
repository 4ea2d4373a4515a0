import type { Tensor } from "../../tensor.js";
import { labelsOf } from "../lossSteps.js";
import type { CheckedNetwork } from "../network.js";
import type { Variation } from "../run.js";
import { mapped, total } from "../value.js";
import { at, type Mistake } from "./mistake.js";
import { scaled, transposed } from "./tools.js";

/** `probs` computed in another way from the scores, where they come from softmax. */
function fromScores(f: (z: Tensor) => Tensor): (network: CheckedNetwork) => Variation[] {
  return ({ scores, loss }) => {
    const isSoftmax = loss.kind === "crossEntropy" || loss.link === "softmax";
    return isSoftmax ? [at("probs", (run) => f(run.tensor(scores)))] : [];
  };
}

/** e^z, each row divided by what `divisor` says. */
function exponentials(z: Tensor, divisor: (e: Tensor, row: number) => number, e = Math.exp): Tensor {
  const K = z.shape[1];
  const largest = Array.from({ length: z.shape[0] }, (_, n) =>
    Math.max(...z.data.subarray(n * K, (n + 1) * K)),
  );
  const powers = mapped(z, (value, k) => e(value - largest[Math.floor(k / K)]));
  return mapped(powers, (value, k) => value / divisor(powers, Math.floor(k / K)));
}

const rowSum = (e: Tensor, n: number) => {
  const K = e.shape[1];
  return total({ shape: [K], data: e.data.subarray(n * K, (n + 1) * K) });
};

const plainSoftmax = (z: Tensor) => exponentials(z, rowSum);

export const softmaxWrongAxis: Mistake = {
  name: "softmax-wrong-axis",
  why: "The exponentials are divided by their sum over the batch (or over everything), but each image's probabilities must add up to 1.",
  fix: "e = np.exp(z - z.max(axis=1, keepdims=True)); p = e / e.sum(axis=1, keepdims=True)",
  variations: (network) =>
    [
      (z: Tensor) => transposed(plainSoftmax(transposed(z))),
      (z: Tensor) => {
        const largest = Math.max(...z.data);
        const e = mapped(z, (value) => Math.exp(value - largest));
        return scaled(e, 1 / total(e));
      },
    ].flatMap((f) => fromScores(f)(network)),
};

export const softmaxOverflow: Mistake = {
  name: "softmax-overflow",
  why: "The exponential of a large score is infinite, and infinity divided by infinity is not a number; without the shift only small scores work.",
  fix: "e = np.exp(z - z.max(axis=1, keepdims=True)); p = e / e.sum(axis=1, keepdims=True)",
  variations: (network) => {
    const limits = [88.72, 709.78, 11.089];
    return limits.flatMap((limit) =>
      fromScores((z) => {
        const K = z.shape[1];
        const e = mapped(z, (value) => (value > limit ? Infinity : Math.exp(value)));
        return mapped(e, (value, k) => value / rowSum(e, Math.floor(k / K)));
      })(network),
    );
  },
};

export const softmaxNotNormalised: Mistake = {
  name: "softmax-not-normalised",
  why: "The exponentials are not divided by their sum, so that they don't add up to 1.",
  fix: "p = e / e.sum(axis=1, keepdims=True)",
  variations: (network) =>
    [(z: Tensor) => mapped(z, Math.exp), (z: Tensor) => exponentials(z, () => 1)].flatMap((f) =>
      fromScores(f)(network),
    ),
};

export const softmaxTwice: Mistake = {
  name: "softmax-twice",
  why: "Softmax is applied to probabilities: its own, or the loss applies it once more.",
  fix: "p = softmax(z)  # once, of the scores",
  variations: fromScores((z) => plainSoftmax(plainSoftmax(z))),
};

export const otherSoftmax: Mistake = {
  name: "other-function-for-softmax",
  why: "The probabilities come from another function than softmax: a sigmoid, powers of another base, exponentials of -z, or the scores themselves.",
  fix: "e = np.exp(z - z.max(axis=1, keepdims=True)); p = e / e.sum(axis=1, keepdims=True)",
  variations: (network) =>
    [
      (z: Tensor) => mapped(z, (v) => 1 / (1 + Math.exp(-v))),
      (z: Tensor) => exponentials(z, rowSum, (v) => 2 ** v),
      (z: Tensor) => exponentials(z, rowSum, (v) => 10 ** v),
      (z: Tensor) => plainSoftmax(scaled(z, -1)),
      (z: Tensor) => mapped(z, (v, k) => v / rowSum(z, Math.floor(k / z.shape[1]))),
      (z: Tensor) => mapped(plainSoftmax(z), Math.log),
      (z: Tensor) => plainSoftmax(mapped(z, (v) => Math.max(0, v))),
      (z: Tensor) => mapped(z, (v) => v),
    ].flatMap((f) => fromScores(f)(network)),
};

export const probabilitiesInPlace: Mistake = {
  name: "probabilities-in-place",
  why: "The gradient was computed in the array of the probabilities itself, so that it doesn't hold what was saved under its name.",
  fix: "dz = p.copy(); dz[np.arange(N), y] -= 1; dz /= N",
  variations: ({ images }) =>
    [1 / images, 1].map(
      (factor): Variation => ({
        changes: {},
        shown: {
          probs: (run, right) => {
            const labels = labelsOf(run);
            return mapped(right(), (p, k) => (p - labels.data[k]) * factor);
          },
        },
      }),
    ),
};
